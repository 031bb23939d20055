//! What a task reads from its environment. Nothing secret is in it.

use broadcast::{BroadcastId, table};

use crate::{address::AddressPolicy, ingest::DialPolicy};

/// Which attempt a task is, and how it may reach out.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `BROADCAST_ID`.
    pub broadcast: BroadcastId,
    /// `ATTEMPT`, from 1.
    pub attempt: u32,
    /// `TABLE`; `matinee` unless said otherwise.
    pub table: String,
    /// `METRICS_NAMESPACE`: CloudWatch's name for where the metrics belong. Unset or empty: none
    /// are written.
    pub metrics_namespace: Option<String>,
    /// `DEPLOYMENT`: the dimension of the metrics; the table's name unless said otherwise.
    pub deployment: String,
    /// `ALLOW_PRIVATE_ADDRESSES=true`: sources and ingests may be on loopback and in private
    /// networks.
    pub addresses: AddressPolicy,
    /// How ingests are connected to: `INGEST_CA_FILE` and `INGEST_CA_PEM` are certificates to trust
    /// beside those that the system trusts, as a PEM file and as its text.
    dial: DialPolicy,
}

/// Why an environment is not one to run in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A variable that has to be there is not.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable's value makes no sense.
    #[error("the environment variable {name} is {value:?}; it has to be {wanted}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it has to be.
        wanted: &'static str,
    },
}

impl Settings {
    /// Reads the settings from variables.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let broadcast = variable("BROADCAST_ID").ok_or(SettingsError::Missing("BROADCAST_ID"))?;
        let broadcast = broadcast.parse().map_err(|_| SettingsError::Invalid {
            name: "BROADCAST_ID",
            value: broadcast,
            wanted: "the id of a broadcast",
        })?;
        let attempt = variable("ATTEMPT").ok_or(SettingsError::Missing("ATTEMPT"))?;
        let attempt = match attempt.parse() {
            Ok(number) if number > 0 => number,
            _ => {
                return Err(SettingsError::Invalid {
                    name: "ATTEMPT",
                    value: attempt,
                    wanted: "a number from 1",
                });
            }
        };
        let allow_private = match variable("ALLOW_PRIVATE_ADDRESSES").as_deref() {
            Some("true") => true,
            None | Some("" | "false") => false,
            Some(other) => {
                return Err(SettingsError::Invalid {
                    name: "ALLOW_PRIVATE_ADDRESSES",
                    value: other.to_owned(),
                    wanted: "true or false",
                });
            }
        };
        let addresses = AddressPolicy { allow_private };
        let table = variable("TABLE").unwrap_or_else(|| table::DEFAULT_NAME.to_owned());
        let unless_empty = |name| variable(name).filter(|value| !value.is_empty());
        Ok(Self {
            broadcast,
            attempt,
            metrics_namespace: unless_empty("METRICS_NAMESPACE"),
            deployment: unless_empty("DEPLOYMENT").unwrap_or_else(|| table.clone()),
            table,
            addresses,
            dial: DialPolicy::new(addresses).with_certificates(&variable),
        })
    }

    /// How ingests are connected to.
    pub fn dial_policy(&self) -> DialPolicy {
        self.dial.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_variables(|name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn an_attempt_of_a_broadcast() {
        let settings = read(&[("BROADCAST_ID", "20261201-1930-abcd"), ("ATTEMPT", "2")]).unwrap();
        assert_eq!((settings.attempt, settings.table.as_str()), (2, "matinee"));
        assert_eq!(settings.addresses, AddressPolicy::PUBLIC);
        assert_eq!(settings.metrics_namespace, None);
        assert_eq!(settings.deployment, "matinee");
    }

    #[test]
    fn certificates_as_a_file_and_as_text() {
        let id = ("BROADCAST_ID", "20261201-1930-abcd");
        let attempt = ("ATTEMPT", "1");
        let dial = |more: &[(&str, &str)]| {
            let settings = read(&[&[id, attempt], more].concat()).unwrap();
            let DialPolicy {
                ca_file, ca_pem, ..
            } = settings.dial_policy();
            (ca_file.map(|path| path.display().to_string()), ca_pem)
        };
        assert_eq!(
            dial(&[("INGEST_CA_FILE", ""), ("INGEST_CA_PEM", "")]),
            (None, None)
        );
        assert_eq!(
            dial(&[
                ("INGEST_CA_FILE", "/ca.pem"),
                ("INGEST_CA_PEM", "-----BEGIN")
            ]),
            (Some("/ca.pem".to_owned()), Some("-----BEGIN".to_owned()))
        );
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], refusal: &str) {
        assert_eq!(read(variables).unwrap_err().to_string(), refusal);
    }

    #[test]
    fn what_cannot_be_run() {
        let id = ("BROADCAST_ID", "20261201-1930-abcd");
        check(&[], "the environment variable BROADCAST_ID is not set");
        check(&[id], "the environment variable ATTEMPT is not set");
        check(
            &[id, ("ATTEMPT", "0")],
            r#"the environment variable ATTEMPT is "0"; it has to be a number from 1"#,
        );
        check(
            &[id, ("ATTEMPT", "1"), ("ALLOW_PRIVATE_ADDRESSES", "yes")],
            r#"the environment variable ALLOW_PRIVATE_ADDRESSES is "yes"; it has to be true or false"#,
        );
    }
}
