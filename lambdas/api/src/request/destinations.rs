//! Which destinations make sense, and what they are called.

use std::collections::BTreeSet;

use broadcast::{Backup, Ingest, Platform, Probe, StreamKey, Timestamps};
use streamer::address::{AddressPolicy, AddressRefused};

use super::{DestinationRequest, backup, echo};
use crate::DefaultProbes;

/// More would not fit the smallest task's network.
const MAX_DESTINATIONS: usize = 16;
/// A standard parameter of the key store holds 4 KB.
const MAX_KEY_BYTES: usize = 4_096;
const MAX_NAME: usize = 40;

/// A destination that makes sense, with its key.
#[derive(Clone, Debug)]
pub(crate) struct NewDestination {
    pub(crate) name: String,
    pub(crate) platform: Platform,
    pub(crate) ingest: Ingest,
    pub(crate) probe: Probe,
    pub(crate) key: StreamKey,
    pub(crate) backup: Option<Backup>,
    pub(crate) timestamps: Timestamps,
    pub(crate) enhanced: bool,
}

/// The destinations of a request, or all that is wrong with them.
pub(super) fn destinations(
    requests: Vec<DestinationRequest>,
    probes: &DefaultProbes,
) -> Result<Vec<NewDestination>, Vec<String>> {
    if requests.is_empty() {
        return Err(vec![
            "there is no destination; name at least one".to_owned(),
        ]);
    }
    if requests.len() > MAX_DESTINATIONS {
        return Err(vec![format!(
            "there are {} destinations; at most {MAX_DESTINATIONS} fit one broadcast",
            requests.len()
        )]);
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut faults = Vec::new();
    for name in requests.iter().filter_map(|request| request.name.as_ref()) {
        if !names.insert(name.clone()) {
            faults.push(format!("two destinations are named {}", echo(name)));
        }
    }
    let mut destinations = Vec::new();
    for (index, request) in requests.into_iter().enumerate() {
        match destination(request, probes, &mut names) {
            Ok(destination) => destinations.push(destination),
            Err(fault) => faults.push(format!("destination {}: {fault}", index + 1)),
        }
    }
    if faults.is_empty() {
        Ok(destinations)
    } else {
        Err(faults)
    }
}

fn destination(
    request: DestinationRequest,
    probes: &DefaultProbes,
    names: &mut BTreeSet<String>,
) -> Result<NewDestination, String> {
    let (platform, ingest) = match (request.platform, request.ingest) {
        (None, None) => return Err("neither platform nor ingest is given".to_owned()),
        (platform, Some(address)) => {
            let ingest: Ingest = address
                .parse()
                .map_err(|error: broadcast::InvalidIngest| error.to_string())?;
            let platform = match platform {
                Some(name) => known_platform(&name)?,
                None => Platform::of(&ingest),
            };
            (platform, ingest)
        }
        (Some(name), None) => {
            let platform = known_platform(&name)?;
            let ingest = platform
                .ingest()
                .ok_or_else(|| format!("platform {platform} needs an ingest address"))?;
            (platform, ingest)
        }
    };
    if let Some(fault) = key_in_address(&ingest) {
        return Err(fault);
    }
    legal_address(&ingest).map_err(|fault| format!("the ingest {fault}"))?;
    let backup = match request.backup {
        Some(backup) => Some(backup::backup(&backup, &ingest)?),
        None => None,
    };
    let enhanced = request.enhanced.unwrap_or_default();
    if enhanced && platform != Platform::Custom {
        return Err(format!(
            "enhanced is for ingests that are no platform's; which codecs {platform} takes is known"
        ));
    }
    let name = match request.name {
        Some(name) => {
            legal_name(&name)?;
            name
        }
        None => unique_name(&ingest, names),
    };
    legal_key(&request.key).map_err(|fault| format!("the key of {name} {fault}"))?;
    Ok(NewDestination {
        probe: request.probe.unwrap_or_else(|| probes.of(platform)),
        name,
        platform,
        ingest,
        key: request.key,
        backup,
        timestamps: request.timestamps.unwrap_or_else(|| platform.timestamps()),
        enhanced,
    })
}

/// Refuses at once what would be refused when it is connected to. (A name is looked up only then.)
pub(super) fn legal_address(ingest: &Ingest) -> Result<(), &'static str> {
    let Ok(address) = ingest.host().parse() else {
        return Ok(());
    };
    // Whether private ones are allowed is known where they are connected to.
    AddressPolicy::PRIVATE_TOO
        .check(address)
        .map_err(|refused| match refused {
            AddressRefused::Metadata(_) => {
                "is at a link-local or metadata address, which is never connected to"
            }
            AddressRefused::Private(_) => "is at a private address",
            AddressRefused::Unusable(_) => "is at an address that is not one of a server",
        })
}

