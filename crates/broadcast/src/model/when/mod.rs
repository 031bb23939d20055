//! Wall-clock times: what a person writes, as one instant.
//!
//! A time is resolved when the broadcast is scheduled, in the zone its owner thinks in, and from
//! then on it is an instant: nobody guesses later what a clock will show.

mod clock;
mod error;
mod parse;
mod span;
#[cfg(test)]
mod tests;

pub use error::{Choice, WhenError};
pub use parse::parse;
pub use span::{span, span_in_words};

/// Which of two instants is meant by a time that the clocks show twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguity {
    /// The first, before the clocks go back.
    Earlier,
    /// The second, after it.
    Later,
}
