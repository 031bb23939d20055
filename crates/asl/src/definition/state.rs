//! The states.

use std::fmt;

use chrono::{DateTime, Utc};

use super::resource::Resource;
use super::retrier::{ErrorEquals, Retrier};
use super::template::Template;

/// One state.
#[derive(Debug, Clone)]
pub(crate) enum State {
    Task(Box<Task>),
    Pass(Exit),
    Choice(Choice),
    Wait(Wait),
    Succeed {
        output: Option<Template>,
    },
    Fail {
        error: Option<Template>,
        cause: Option<Template>,
    },
}

impl fmt::Display for State {
    /// The `Type`, which begins the names of the state's history events.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Task(_) => "Task",
            Self::Pass(_) => "Pass",
            Self::Choice(_) => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed { .. } => "Succeed",
            Self::Fail { .. } => "Fail",
        })
    }
}

/// How a state is left.
#[derive(Debug, Clone)]
pub(crate) struct Exit {
    pub(crate) assign: Vec<(String, Template)>,
    pub(crate) output: Option<Template>,
    pub(crate) transition: Transition,
}

/// Where a state leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Transition {
    Next(String),
    End,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) resource: Resource,
    pub(crate) arguments: Option<Template>,
    pub(crate) credentials: Option<Template>,
    pub(crate) timeout: Option<Template>,
    pub(crate) heartbeat: Option<Template>,
    pub(crate) retriers: Vec<Retrier>,
    pub(crate) catchers: Vec<Catcher>,
    pub(crate) exit: Exit,
}

/// One entry of `Catch`.
#[derive(Debug, Clone)]
pub(crate) struct Catcher {
    pub(crate) errors: ErrorEquals,
    pub(crate) exit: Exit,
}

#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// Conditions in order, each with where it leads.
    pub(crate) rules: Vec<(Template, Exit)>,
    pub(crate) default: Option<Exit>,
}

#[derive(Debug, Clone)]
pub(crate) struct Wait {
    pub(crate) wait_for: WaitFor,
    pub(crate) exit: Exit,
}

#[derive(Debug, Clone)]
pub(crate) enum WaitFor {
    Seconds(Template),
    Timestamp(Template),
}

impl WaitFor {
    /// RFC 3339 with `T` and a zone, as the States Language requires it.
    pub(crate) fn timestamp(text: &str) -> Option<DateTime<Utc>> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        text.contains('T').then(|| time.with_timezone(&Utc))
    }
}
