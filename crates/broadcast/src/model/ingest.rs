//! Where a destination takes streams in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Url;

/// The RTMP(S) address of an ingest, without the stream key:
/// `rtmp[s]://host[:port]/app[/instance]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ingest(Url);

/// Why a text is no ingest address.
///
/// The texts never repeat the address: what is wrong with it may be that a key is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIngest {
    /// Not a URL at all.
    #[error("the ingest address is not a URL; it looks like rtmps://host/app")]
    NotAUrl,
    /// Neither `rtmp` nor `rtmps`.
    #[error("the ingest address begins with {0}://; only rtmp:// and rtmps:// are spoken")]
    Scheme(String),
    /// A URL without a host.
    #[error("the ingest address has no host; it looks like rtmps://host/app")]
    NoHost,
    /// A URL without the application's name.
    #[error("the ingest address has no application; it looks like rtmps://host/app")]
    NoApp,
    /// `user:password@`.
    #[error(
        "the ingest address has a user name or password in it; leave them out and give the key apart"
    )]
    Credentials,
}

impl Ingest {
    /// The host name or address, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        self.0
            .host_str()
            .unwrap_or_default()
            .trim_start_matches('[')
            .trim_end_matches(']')
    }

    /// The TCP port: 1935 for rtmp and 443 for rtmps unless the address says otherwise.
    pub fn port(&self) -> u16 {
        self.0
            .port()
            .unwrap_or(if self.is_tls() { 443 } else { 1935 })
    }

    /// Whether the connection is RTMPS.
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "rtmps"
    }

    /// The application: path and query without the leading slash, as `connect` names it.
    /// (YouTube's backup is `live2?backup=1`.)
    pub fn app(&self) -> String {
        let path = self.0.path().trim_matches('/');
        match self.0.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }

    /// Whether another address leads to the same place, however it is written.
    pub fn is_same_place(&self, other: &Self) -> bool {
        let place = |ingest: &Self| (ingest.port(), ingest.is_tls(), ingest.app());
        self.host().eq_ignore_ascii_case(other.host()) && place(self) == place(other)
    }

    /// The address as text. It holds no key.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Ingest {
    type Err = InvalidIngest;

    fn from_str(text: &str) -> Result<Self, InvalidIngest> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidIngest::NotAUrl)?;
        if !matches!(url.scheme(), "rtmp" | "rtmps") {
            return Err(InvalidIngest::Scheme(url.scheme().to_owned()));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidIngest::NoHost);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidIngest::Credentials);
        }
        if url.path().trim_matches('/').is_empty() {
            return Err(InvalidIngest::NoApp);
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for Ingest {
    type Error = InvalidIngest;

    fn try_from(text: String) -> Result<Self, InvalidIngest> {
        text.parse()
    }
}

impl From<Ingest> for String {
    fn from(ingest: Ingest) -> Self {
        ingest.0.into()
    }
}

impl fmt::Display for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, port: u16, tls: bool, app: &str) {
        let ingest: Ingest = text.parse().unwrap();
        assert_eq!(
            (
                ingest.host(),
                ingest.port(),
                ingest.is_tls(),
                &*ingest.app()
            ),
            (host, port, tls, app)
        );
    }

    #[test]
    fn parts_of_an_address() {
        check("rtmp://127.0.0.1/live", "127.0.0.1", 1935, false, "live");
        check("rtmps://a.example/app/x/", "a.example", 443, true, "app/x");
        check("rtmp://[::1]:1936/live", "::1", 1936, false, "live");
        check(
            "rtmps://b.rtmps.youtube.com/live2?backup=1",
            "b.rtmps.youtube.com",
            443,
            true,
            "live2?backup=1",
        );
    }

    #[track_caller]
    fn same_place(one: &str, other: &str, expected: bool) {
        let [one, other] = [one, other].map(|text| text.parse::<Ingest>().unwrap());
        assert_eq!(one.is_same_place(&other), expected);
    }

    #[test]
    fn one_place_in_several_spellings() {
        same_place(
            "rtmps://H.example/live",
            "rtmps://h.example:443/live/",
            true,
        );
        same_place("rtmp://h.example/live", "rtmps://h.example/live", false);
        same_place("rtmp://h.example/a?x=1", "rtmp://h.example/a?x=2", false);
    }

    #[test]
    fn what_is_no_ingest() {
        let refused = |text: &str| text.parse::<Ingest>().unwrap_err();
        assert_eq!(refused("live"), InvalidIngest::NotAUrl);
        assert_eq!(
            refused("http://h/live"),
            InvalidIngest::Scheme("http".into())
        );
        assert_eq!(refused("rtmp://h"), InvalidIngest::NoApp);
        assert_eq!(refused("rtmp://u:p@h/live"), InvalidIngest::Credentials);
        assert_eq!(refused("rtmp:///live"), InvalidIngest::NoHost);
    }
}
