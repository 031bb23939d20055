//! Faults as the command line names them.

use std::{str::FromStr, time::Duration};

use ingest::{After, Duplicates, Fault, Options, Stage, Words};

/// One fault: what it is called, and its values.
#[derive(Clone)]
pub(crate) struct FaultSpec {
    name: String,
    values: Vec<String>,
}

impl FromStr for FaultSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':').map(str::to_owned);
        let spec = Self {
            name: parts.next().unwrap_or_default(),
            values: parts.collect(),
        };
        spec.apply(&mut Options::default())?;
        Ok(spec)
    }
}

impl FaultSpec {
    /// Makes the ingest behave so.
    pub(crate) fn apply(&self, options: &mut Options) -> Result<(), String> {
        let behaviour = &mut options.behaviour;
        match self.name.as_str() {
            "cut" => options.faults.push(Fault::Cut {
                after: self.after()?,
                away: self.seconds(1).unwrap_or_default(),
            }),
            "stall" => options.faults.push(Fault::Stall {
                after: self.after()?,
            }),
            "half-close" => options.faults.push(Fault::HalfClose {
                after: self.after()?,
            }),
            "go-away" => options.faults.push(Fault::GoAway {
                after: self.after()?,
            }),
            "none" => options.faults.push(Fault::None),
            "refuse" => behaviour.refuse = true,
            "stall-reading" => behaviour.stall_reading = true,
            "slow" => behaviour.read_rate = Some(self.number(0)?),
            "never-acknowledge" => behaviour.acknowledge = false,
            "reject-connect" => behaviour.reject_connect = true,
            "reject-publish" => {
                behaviour.reject_publish = Some(Words {
                    code: self.value(0)?.to_owned(),
                    description: self.value(1)?.to_owned(),
                });
            }
            "close-before-publish-start" => behaviour.close_before_publish_start = true,
            "silent-from" => {
                behaviour.silent_from = Some(match self.value(0)? {
                    "handshake" => Stage::Handshake,
                    "connect" => Stage::Connect,
                    "publish" => Stage::Publish,
                    other => return Err(format!("no stage is called {other}")),
                });
            }
            "window" => behaviour.window = Some(self.number(0)?),
            "bandwidth" => behaviour.peer_bandwidth = Some(self.number(0)?),
            "codecs" => behaviour.codecs = self.value(0)?.split(',').map(str::to_owned).collect(),
            "receive-buffer" => options.receive_buffer = Some(self.number(0)?),
            "one-at-a-time" => options.duplicates = Duplicates::Reject,
            other => return Err(format!("no fault is called {other}; see --help")),
        }
        Ok(())
    }

    fn after(&self) -> Result<After, String> {
        Ok(After::MediaTime(self.seconds(0)?))
    }

    fn seconds(&self, at: usize) -> Result<Duration, String> {
        Duration::try_from_secs_f64(self.number(at)?).map_err(|error| error.to_string())
    }

    fn number<N: FromStr>(&self, at: usize) -> Result<N, String> {
        let text = self.value(at)?;
        let wrong = |_| format!("{text} is no number that {} takes", self.name);
        text.parse().map_err(wrong)
    }

    fn value(&self, at: usize) -> Result<&str, String> {
        let value = self.values.get(at).map(String::as_str);
        value.ok_or_else(|| format!("{} wants a value: {}:VALUE", self.name, self.name))
    }
}
