//! A body that says how much of it went out.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::meter::Sending;

/// Bytes that are handed to the connection at a time, so that progress is seen within a part.
const FRAME: usize = 64 << 10;

/// Bytes in memory, handed out in frames.
#[derive(Debug)]
pub(crate) struct Metered {
    rest: Bytes,
    sending: Sending,
}

impl Metered {
    pub(crate) fn new(bytes: Bytes, sending: Sending) -> Self {
        Self {
            rest: bytes,
            sending,
        }
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(FRAME);
        let frame = self.rest.split_to(length);
        self.sending.moved(length);
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    /// Exact, so that it is sent with its length: S3 takes no other.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
