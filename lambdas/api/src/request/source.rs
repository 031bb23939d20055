//! Which videos a deployment can open.

use broadcast::SourceUrl;

/// The source a text names, if the deployment's streamer can open it.
pub(super) fn source(text: &str, local_sources: bool) -> Result<SourceUrl, String> {
    let source: SourceUrl = text
        .parse()
        .map_err(|error: broadcast::InvalidSource| error.to_string())?;
    let local = match &source {
        SourceUrl::File(_) => true,
        SourceUrl::Web(url) => url.scheme() == "http",
        SourceUrl::S3 { .. } => false,
    };
    if local && !local_sources {
        return Err(match &source {
            SourceUrl::File(_) => "a file of one machine cannot be opened from here; \
                                   upload the video and give s3://bucket/key"
                .to_owned(),
            _ => "http:// is not read from here; give https://… or s3://bucket/key".to_owned(),
        });
    }
    Ok(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_belong_to_one_machine() {
        for text in ["file:///talk.mp4", "http://127.0.0.1/talk.mp4"] {
            assert!(source(text, true).is_ok());
            assert!(source(text, false).is_err());
        }
        for text in ["s3://bucket/talk.mp4", "https://host/talk.mp4"] {
            assert!(source(text, false).is_ok());
        }
    }
}
