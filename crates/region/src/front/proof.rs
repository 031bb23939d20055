//! The proof that it is the region of a data directory that answers on its port.
//!
//! A client that is to send a secret asks for it first: while a region is down, any user of the
//! machine can listen on its port.

use http::{Method, StatusCode, request::Parts};
use ring::{hmac, rand};
use serde_json::json;

use super::wire::Answer;
use crate::{data_dir::Credentials, error::AwsError};

/// Where a region proves itself, to anyone: `GET {PROOF_PATH}?{nonce}` is answered with
/// `{"proof": …}`.
pub const PROOF_PATH: &str = "/.well-known/matinee-region";
/// A nonce is 32 random bytes in hexadecimal.
const NONCE_DIGITS: usize = 64;

/// A question that only the region of a data directory answers right.
#[derive(Clone, Debug)]
pub struct Challenge {
    nonce: String,
}

impl Challenge {
    /// A new one. `None` when the system's random number generator failed.
    #[must_use]
    pub fn new() -> Option<Self> {
        let nonce: [u8; NONCE_DIGITS / 2] =
            rand::generate(&rand::SystemRandom::new()).ok()?.expose();
        Some(Self {
            nonce: hex::encode(nonce),
        })
    }

    /// The path and query to get.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{PROOF_PATH}?{}", self.nonce)
    }

    /// Whether an answer proves that it comes from the region that listens on `port` and has the
    /// secret access key `secret`.
    #[must_use]
    pub fn is_met_by(&self, answer: &[u8], port: u16, secret: &str) -> bool {
        let answer: Option<serde_json::Value> = serde_json::from_slice(answer).ok();
        answer
            .as_ref()
            .and_then(|answer| hex::decode(answer.get("proof")?.as_str()?).ok())
            .is_some_and(|proof| {
                hmac::verify(&key(secret), &message(port, &self.nonce), &proof).is_ok()
            })
    }
}

/// The answer to a challenge, if the request is one.
pub(super) fn answer(
    parts: &Parts,
    port: u16,
    credentials: &Credentials,
) -> Option<Result<Answer, AwsError>> {
    if parts.method != Method::GET || parts.uri.path() != PROOF_PATH {
        return None;
    }
    let nonce = parts.uri.query().unwrap_or_default();
    if nonce.len() != NONCE_DIGITS || !nonce.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(Err(AwsError::new(
            "ValidationException",
            format!("the nonce has {NONCE_DIGITS} hexadecimal digits"),
        )
        .status(StatusCode::BAD_REQUEST)));
    }
    let key = key(credentials.secret_access_key());
    let proof = hmac::sign(&key, &message(port, nonce));
    Some(Ok(Answer::json(&json!({ "proof": hex::encode(proof) }))))
}

/// Signatures of requests are made with a key that is derived in another way.
fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// The port is in it, so that nobody passes the question on to a region that listens elsewhere.
fn message(port: u16, nonce: &str) -> Vec<u8> {
    format!("matinee region proof\n{port}\n{nonce}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_port_and_nonce_prove_it() {
        let challenge = Challenge::new().unwrap();
        let proof = hmac::sign(&key("secret"), &message(4580, &challenge.nonce));
        let answer = json!({ "proof": hex::encode(proof) }).to_string();
        let answer = answer.as_bytes();
        assert!(challenge.is_met_by(answer, 4580, "secret"));
        assert!(!challenge.is_met_by(answer, 4581, "secret"));
        assert!(!challenge.is_met_by(answer, 4580, "another"));
        assert!(!challenge.is_met_by(b"{}", 4580, "secret"));
        let another = Challenge::new().unwrap();
        assert!(!another.is_met_by(answer, 4580, "secret"));
    }
}
