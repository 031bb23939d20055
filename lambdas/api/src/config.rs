//! What a deployment decides, and the clients that everything goes through.

use aws_config::SdkConfig;
use broadcast::{Platform, Probe, keys::Keys, table::Table};
use streamer::address::AddressPolicy;

/// What a deployment decides.
#[derive(Clone, Debug)]
pub struct Config {
    /// The DynamoDB table.
    pub table: String,
    /// The state machine that runs a broadcast.
    pub state_machine_arn: String,
    /// The group of the scheduler's entries.
    pub schedule_group: String,
    /// The role with which the scheduler starts executions.
    pub scheduler_role_arn: String,
    /// Where entries go that could not be delivered in time.
    pub dead_letter_queue_arn: String,
    /// Whether a source may be a file or plain `http`: true where the streamer runs on the machine
    /// of the one who schedules.
    pub local_sources: bool,
    /// Whether a video may be at a private address, as the streamer's variable of this name says.
    pub allow_private_addresses: bool,
    /// Up to how many seconds are added to the lead of a broadcast whose request names none, so
    /// that many of one air time do not all start at once.
    pub lead_spread_seconds: u64,
    /// How keys are tried where the request does not say.
    pub probes: DefaultProbes,
    /// Whether videos are checked when they are scheduled.
    pub check_videos: bool,
}

/// How a platform's keys are tried before the show where the request does not say.
///
/// Changed by `PROBES=facebook=connect,youtube=none`: what a platform makes of a probe is for the
/// platform to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultProbes(Vec<(Platform, Probe)>);

/// Why the environment is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// A variable that must be there is not.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable's value is none of those it can have.
    #[error("environment variable {name} cannot be {value:?}; {expected}")]
    Value {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
}

impl Config {
    /// Reads `TABLE`, `STATE_MACHINE_ARN`, `SCHEDULE_GROUP`, `SCHEDULER_ROLE_ARN`,
    /// `DEAD_LETTER_QUEUE_ARN` and, where set, `LOCAL_SOURCES`, `ALLOW_PRIVATE_ADDRESSES`,
    /// `LEAD_SPREAD_SECONDS`, `PROBES` and `CHECK_VIDEOS`.
    ///
    /// # Errors
    /// A variable is missing or is not what it should be.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidConfig> {
        let required = |name| variable(name).ok_or(InvalidConfig::Missing(name));
        Ok(Self {
            table: variable("TABLE").unwrap_or_else(|| "matinee".to_owned()),
            state_machine_arn: required("STATE_MACHINE_ARN")?,
            schedule_group: required("SCHEDULE_GROUP")?,
            scheduler_role_arn: required("SCHEDULER_ROLE_ARN")?,
            dead_letter_queue_arn: required("DEAD_LETTER_QUEUE_ARN")?,
            local_sources: flag(&variable, "LOCAL_SOURCES", false)?,
            allow_private_addresses: flag(&variable, "ALLOW_PRIVATE_ADDRESSES", false)?,
            lead_spread_seconds: match variable("LEAD_SPREAD_SECONDS").as_deref() {
                None | Some("") => 0,
                Some(value) => value.parse().map_err(|_| InvalidConfig::Value {
                    name: "LEAD_SPREAD_SECONDS",
                    value: value.to_owned(),
                    expected: "it is a number of seconds",
                })?,
            },
            probes: DefaultProbes::parse(&variable("PROBES").unwrap_or_default())?,
            check_videos: flag(&variable, "CHECK_VIDEOS", true)?,
        })
    }

    /// Where videos may be: where the streamer reads them.
    pub(crate) const fn addresses(&self) -> AddressPolicy {
        AddressPolicy {
            allow_private: self.local_sources || self.allow_private_addresses,
        }
    }
}

fn flag(
    variable: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: bool,
) -> Result<bool, InvalidConfig> {
    match variable(name).as_deref() {
        None | Some("") => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(value) => Err(InvalidConfig::Value {
            name,
            value: value.to_owned(),
            expected: "it is true or false",
        }),
    }
}

impl DefaultProbes {
    /// The probe of a platform.
    pub fn of(&self, platform: Platform) -> Probe {
        self.0
            .iter()
            .find(|(named, _)| *named == platform)
            .map_or(Probe::default(), |(_, probe)| *probe)
    }

