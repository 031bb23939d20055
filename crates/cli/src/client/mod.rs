//! The API, asked over HTTP like anybody else would.

mod ids;
mod requests;

mod machine;
mod place;
mod profile;
mod refusal;
mod signature;

pub(crate) use requests::Client;