fn known_platform(name: &str) -> Result<Platform, String> {
    name.parse().map_err(|_: String| {
        let known = Platform::NAMED.map(Platform::name).join(", ");
        format!("{} is no platform; known are {known}", echo(name))
    })
}

/// A name for a destination that was given none: its platform's or its host's, numbered where that
/// is taken. What is answered is taken from then on.
pub fn unique_name(ingest: &Ingest, taken: &mut BTreeSet<String>) -> String {
    let base = match Platform::of(ingest) {
        Platform::Custom => {
            let host: String = ingest
                .host()
                .to_ascii_lowercase()
                .chars()
                .map(|c| if legal_in_name(c) { c } else { '-' })
                .take(MAX_NAME - 4)
                .collect();
            let host = host.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            match host {
                "" => "custom".to_owned(),
                host => host.to_owned(),
            }
        }
        platform => platform.name().to_owned(),
    };
    let mut name = base.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{base}-{number}");
        number += 1;
    }
    name
}

/// Whether a name can stand in the key store, in an address and on a command line.
///
/// # Errors
/// What is wrong with it, in words.
pub fn legal_name(name: &str) -> Result<(), String> {
    let legal = (1..=MAX_NAME).contains(&name.len())
        && name.chars().all(legal_in_name)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if legal {
        Ok(())
    } else {
        Err(format!(
            "{} cannot be the name of a destination: lower-case letters, digits, - . _, \
             {MAX_NAME} at most, a letter or digit first",
            echo(name)
        ))
    }
}

const fn legal_in_name(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | '-' | '.' | '_')
}

/// Whether a text can be a stream key at all. A key is opaque, but it is one line.
///
/// # Errors
/// What is wrong with it, as a verb phrase that does not repeat the key.
pub fn legal_key(key: &StreamKey) -> Result<(), &'static str> {
    let text = key.expose();
    if text.is_empty() {
        Err("is empty")
    } else if text.len() > MAX_KEY_BYTES {
        Err("is longer than 4096 bytes; is it the right text?")
    } else if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Err("has white space in it; copy it again")
    } else if text.contains("://") {
        Err("is an address; give the ingest and the key apart")
    } else {
        Ok(())
    }
}