    fn parse(text: &str) -> Result<Self, InvalidConfig> {
        let refused = || InvalidConfig::Value {
            name: "PROBES",
            value: text.to_owned(),
            expected: "it looks like facebook=connect,youtube=publish,custom=none",
        };
        text.split(',')
            .filter(|pair| !pair.trim().is_empty())
            .map(|pair| {
                let (platform, probe) = pair.split_once('=').ok_or_else(refused)?;
                let probe = match probe.trim() {
                    "publish" => Probe::Publish,
                    "connect" => Probe::Connect,
                    "none" => Probe::None,
                    _ => return Err(refused()),
                };
                let platform = platform.trim().parse().map_err(|_| refused())?;
                Ok((platform, probe))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// The clients and the configuration, made once and reused by every request.
#[derive(Clone, Debug)]
pub struct Api {
    pub(crate) config: Config,
    /// What all clients are made of.
    pub(crate) sdk: SdkConfig,
    pub(crate) table: Table,
    pub(crate) keys: Keys,
    pub(crate) scheduler: aws_sdk_scheduler::Client,
    pub(crate) workflows: aws_sdk_sfn::Client,
}

impl Api {
    /// Clients of the AWS that `sdk` points to.
    pub fn new(sdk: &SdkConfig, config: Config) -> Self {
        Self {
            sdk: sdk.clone(),
            table: Table::new(sdk, config.table.clone()),
            keys: Keys::new(sdk),
            scheduler: aws_sdk_scheduler::Client::new(sdk),
            workflows: aws_sdk_sfn::Client::new(sdk),
            config,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &[(&str, &str)]) -> Result<Config, String> {
        let mut variables = vec![
            ("STATE_MACHINE_ARN", "arn:machine"),
            ("SCHEDULE_GROUP", "matinee"),
            ("SCHEDULER_ROLE_ARN", "arn:role"),
            ("DEAD_LETTER_QUEUE_ARN", "arn:queue"),
        ];
        variables.extend(more);
        Config::from_variables(|name| {
            let (_, value) = variables.iter().rev().find(|(key, _)| *key == name)?;
            Some((*value).to_owned())
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn aws_is_the_default() {
        let config = config(&[]).unwrap();
        assert_eq!((&*config.table, config.local_sources), ("matinee", false));
        assert_eq!(config.probes.of(Platform::Facebook), Probe::Publish);
    }

    #[test]
    fn videos_are_checked_unless_that_is_switched_off() {
        assert!(config(&[]).unwrap().check_videos);
        assert!(!config(&[("CHECK_VIDEOS", "false")]).unwrap().check_videos);
    }

    #[test]
    fn videos_are_read_where_the_streamer_reads_them() {
        let addresses = |more: &[(&str, &str)]| config(more).unwrap().addresses();
        assert_eq!(addresses(&[]), AddressPolicy::PUBLIC);
        for name in ["ALLOW_PRIVATE_ADDRESSES", "LOCAL_SOURCES"] {
            assert_eq!(addresses(&[(name, "true")]), AddressPolicy::PRIVATE_TOO);
        }
        // A name that lies at a private address is one to read, no file and no plain http.
        let private = config(&[("ALLOW_PRIVATE_ADDRESSES", "true")]).unwrap();
        assert!(!private.local_sources);
    }

    #[test]
    fn one_machine_and_probes() {
        let config = config(&[("LOCAL_SOURCES", "true"), ("PROBES", "facebook=connect")]).unwrap();
        assert!(config.local_sources);
        assert_eq!(config.probes.of(Platform::Facebook), Probe::Connect);
        assert_eq!(config.probes.of(Platform::Custom), Probe::Publish);
    }

    #[test]
    fn a_wrong_value_is_told_at_the_start() {
        assert!(config(&[("LOCAL_SOURCES", "yes")]).is_err());
        assert!(config(&[("CHECK_VIDEOS", "no")]).is_err());
        assert!(config(&[("ALLOW_PRIVATE_ADDRESSES", "yes")]).is_err());
        assert!(config(&[("PROBES", "facebook")]).is_err());
        assert!(config(&[("LEAD_SPREAD_SECONDS", "10m")]).is_err());
        let error = Config::from_variables(|_| None).unwrap_err().to_string();
        assert_eq!(error, "environment variable STATE_MACHINE_ARN is not set");
    }
}
