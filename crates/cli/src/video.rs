//! `VIDEO`: a path, or the address of one.

use std::{fs, io, path::Path};

use broadcast::{FailureKind, SourceUrl};

use streamer::{
    address::AddressPolicy,
    media::{Movie, Programme},
    source::{Source, SourceOptions},
};

use crate::{arrangement::ArrangementArgs, error::CliError};

/// The source that was typed. A path is made absolute: who opens it lives in another directory.
pub(crate) fn source(text: &str) -> Result<SourceUrl, CliError> {
    if text.contains("://") {
        return text
            .parse()
            .map_err(|error: broadcast::InvalidSource| CliError::usage(error.to_string()));
    }
    let path = fs::canonicalize(Path::new(text)).map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => FailureKind::SourceMissing,
            _ => FailureKind::SourceUnreadable,
        };
        match kind {
            FailureKind::SourceMissing => CliError::new(kind, format!("there is no file {text}")),
            _ => CliError::new(kind, format!("cannot open {text}: {error}")),
        }
    })?;
    SourceUrl::file(&path).map_err(|error| CliError::usage(error.to_string()))
}

/// Opens a video, which reads its index and finds out whether it can be sent as it is asked for.
pub(crate) async fn open(source: &SourceUrl, args: ArrangementArgs) -> Result<Programme, CliError> {
    let options = SourceOptions {
        // It is the machine of the one who asks.
        addresses: AddressPolicy::PRIVATE_TOO,
        allow_plain_http: true,
        ..SourceOptions::default()
    };
    let source = Source::open(source, options).await?;
    let movie = Movie::open(source, &args.movie_options()).await?;
    Ok(Programme::new(movie, args.arrangement()).await?)
}
