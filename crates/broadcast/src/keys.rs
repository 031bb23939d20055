//! The key store: stream keys as SecureString parameters of SSM Parameter Store.

use aws_config::SdkConfig;
use aws_sdk_ssm::{Client, error::SdkError, types::ParameterType};

use crate::{BroadcastId, Failure, FailureKind, StreamKey, aws};

/// The key store.
#[derive(Clone, Debug)]
pub struct Keys {
    client: Client,
}

/// Why a key could not be read or stored. No variant holds a key, nor an answer of the key store.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such key.
    #[error("there is no stream key {0}; set it and try again")]
    Missing(String),
    /// What was given is no key.
    #[error("the stream key is {0}")]
    Unusable(&'static str),
    /// The key store does not do what it is asked.
    #[error("the key store failed at {parameter}: {cause}")]
    Unavailable {
        /// The parameter that was asked for.
        parameter: String,
        /// What the key store said.
        cause: String,
    },
}

/// The name of the parameter that holds the key of a destination.
pub fn parameter_name(broadcast: &BroadcastId, destination: &str) -> String {
    format!("/matinee/{broadcast}/{destination}")
}

impl Keys {
    /// The key store of an account and region.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }

    /// Stores a key under a parameter name, in place of one that may be there.
    pub async fn put(&self, parameter: &str, key: &StreamKey) -> Result<(), KeyError> {
        check(key)?;
        self.client
            .put_parameter()
            .name(parameter)
            .r#type(ParameterType::SecureString)
            .overwrite(true)
            .value(key.expose())
            .send()
            .await
            .map_err(|error| unavailable(parameter, &error))?;
        Ok(())
    }

    /// Reads a key.
    pub async fn get(&self, parameter: &str) -> Result<StreamKey, KeyError> {
        let answer = self
            .client
            .get_parameter()
            .name(parameter)
            .with_decryption(true)
            .send()
            .await
            .map_err(|error| match error.as_service_error() {
                Some(service)
                    if service.is_parameter_not_found()
                        || service.is_parameter_version_not_found() =>
                {
                    KeyError::Missing(parameter.to_owned())
                }
                _ => unavailable(parameter, &error),
            })?;
        answer
            .parameter
            .and_then(|parameter| parameter.value)
            .map(StreamKey::new)
            .ok_or_else(|| KeyError::Missing(parameter.to_owned()))
    }

    /// Removes a key. That there is none is as good.
    pub async fn delete(&self, parameter: &str) -> Result<(), KeyError> {
        match self.client.delete_parameter().name(parameter).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|service| service.is_parameter_not_found()) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable(parameter, &error)),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let kind = match error {
            KeyError::Missing(_) | KeyError::Unusable(_) => FailureKind::BadRequest,
            KeyError::Unavailable { .. } => FailureKind::Internal,
        };
        Self::new(kind, error.to_string())
    }
}

/// A key is opaque, but what cannot be sent or stored is none. A standard parameter holds 4 KiB.
fn check(key: &StreamKey) -> Result<(), KeyError> {
    let key = key.expose();
    if key.is_empty() {
        return Err(KeyError::Unusable("empty"));
    }
    if key.len() > 4_096 {
        return Err(KeyError::Unusable("longer than 4096 bytes"));
    }
    if key.chars().any(char::is_control) {
        return Err(KeyError::Unusable(
            "more than one line, or has control characters in it",
        ));
    }
    Ok(())
}

fn unavailable<E, R>(parameter: &str, error: &SdkError<E, R>) -> KeyError
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    KeyError::Unavailable {
        parameter: parameter.to_owned(),
        cause: aws::words(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_belongs_to_a_broadcast_and_a_destination() {
        let id = "20261201-1930-abcd".parse().unwrap();
        assert_eq!(
            parameter_name(&id, "facebook"),
            "/matinee/20261201-1930-abcd/facebook"
        );
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let refused = |key: &str| check(&StreamKey::new(key)).unwrap_err().to_string();
        assert_eq!(refused(""), "the stream key is empty");
        assert!(!refused("secret\n").contains("secret"));
        assert!(check(&StreamKey::new("1?s_bl=1&a=b")).is_ok());
    }
}
