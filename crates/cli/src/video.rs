//! `VIDEO`: a path, or the address of one.

use std::{fs, io, path::Path};

use broadcast::{FailureKind, SourceUrl};

use streamer::{
    address::AddressPolicy,
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};

use crate::error::CliError;

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
            FailureKind::SourceMissing if is_key_instead(text) => CliError::new(
                kind,
                "there is no such file (its name is not repeated here: it may be a stream key)",
            ),
            FailureKind::SourceMissing => CliError::new(kind, format!("there is no file {text}")),
            _ => CliError::new(kind, format!("cannot open {text}: {error}")),
        }
    })?;
    if let Ok(there) = fs::metadata(&path) {
        if there.is_dir() {
            return Err(CliError::new(
                FailureKind::SourceMissing,
                format!("{text} is a directory; give a video file in it"),
            ));
        }
        if there.is_file() && there.len() == 0 {
            return Err(CliError::new(
                FailureKind::UnsupportedMedia,
                format!("{text} is empty; copy or record it again"),
            ));
        }
    }
    SourceUrl::file(&path).map_err(|error| CliError::usage(error.to_string()))
}

/// Whether a text that is no file may be a stream key in its place. `live_show.mp4` is none.
fn is_key_instead(text: &str) -> bool {
    api::looks_like_key(text) && !text.contains(['.', '/'])
}

/// How a video is read here.
pub(crate) fn source_options() -> SourceOptions {
    SourceOptions {
        // It is the machine of the one who asks.
        addresses: AddressPolicy::PRIVATE_TOO,
        allow_plain_http: true,
        ..SourceOptions::default()
    }
}

/// Opens a video, which reads its index and finds out whether it can be sent.
pub(crate) async fn movie(source: &SourceUrl, options: &MovieOptions) -> Result<Movie, CliError> {
    let source = Source::open(source, source_options()).await?;
    Ok(Movie::open(source, options).await?)
}
