//! The state Persist: opens an attempt of a broadcast, from then on the only one that may write,
//! and answers its number.

mod handler;

pub use handler::{CapacityProvider, Request, Response, State, handler};
