//! The API, asked over HTTP like anybody else would.

mod ids;
mod profile;
mod requests;

pub(crate) use requests::Client;
