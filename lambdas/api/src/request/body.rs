//! Bodies as they come.
//!
//! Values stay texts here, so that what is wrong with one is said in our words; unknown fields are
//! refused by name, because a field that is silently ignored is an air time that is silently wrong.

use broadcast::{OnDrop, Probe, StreamKey, Timestamps};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

use super::echo;
use crate::Problem;

/// The body of `POST /broadcasts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRequest {
    /// What people call it; the video's file name unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `s3://bucket/key`, `https://…` or, on one machine, `file:///…`.
    pub source: String,
    /// Where it goes; at least one.
    pub destinations: Vec<DestinationRequest>,
    /// RFC 3339; as soon as possible unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub air_time: Option<String>,
    /// The IANA zone in which its owner thinks of the air time; UTC unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How long before the air time the execution starts, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_seconds: Option<u64>,
    /// What happens to the media of the time in which a connection was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_drop: Option<OnDrop>,
    /// Whether the first attempt runs on spare capacity (Fargate Spot); not unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<bool>,
    /// Which sound track of the video is sent, from 1; the first enabled one unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_track: Option<u32>,
    /// Whether a video without sound is sent with silence; not unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<bool>,
    /// For how many seconds the first picture is held before the video; none unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_seconds: Option<u64>,
    /// For how many seconds the last picture is held after the video; none unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_seconds: Option<u64>,
    /// Whether it is scheduled although a platform refuses the video; not unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// A destination in the body of `POST /broadcasts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestinationRequest {
    /// `facebook`, `youtube` or `twitch`; this or `ingest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The address of the ingest without the key; this or `platform`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest: Option<String>,
    /// Its name within the broadcast; made from platform or host unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The stream key.
    #[serde(serialize_with = "key_to_owner", deserialize_with = "key_from_owner")]
    pub key: StreamKey,
    /// How the key is tried before the show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
    /// The ingest to use while the first cannot be; none unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupRequest>,
    /// What the timestamps do after a connection was made again; they go on unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<Timestamps>,
    /// Whether an ingest of one's own takes HEVC and AV1 although it may not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<bool>,
}

impl DestinationRequest {
    /// A destination that only a key is known of yet.
    pub const fn with_key(key: StreamKey) -> Self {
        Self {
            platform: None,
            ingest: None,
            name: None,
            key,
            probe: None,
            backup: None,
            timestamps: None,
            enhanced: None,
        }
    }
}

/// The backup of a destination in the body of `POST /broadcasts`. It takes the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {
    /// The address of the ingest without the key.
    pub ingest: String,
    /// How long the first ingest may be away before this one is used, in seconds; 10 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<u64>,
}

/// The body of `PUT /broadcasts/{id}/keys/{destination}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// The stream key.
    #[serde(serialize_with = "key_to_owner", deserialize_with = "key_from_owner")]
    pub key: StreamKey,
}

/// The request of the first version of this system: Facebook, on air as soon as possible.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstVersion {
    bucket: String,
    path: String,
    #[serde(deserialize_with = "key_from_owner")]
    token: StreamKey,
}

/// Reads the body of `POST /broadcasts`, today's or the first version's.
pub(crate) fn read_create(body: &[u8]) -> Result<CreateRequest, Problem> {
    let value = read_json(body)?;
    // Told apart by a field that only the first version has; an untagged enum would answer
    // "did not match any variant" to every typing error.
    let first_version = ["bucket", "token"]
        .iter()
        .any(|field| value.get(field).is_some());
    if !first_version {
        return read_value(value);
    }
    let FirstVersion {
        bucket,
        path,
        token,
    } = read_value(value)?;
    Ok(CreateRequest {
        source: format!("s3://{bucket}/{}", path.trim_start_matches('/')),
        destinations: vec![DestinationRequest {
            platform: Some("facebook".to_owned()),
            ..DestinationRequest::with_key(token)
        }],
        ..CreateRequest::default()
    })
}

/// Reads the body of `PUT /broadcasts/{id}/keys/{destination}`.
pub(crate) fn read_key(body: &[u8]) -> Result<StreamKey, Problem> {
    let KeyRequest { key } = read_value(read_json(body)?)?;
    Ok(key)
}

