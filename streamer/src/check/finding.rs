//! What is found, and how bad it is.

use std::fmt;

use broadcast::Platform;
use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The platform refuses it, ends it or does not show it, by what it publishes.
    Error,
    /// It may be refused or look wrong.
    Warning,
    /// Good to know.
    Note,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule that is broken: a name that stays, for programs.
    pub rule: String,
    /// Whose rule that is; none if every ingest needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// What was found, in words.
    pub what: String,
    /// What would be right, in words.
    pub limit: String,
    /// Where that is written: a web address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether the command of the report mends it.
    pub fixable: bool,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Finding {
    /// Whose rule it is, in a word or two.
    pub fn whose(&self) -> &'static str {
        self.platform.map_or("every ingest", Platform::name)
    }
}

/// `facebook: there is no sound (sound is required)`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.whose(), self.what, self.limit)
    }
}
