//! How sending a file fails.

use std::io;

use crate::Error;

/// Why a file was not sent.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Reading it failed.
    #[error("reading the file failed")]
    File(#[from] io::Error),
    /// It is a folder, a device, a pipe.
    #[error("it is not a file")]
    NotAFile,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// There are more bytes than an object can have.
    #[error("it is larger than S3 takes")]
    TooLarge,
    /// It is not the file any more that it was when it was opened.
    #[error("it changed while it was being sent")]
    Changed,
    /// Somebody ended the upload meanwhile.
    #[error("the upload was ended by somebody else")]
    Ended,
    /// S3 did not do it.
    #[error("failed to {doing}")]
    S3 {
        /// As in "failed to …".
        doing: &'static str,
        /// What happened.
        #[source]
        error: Error,
    },
}

/// What was being done when S3 failed.
pub(super) fn doing(doing: &'static str) -> impl FnOnce(Error) -> UploadError {
    move |error| UploadError::S3 { doing, error }
}