fn read_json(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))
}

fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let fault = without_values(error.inner());
        // The path to a field that is unknown is the field, which may be a key in the wrong place.
        let is_elsewhere = ["unknown field", "missing field"]
            .iter()
            .any(|known| fault.starts_with(known));
        let path = error.path().to_string();
        Problem::bad_request(if is_elsewhere || path == "." {
            fault
        } else {
            format!("{path}: {fault}")
        })
    })
}

/// serde's message without the values it repeats, one of which may be a key in the wrong place.
///
/// Texts are in double quotes there, numbers and the names of fields and variants in backquotes.
/// What was expected stands behind them and is ours, so the last `, expected ` ends the value.
fn without_values(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message;
    };
    let Some(start) = found.find(['`', '"']) else {
        return message;
    };
    let (fault, value) = found.split_at(start);
    let value = value.trim_matches('`');
    let is_field = fault.starts_with("unknown field");
    if is_field && echo(value) == format!("{value:?}") {
        return message;
    }
    format!("{fault}…, expected {expected}")
}

/// A key on its way from its owner to the API.
fn key_to_owner<S: Serializer>(key: &StreamKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.expose())
}

fn key_from_owner<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StreamKey, D::Error> {
    String::deserialize(deserializer).map(StreamKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(body: &str, detail: &str) {
        assert_eq!(read_create(body.as_bytes()).unwrap_err().detail, detail);
    }

    #[test]
    fn the_first_version() {
        let body = r#"{"bucket":"videos","path":"/a/talk.mp4","token":"FB-1-0-x"}"#;
        let request = read_create(body.as_bytes()).unwrap();
        assert_eq!(request.source, "s3://videos/a/talk.mp4");
        assert_eq!(request.air_time, None);
        assert_eq!(
            request.destinations[0].platform.as_deref(),
            Some("facebook")
        );
        assert_eq!(request.destinations[0].key.expose(), "FB-1-0-x");
    }

    #[test]
    fn faults_are_told_by_the_name_of_the_field() {
        refused(
            r#"{"source":"s3://a/b","destinations":[],"airtime":"x"}"#,
            "unknown field `airtime`, expected one of `title`, `source`, `destinations`, \
             `air_time`, `time_zone`, `lead_seconds`, `on_drop`, `spot`, `audio_track`, \
             `silence`, `head_seconds`, `tail_seconds`, `force`",
        );
        refused(r#"{"destinations":[]}"#, "missing field `source`");
        refused(
            r#"{"source":"s3://a/b","destinations":[],"head_seconds":-1}"#,
            "head_seconds: invalid value: integer …, expected u64",
        );
        refused(
            r#"{"source":"s3://a/b","destinations":[{"key":"k","backup":"rtmp://h/live"}]}"#,
            "destinations[0].backup: invalid type: string …, expected struct BackupRequest",
        );
        refused(r#"{"bucket":"a","path":"b"}"#, "missing field `token`");
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_repeated() {
        refused(
            r#"{"source":"s3://a/b","destinations":["FB-1-0-\"secret"]}"#,
            "destinations[0]: invalid type: string …, expected struct DestinationRequest",
        );
        assert_eq!(
            read_key(br#""FB-secret""#).unwrap_err().detail,
            "invalid type: string …, expected struct KeyRequest"
        );
        refused(
            r#"{"source":"s3://a/b","destinations":[],"on_drop":"FB-`, expected `secret"}"#,
            "on_drop: unknown variant …, expected `resume` or `skip`",
        );
        assert_eq!(
            read_key(br#"{"FB-1-0-secret":1}"#).unwrap_err().detail,
            "unknown field …, expected `key`"
        );
        assert_eq!(
            read_key(br#"{"key":123456}"#).unwrap_err().detail,
            "key: invalid type: integer …, expected a string"
        );
    }

    #[test]
    fn no_key_in_debug() {
        let body = r#"{"bucket":"videos","path":"talk.mp4","token":"FB-secret"}"#;
        let shown = format!("{:?}", read_create(body.as_bytes()).unwrap());
        assert!(!shown.contains("secret"), "{shown}");
    }
}
