//! The front door: who is let in, which service is meant, and how answers are written.

mod canonical;
mod proof;
mod routes;
mod server;
mod signature;
mod wire;

pub use proof::{Challenge, PROOF_PATH};

pub(crate) use canonical::decode;
pub(crate) use routes::{Call, Services};
pub(crate) use server::Front;
pub(crate) use wire::Answer;
