//! What is wrong with a definition.

use std::fmt;

/// The class of a [`Problem`], with the names that Step Functions uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemCode {
    /// The text is not JSON.
    InvalidJson,
    /// A field is missing, unknown, of the wrong type or out of range.
    SchemaValidation,
    /// A `Next`, `Default` or `StartAt` names a state that does not exist.
    MissingTarget,
    /// Valid States Language that this interpreter does not run.
    Unsupported,
}

impl ProblemCode {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidJson => "INVALID_JSON_DESCRIPTION",
            Self::SchemaValidation => "SCHEMA_VALIDATION_FAILED",
            Self::MissingTarget => "MISSING_TRANSITION_TARGET",
            Self::Unsupported => "UNSUPPORTED",
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The class.
    pub code: ProblemCode,
    /// The path of the field, such as `/States/Stream/Retry[0]/MaxAttempts`; `/` is the
    /// definition itself.
    pub path: String,
    /// What is wrong, in words.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at {}", self.code.name(), self.message, self.path)
    }
}

/// A definition that cannot be run, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", joined(.problems))]
pub struct DefinitionError {
    problems: Vec<Problem>,
}

impl DefinitionError {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Everything that is wrong, in the order of the definition; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn joined(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
    texts.join(", ")
}
