//! A state machine's definition, checked and compiled.

mod fields;
mod parse;
mod problem;
mod resource;
mod retrier;
mod state;
mod template;

use std::collections::BTreeMap;

pub use problem::{DefinitionError, Problem, ProblemCode};
pub use resource::Resource;
pub(crate) use state::{Choice, Exit, State, Task, Transition, Wait, WaitFor};
pub(crate) use template::{Template, TemplateError};

/// A state machine that can be run: every field is known, every target exists and every
/// expression compiles.
#[derive(Debug, Clone)]
pub struct Definition {
    pub(crate) start_at: String,
    /// Seconds that an execution may take.
    pub(crate) timeout: Option<u64>,
    pub(crate) states: BTreeMap<String, State>,
}

impl Definition {
    /// Reads a definition in Amazon States Language.
    ///
    /// # Errors
    ///
    /// [`DefinitionError`] names everything that is wrong, each with its path: text that is not
    /// JSON, unknown or missing fields, targets that do not exist, expressions that do not
    /// compile, and what this interpreter does not run (`Map`, `Parallel`, JSONPath).
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        parse::definition(text)
    }

    /// What each Task state calls, by the state's name, in the order of the names.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Resource)> {
        self.states.iter().filter_map(|(name, state)| match state {
            State::Task(task) => Some((name.as_str(), &task.resource)),
            _ => None,
        })
    }
}
