//! `--to DEST`: facebook, youtube, twitch or an address, with a name where one is wanted.

use std::{collections::BTreeSet, str::FromStr};

use broadcast::{Backup, Ingest, Platform, Timestamps};

use crate::error::CliError;

/// A destination as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    name: Option<String>,
    ingest: Ingest,
}

/// A destination with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) name: String,
    pub(crate) platform: Platform,
    pub(crate) ingest: Ingest,
    pub(crate) backup: Option<Backup>,
    pub(crate) timestamps: Timestamps,
    pub(crate) enhanced: bool,
}

/// `NAME=REST` in its parts; `=` is in addresses too, as in `?backup=1`.
pub(crate) fn split_name(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, rest)) if !name.contains([':', '/']) => (Some(name), rest),
        _ => (None, text),
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, address) = split_name(text);
        name.map_or(Ok(()), api::legal_name)?;
        let platform = Platform::NAMED
            .into_iter()
            .find(|platform| platform.name() == address);
        let ingest = match platform.and_then(Platform::ingest) {
            Some(ingest) => ingest,
            None if !address.contains("://") => {
                return Err(format!(
                    "{} is no destination; give facebook, youtube, twitch or an address like \
                     rtmps://host/app",
                    api::echo(address)
                ));
            }
            None => address
                .parse()
                .map_err(|error: broadcast::InvalidIngest| error.to_string())?,
        };
        match api::key_in_address(&ingest) {
            Some(fault) => Err(fault),
            None => Ok(Self {
                name: name.map(str::to_owned),
                ingest,
            }),
        }
    }
}

/// Gives a name to each destination and warns of what it may not have been meant to be.
pub(crate) fn named(wanted: &[String]) -> Result<Vec<Destination>, CliError> {
    let wanted: Vec<Wanted> = wanted
        .iter()
        .map(|text| text.parse().map_err(CliError::usage))
        .collect::<Result<_, _>>()?;
    let mut taken = BTreeSet::new();
    for name in wanted.iter().filter_map(|wanted| wanted.name.as_ref()) {
        if !taken.insert(name.clone()) {
            return Err(CliError::usage(format!(
                "two destinations are named {}; give each a name of its own",
                api::echo(name)
            )));
        }
    }
    Ok(wanted
        .into_iter()
        .map(|Wanted { name, ingest }| {
            let platform = Platform::of(&ingest);
            Destination {
                name: name.unwrap_or_else(|| api::unique_name(&ingest, &mut taken)),
                platform,
                ingest,
                backup: None,
                timestamps: platform.timestamps(),
                enhanced: false,
            }
        })
        .collect())
}

/// What the owner should know of these destinations before the show.
pub(crate) fn warnings(destinations: &[Destination]) -> Vec<String> {
    let mut warnings = Vec::new();
    for destination in destinations {
        let Destination { name, ingest, .. } = destination;
        let backup = destination.backup.as_ref().map(|backup| &backup.ingest);
        let addresses = || [Some(ingest), backup].into_iter().flatten();
        match destination.platform {
            Platform::Facebook => warnings.push(
                "Facebook wants recorded content to be marked as recorded: say so in the post or \
                 in the picture (and it bans looping)"
                    .to_owned(),
            ),
            Platform::Custom if addresses().any(has_query) => warnings.push(format!(
                "the address of {name} has more behind a `?`; if there is a stream key in it, \
                 leave it out and give the key when asked: addresses are stored and shown in the \
                 clear"
            )),
            Platform::Custom if addresses().any(|ingest| ingest.app().contains('/')) => {
                warnings.push(format!(
                    "the address of {name} has several parts after the host; if the last one is \
                     the stream key, leave it out and give the key when asked: addresses are \
                     stored and shown in the clear"
                ));
            }
            Platform::Youtube | Platform::Twitch | Platform::Custom => {}
        }
    }
    warnings.dedup();
    warnings
}

