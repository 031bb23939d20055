//! Whether an ingest takes the coding of the picture.
//!
//! Every ingest takes H.264. What else is sent only to one that is known to take it, or that says
//! so when it is connected to (Enhanced RTMP v2, "Enhancing NetConnection connect Command",
//! <https://veovera.org/docs/enhanced/enhanced-rtmp-v2>): others take the stream and show nothing.

use broadcast::{Failure, Ingest, Platform};
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    destination::Destination,
    route::{Next, Side},
};
use crate::ingest::{OpenError, announced_codecs};

/// Why nothing is published at an ingest.
#[derive(Debug)]
pub(super) enum Refused {
    /// By the ingest, or the way there.
    Open(OpenError),
    /// By us, for it does not take the codec.
    Codec(Failure),
}

impl From<OpenError> for Refused {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Open(error) => error.into(),
            Refused::Codec(failure) => failure,
        }
    }
}

impl Destination {
    /// Asks the first ingest for the codec long before the air time, so that its owner has time to
    /// do something about it; if that does not take it, its backup. One that cannot be reached now
    /// is asked when it can be.
    pub(super) async fn check_codec_early(&mut self) -> Result<(), Failure> {
        loop {
            let side = self.route.side();
            let asked = tokio::select! {
                () = self.stop.clone().cancelled_owned() => return Err(self.interrupted()),
                asked = self.check_codec(side) => asked,
            };
            match asked {
                Err(Refused::Codec(failure)) => {
                    let failure = self.note(side, failure);
                    tracing::warn!(destination = self.target.name, %failure, "no ingest");
                    self.reporter.disconnected(Some(failure.clone()));
                    if self.route.failed(true) == Next::Never {
                        return Err(self.given_up(failure));
                    }
                }
                Ok(()) => {
                    self.standing(side).takes_codec = true;
                    return Ok(());
                }
                Err(Refused::Open(error)) => {
                    let failure = Failure::from(error);
                    tracing::info!(
                        destination = self.target.name,
                        %failure,
                        "the ingest was not asked yet whether it takes the codec"
                    );
                    return Ok(());
                }
            }
        }
    }

    /// Makes sure that an ingest takes the codec.
    pub(super) async fn check_codec(&self, side: Side) -> Result<(), Refused> {
        let codec = self.show.programme.video().codec;
        if self.target.codecs.take(codec) || self.takes_codec(side) {
            return Ok(());
        }
        let ingest = self.ingest(side);
        let asking: BoxFuture<'_, _> =
            announced_codecs(ingest, &self.target.key, &self.dial).boxed();
        if asking.await?.contains(codec.four_cc()) {
            return Ok(());
        }
        let mut failure = self.show.programme.not_taken();
        failure.message.push_str(&hint(ingest, codec.name()));
        Err(Refused::Codec(failure))
    }
}

/// What else may help.
fn hint(ingest: &Ingest, codec: &str) -> String {
    match Platform::of(ingest) {
        Platform::Custom => format!(
            "; if {} takes {codec} although it does not announce it, say so with --enhanced",
            ingest.host()
        ),
        Platform::Facebook | Platform::Youtube | Platform::Twitch => String::new(),
    }
}
