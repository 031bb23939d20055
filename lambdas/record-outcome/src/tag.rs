//! The mark on a video whose show has aired: the bucket's lifecycle rule goes by it.

use std::time::Duration;

use aws_config::SdkConfig;
use broadcast::{Broadcast, SourceUrl, aws};
use s3::{Client, Retry, Settings};

use crate::State;

const NAME: &str = "matinee";
const VALUE: &str = "aired";

/// The state has a minute, and this is the least that it does.
const PATIENCE: Duration = Duration::from_secs(5);

/// The bucket of the deployment's videos.
pub(crate) fn bucket(sdk: &SdkConfig, name: &str) -> Result<Client, s3::Error> {
    let settings = Settings {
        retry: Retry {
            give_up_after: PATIENCE,
            ..Retry::default()
        },
        stall_timeout: PATIENCE,
        ..Settings::default()
    };
    Client::with_settings(sdk, name, settings)
}

/// Marks the video of a broadcast that has aired, if it lies in the deployment's bucket. One that
/// cannot be marked costs a little more to keep, and is told in the log.
pub(crate) async fn aired(state: &State, broadcast: &Broadcast) {
    let (Some(videos), SourceUrl::S3 { bucket, key }) = (&state.videos, &broadcast.source) else {
        return;
    };
    if bucket != videos.bucket() {
        return;
    }
    if let Err(error) = mark(videos, key).await {
        let error = aws::words(&error);
        tracing::warn!(broadcast = %broadcast.id, key, error, "the video could not be tagged");
    }
}

/// Adds the mark to the tags that are there.
async fn mark(videos: &Client, key: &str) -> Result<(), s3::Error> {
    let mut tags = videos.get_tags(key).await?;
    if tags
        .iter()
        .any(|(name, value)| name == NAME && value == VALUE)
    {
        return Ok(());
    }
    tags.retain(|(name, _)| name != NAME);
    tags.push((NAME.to_owned(), VALUE.to_owned()));
    videos.put_tags(key, &tags).await
}