/// Why an address of a known platform must have a stream key in it, if it must.
///
/// The address of a platform's ingest has one part; whatever follows it is the key, as platforms
/// show both in one line.
pub fn key_in_address(ingest: &Ingest) -> Option<String> {
    let platform = Platform::of(ingest);
    if platform == Platform::Custom {
        return None;
    }
    let app = ingest.app();
    let (path, query) = app.split_once('?').unwrap_or((&app, ""));
    let plain = !path.contains('/') && matches!(query, "" | "backup=1");
    (!plain).then(|| {
        format!(
            "the address of {platform} has a stream key in it: \
             an address is printed and stored in the clear; give {platform} as the destination \
             and the key apart"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BackupRequest;

    fn to(platform: Option<&str>, ingest: Option<&str>, name: Option<&str>) -> DestinationRequest {
        DestinationRequest {
            platform: platform.map(str::to_owned),
            ingest: ingest.map(str::to_owned),
            name: name.map(str::to_owned),
            ..DestinationRequest::with_key(StreamKey::new("key"))
        }
    }

    fn read(requests: Vec<DestinationRequest>) -> Result<Vec<(String, Platform)>, Vec<String>> {
        let made = destinations(requests, &DefaultProbes::default())?;
        Ok(made
            .into_iter()
            .map(|made| (made.name, made.platform))
            .collect())
    }

    #[track_caller]
    fn refused(request: DestinationRequest, fault: &str) {
        assert_eq!(
            read(vec![request]).unwrap_err(),
            [format!("destination 1: {fault}")]
        );
    }

    #[test]
    fn names_are_made_and_numbered() {
        let named = read(vec![
            to(Some("facebook"), None, None),
            to(Some("facebook"), None, None),
            to(
                None,
                Some("rtmps://b.rtmps.youtube.com/live2?backup=1"),
                None,
            ),
            to(None, Some("rtmp://Ingest.example:1936/live"), None),
            to(None, Some("rtmp://[::1]/live"), Some("facebook-2")),
        ]);
        let expected = [
            ("facebook", Platform::Facebook),
            ("facebook-3", Platform::Facebook),
            ("youtube", Platform::Youtube),
            ("ingest.example", Platform::Custom),
            ("facebook-2", Platform::Custom),
        ];
        assert_eq!(
            named.unwrap(),
            expected.map(|(name, platform)| (name.to_owned(), platform))
        );
    }

    #[test]
    fn what_is_refused() {
        refused(to(None, None, None), "neither platform nor ingest is given");
        refused(
            to(Some("vimeo"), None, None),
            "\"vimeo\" is no platform; known are facebook, youtube, twitch",
        );
        refused(
            to(Some("custom"), None, None),
            "platform custom needs an ingest address",
        );
        refused(
            to(None, Some("rtmp://h"), None),
            "the ingest address has no application; it looks like rtmps://host/app",
        );
        for host in [
            "169.254.169.254",
            "168.63.129.16",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
        ] {
            let address = &*format!("rtmp://{host}/live");
            refused(
                to(None, Some(address), None),
                "the ingest is at a link-local or metadata address, which is never connected to",
            );
        }
        refused(
            DestinationRequest {
                enhanced: Some(true),
                ..to(Some("youtube"), None, None)
            },
            "enhanced is for ingests that are no platform's; which codecs youtube takes is known",
        );
        refused(
            DestinationRequest {
                backup: Some(BackupRequest {
                    ingest: "rtmps://a.rtmps.youtube.com/live2".to_owned(),
                    after_seconds: None,
                }),
                ..to(Some("youtube"), None, None)
            },
            "backup.ingest is the ingest itself; give the address of another one",
        );
        assert_eq!(
            read(vec![]).unwrap_err(),
            ["there is no destination; name at least one"]
        );
        assert_eq!(
            read(vec![
                to(Some("facebook"), None, Some("a")),
                to(Some("twitch"), None, Some("a"))
            ])
            .unwrap_err(),
            ["two destinations are named \"a\""]
        );
        assert!(read(vec![to(Some("twitch"), None, Some("A b"))]).is_err());
        assert!(read(vec![to(Some("twitch"), None, None); MAX_DESTINATIONS + 1]).is_err());
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_repeated() {
        for request in [
            to(Some("FB-1-0-secret"), None, None),
            to(Some("twitch"), None, Some("FB-1-0-secret")),
        ] {
            let faults = read(vec![request.clone(), request]).unwrap_err().join(" ");
            assert!(!faults.contains("secret"), "{faults}");
        }
    }

    #[test]
    fn a_key_in_the_address_is_refused_and_not_repeated() {
        for address in [
            "rtmps://live-api-s.facebook.com:443/rtmp/FB-secret",
            "rtmps://live-api-s.facebook.com:443/rtmp?s_bl=secret",
            "rtmps://a.rtmps.youtube.com/live2/secret",
            "rtmp://live.twitch.tv/app/live_secret",
        ] {
            let faults = read(vec![to(None, Some(address), None)]).unwrap_err();
            assert!(faults[0].contains("has a stream key in it"), "{faults:?}");
            assert!(!faults[0].contains("secret"), "{faults:?}");
        }
    }

    #[test]
    fn a_key_is_one_line_that_is_no_address() {
        for key in ["", "a b", "a\n", "rtmp://h/live/secret"] {
            let fault = legal_key(&StreamKey::new(key)).unwrap_err();
            assert!(!fault.contains("secret"));
        }
        assert_eq!(legal_key(&StreamKey::new("1?s_bl=1&a=Ab_-")), Ok(()));
    }
}
