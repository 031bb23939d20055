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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Router, body::Bytes, extract::State, routing::get};
    use broadcast::aws::Endpoint;

    use super::*;

    /// The tags of the one object of a bucket, as S3 writes them.
    type Tags = Arc<Mutex<String>>;

    async fn read(State(tags): State<Tags>) -> String {
        tags.lock().unwrap().clone()
    }

    async fn replace(State(tags): State<Tags>, body: Bytes) {
        *tags.lock().unwrap() = String::from_utf8(body.to_vec()).unwrap();
    }

    fn document(tags: &[(&str, &str)]) -> String {
        let tags: String = tags
            .iter()
            .map(|(name, value)| format!("<Tag><Key>{name}</Key><Value>{value}</Value></Tag>"))
            .collect();
        format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")
    }

    #[tokio::test]
    async fn the_mark_is_added_to_the_tags_that_are_there() {
        let tags = Tags::new(Mutex::new(
            document(&[("matinee", "new"), ("owner", "me & you")]).replace("& ", "&amp; "),
        ));
        let s3 = Router::new()
            .route("/videos/talk.mp4", get(read).put(replace))
            .route("/videos/videos/talk.mp4", get(read).put(replace))
            .with_state(Arc::clone(&tags));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, s3).await });
        let sdk = Endpoint {
            url,
            region: "us-east-1".to_owned(),
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "secret".to_owned().into(),
        }
        .config();
        let videos = bucket(&sdk, "videos").unwrap();

        mark(&videos, "talk.mp4").await.unwrap();
        let marked = [("owner", "me & you"), ("matinee", "aired")];
        let marked: Vec<_> = marked.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        assert_eq!(videos.get_tags("talk.mp4").await.unwrap(), marked);
        let written = tags.lock().unwrap().clone();
        mark(&videos, "talk.mp4").await.unwrap();
        assert_eq!(*tags.lock().unwrap(), written);
    }
}
