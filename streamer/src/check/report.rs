//! What a check says in the end.

use broadcast::Platform;
use serde::Serialize;

use super::{
    facts::Facts,
    finding::{Finding, Severity},
};

/// What is known of a video, what is wrong with it, and what it took to find out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The video, as it may be shown.
    pub source: String,
    /// For whom it was judged.
    pub platforms: Vec<Platform>,
    /// What is known of it; nothing if it cannot be sent at all.
    pub facts: Option<Facts>,
    /// What is wrong with it, the worst first.
    pub findings: Vec<Finding>,
    /// The ffmpeg command that mends what a command can mend.
    pub command: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes that were read of it.
    pub bytes_read: u64,
    /// Reads that this took.
    pub requests: u64,
}

impl Report {
    /// The findings of one severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter();
        findings.filter(move |found| found.severity == severity)
    }

    /// Whether a platform refuses it.
    pub fn has_errors(&self) -> bool {
        self.of(Severity::Error).next().is_some()
    }
}