/// Whether there is something behind the path that may be a key; `backup=1` is YouTube's.
fn has_query(ingest: &Ingest) -> bool {
    let app = ingest.app();
    let query = app.split_once('?').map(|(_, query)| query);
    !matches!(query, None | Some("" | "backup=1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(wanted: &[&str]) -> Result<Vec<String>, String> {
        let wanted: Vec<String> = wanted.iter().map(|&text| text.to_owned()).collect();
        match named(&wanted) {
            Ok(destinations) => Ok(destinations.into_iter().map(|d| d.name).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[track_caller]
    fn check(wanted: &[&str], expected: &[&str]) {
        assert_eq!(
            names(wanted),
            Ok(expected.iter().map(|&name| name.to_owned()).collect())
        );
    }

    #[test]
    fn platforms_addresses_and_names() {
        check(
            &["facebook", "youtube", "twitch"],
            &["facebook", "youtube", "twitch"],
        );
        check(
            &[
                "main=facebook",
                "facebook",
                "rtmps://b.rtmps.youtube.com/live2?backup=1",
            ],
            &["main", "facebook", "youtube"],
        );
        check(
            &["rtmp://127.0.0.1:1935/live", "x=rtmp://127.0.0.1:1936/live"],
            &["127.0.0.1", "x"],
        );
    }

    #[test]
    fn what_is_no_destination() {
        assert!(
            names(&["vimeo"])
                .unwrap_err()
                .contains("facebook, youtube, twitch")
        );
        assert!(
            names(&["a=facebook", "a=twitch"])
                .unwrap_err()
                .contains("two destinations")
        );
        assert!(
            names(&["My Name=facebook"])
                .unwrap_err()
                .contains("lower-case")
        );
        assert!(
            names(&["http://h/live"])
                .unwrap_err()
                .contains("only rtmp://")
        );
    }

    #[test]
    fn a_key_in_the_address_of_a_platform_is_refused_and_not_repeated() {
        let fault = names(&["rtmps://live-api-s.facebook.com:443/rtmp/FB-secret"]).unwrap_err();
        assert!(fault.contains("has a stream key in it"), "{fault}");
        assert!(!fault.contains("secret"), "{fault}");
    }

    #[track_caller]
    fn check_warning(to: &str, expected: Option<&str>) {
        let found = warnings(&named(&[to.to_owned()]).unwrap()).join(" ");
        match expected {
            Some(words) => assert!(found.contains(words), "{to}: {found}"),
            None => assert_eq!(found, "", "{to}"),
        }
        assert!(!found.contains("SECRETQ"), "{found}");
    }

    #[test]
    fn what_may_be_a_key_in_an_address_is_warned_of() {
        check_warning("rtmp://127.0.0.1:9/live?key=SECRETQ", Some("behind a `?`"));
        check_warning("rtmp://127.0.0.1:9/live/x?SECRETQ", Some("behind a `?`"));
        check_warning("rtmp://127.0.0.1:9/live/SECRETQ", Some("several parts"));
        check_warning("rtmp://127.0.0.1:9/live", None);
        check_warning("rtmp://127.0.0.1:9/live2?backup=1", None);
        check_warning("rtmps://b.rtmps.youtube.com/live2?backup=1", None);
    }

    #[test]
    fn a_key_in_the_place_of_a_destination_is_not_repeated() {
        for text in [
            "FB-SECRETKEY999-0-ABC",
            "facebook=FB-SECRETKEY999-0-ABC",
            "FB-SECRETKEY999-0-ABC=facebook",
            "FB-SECRETKEY999-0-ABC?s_bl=1&a=SECRETKEY999",
            "live_12345_SECRETKEY999",
            "SECR-ETKE-Y999-mnop",
            "youtube=SECR-ETKE-Y999-mnop",
        ] {
            let fault = names(&[text]).unwrap_err();
            assert!(fault.contains("not repeated"), "{text}: {fault}");
            assert!(!fault.contains("SECR"), "{fault}");
        }
        let twice = ["secr-etke-y999-mnop=facebook", "secr-etke-y999-mnop=twitch"];
        let fault = names(&twice).unwrap_err();
        assert!(!fault.contains("secr"), "{fault}");
    }
}
