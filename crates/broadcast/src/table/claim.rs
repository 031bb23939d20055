//! Who may write for an attempt.

/// A streamer's hold on an attempt, got by [`Table::claim`](super::Table::claim).
///
/// The number of the attempt keeps older attempts away. Within one attempt there can still be two
/// streamers: when the answer to RunTask is lost, Step Functions runs the task again. The claim
/// keeps the older one of them away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(super) attempt: u32,
    pub(super) streamer: String,
}

impl Claim {
    /// The attempt that is claimed.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// What must be true of the broadcast's owner for a write.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fence<'a> {
    /// Nothing.
    None,
    /// The attempt is the latest.
    Attempt(u32),
    /// And the streamer is its latest.
    Claim(&'a Claim),
}

impl Fence<'_> {
    pub(super) fn attempt(self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Attempt(attempt) => Some(attempt),
            Self::Claim(claim) => Some(claim.attempt),
        }
    }
}
