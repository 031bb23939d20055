//! Which of a destination's ingests is used.

use std::time::Duration;

use tokio::time::Instant;

/// How long before the air time a first ingest that is away makes way for its backup, so that the
/// show is not late: dialling, TLS and publishing take a second or two.
const AHEAD: Duration = Duration::from_secs(4);
/// What the first ingest gets at least, however close the air time is, and for its first try.
const AT_LEAST: Duration = Duration::from_secs(2);

/// One of the ingests of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    First,
    Backup,
}

/// What is to be done after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another try after a pause.
    Later,
    /// Another try at once, for it is at the other ingest.
    AtOnce,
    /// Nothing: no ingest is left that a try could help with.
    Never,
}

/// Which ingest is tried when.
///
/// The first one is, until it was away for as long as its owner says. Then the backup is, and the
/// show stays there as long as it works. Once it does not, both are tried turn by turn, with a
/// pause after each round, until one works.
///
/// A first ingest that has worked is waited for again when it is lost; one that takes the stream
/// and drops it at once has not worked. One that cannot help, because it refuses the key, is left
/// out; the other goes on alone.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// How long the first may be away; none if there is no backup.
    after: Option<Duration>,
    side: Side,
    /// Since when the first is away, while it is waited for.
    away: Option<Instant>,
    /// Whether it was lost, or a try there has failed.
    has_failed: bool,
    /// Whether the first is not waited for any more.
    in_turns: bool,
    first_is_hopeless: bool,
    backup_is_hopeless: bool,
}

impl Route {
    /// To an ingest, and to its backup after that time.
    pub(super) fn new(after: Option<Duration>) -> Self {
        Self {
            after,
            side: Side::First,
            away: None,
            has_failed: false,
            in_turns: false,
            first_is_hopeless: false,
            backup_is_hopeless: after.is_none(),
        }
    }

    /// The ingest to try, or in use.
    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// The ingest is tried.
    pub(super) fn tries(&mut self, now: Instant) {
        self.away.get_or_insert(now);
    }

    /// When the first ingest makes way for its backup, if it does not come back.
    pub(super) fn makes_way_at(&self, air_time: Instant) -> Option<Instant> {
        if !self.can_make_way() {
            return None;
        }
        let (away, after) = (self.away?, self.after?);
        let ahead = air_time.saturating_duration_since(away);
        let patience = match ahead.is_zero() {
            true => after,
            false => after.min(ahead.saturating_sub(AHEAD).max(AT_LEAST)),
        };
        let at_least = match self.has_failed {
            true => Duration::ZERO,
            false => AT_LEAST,
        };
        Some(away + patience.max(at_least))
    }

    /// The first ingest makes way for its backup, if it has one that was not tried yet.
    pub(super) fn make_way(&mut self) -> bool {
        let can = self.can_make_way();
        if can {
            self.side = Side::Backup;
            self.in_turns = true;
        }
        can
    }

    /// The ingest could not be reached or did not take the stream. If it is `hopeless`, another
    /// try there cannot help.
    pub(super) fn failed(&mut self, hopeless: bool) -> Next {
        self.has_failed = true;
        match self.side {
            Side::First => self.first_is_hopeless |= hopeless,
            Side::Backup => self.backup_is_hopeless |= hopeless,
        }
        match (self.first_is_hopeless, self.backup_is_hopeless, self.side) {
            (true, true, _) => Next::Never,
            (true, false, Side::First) => self.turn_to_backup(),
            (false, true, Side::Backup) => self.turn_to_first(),
            (false, false, Side::First) if self.in_turns => self.turn_to_backup(),
            (false, false, Side::Backup) => self.turn_to_first(),
            _ => Next::Later,
        }
    }

    /// The connection was lost. `worked` says whether it had been of use.
    pub(super) fn lost(&mut self, worked: bool, now: Instant) -> Next {
        if !worked {
            return self.failed(false);
        }
        if self.side == Side::First {
            self.in_turns = false;
            self.away = Some(now);
            self.has_failed = true;
        }
        Next::Later
    }

    /// The ingest in use has worked and asks to be left for a moment. A first one is tried again,
    /// and away from now on only.
    pub(super) fn left(&mut self, now: Instant) {
        if self.side == Side::First {
            self.in_turns = false;
            self.away = Some(now);
            self.has_failed = false;
        }
    }

    fn can_make_way(&self) -> bool {
        self.side == Side::First && !self.in_turns && !self.backup_is_hopeless
    }

    fn turn_to_backup(&mut self) -> Next {
        self.side = Side::Backup;
        self.in_turns = true;
        Next::AtOnce
    }

    fn turn_to_first(&mut self) -> Next {
        self.side = Side::First;
        Next::Later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// What happens at the ingest in use.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Fails,
        Refuses,
        IsLostAfterWork,
        IsLostAtOnce,
        DoesNotComeBack,
    }
    use Next::{AtOnce, Later, Never};
    use Side::{Backup, First};
    use Step::{DoesNotComeBack, Fails, IsLostAfterWork, IsLostAtOnce, Refuses};

    #[track_caller]
    fn check(has_backup: bool, steps: &[(Step, Next, Side)]) {
        let now = Instant::now();
        let mut route = Route::new(has_backup.then_some(s(10)));
        for (step, next, side) in steps {
            route.tries(now);
            let answer = match step {
                Fails => route.failed(false),
                Refuses => route.failed(true),
                IsLostAfterWork => route.lost(true, now),
                IsLostAtOnce => route.lost(false, now),
                DoesNotComeBack if route.make_way() => AtOnce,
                DoesNotComeBack => Later,
            };
            assert_eq!((answer, route.side()), (*next, *side), "{step:?}");
        }
    }

    #[test]
    fn without_a_backup_the_first_is_all_there_is() {
        check(
            false,
            &[
                (Fails, Later, First),
                (DoesNotComeBack, Later, First),
                (IsLostAfterWork, Later, First),
                (Refuses, Never, First),
            ],
        );
    }

    #[test]
    fn the_backup_is_used_when_the_first_does_not_come_back() {
        check(
            true,
            &[
                (IsLostAfterWork, Later, First),
                (Fails, Later, First),
                (IsLostAtOnce, Later, First),
                (DoesNotComeBack, AtOnce, Backup),
                // It stays there as long as that works.
                (IsLostAfterWork, Later, Backup),
                (IsLostAfterWork, Later, Backup),
            ],
        );
    }

    #[test]
    fn once_the_backup_fails_both_are_tried_turn_by_turn() {
        check(
            true,
            &[
                (DoesNotComeBack, AtOnce, Backup),
                (IsLostAfterWork, Later, Backup),
                (Fails, Later, First),
                (Fails, AtOnce, Backup),
                (IsLostAtOnce, Later, First),
                (IsLostAtOnce, AtOnce, Backup),
                (Fails, Later, First),
                // It is waited for again once it has worked.
                (IsLostAfterWork, Later, First),
                (Fails, Later, First),
                (DoesNotComeBack, AtOnce, Backup),
            ],
        );
    }

    #[test]
    fn one_that_refuses_the_key_leaves_it_to_the_other() {
        check(
            true,
            &[
                (DoesNotComeBack, AtOnce, Backup),
                (Refuses, Later, First),
                (Fails, Later, First),
                (IsLostAfterWork, Later, First),
                (DoesNotComeBack, Later, First),
                (Refuses, Never, First),
            ],
        );
        check(
            true,
            &[
                (Refuses, AtOnce, Backup),
                (Fails, Later, Backup),
                (IsLostAfterWork, Later, Backup),
                (Refuses, Never, Backup),
            ],
        );
    }

    /// A first ingest that is tried from `ahead` before the air time on makes way after that time.
    #[track_caller]
    fn check_makes_way(after: u64, ahead: u64, expected: u64) {
        let now = Instant::now();
        let mut route = Route::new(Some(s(after)));
        route.tries(now);
        assert!(route.makes_way_at(now + s(ahead)).unwrap() - now >= AT_LEAST);
        route.failed(false);
        route.tries(now + s(1));
        let at = route.makes_way_at(now + s(ahead)).unwrap();
        assert_eq!(at - now, s(expected));
    }

    #[test]
    fn before_the_air_time_it_makes_way_early_enough() {
        check_makes_way(10, 0, 10);
        check_makes_way(10, 8, 4);
        check_makes_way(3, 8, 3);
        check_makes_way(10, 1, 2);
        check_makes_way(1, 1, 1);
        check_makes_way(0, 8, 0);
        check_makes_way(0, 0, 0);
        check_makes_way(10, 3600, 10);
    }

    #[test]
    fn one_that_asks_to_be_left_after_an_hour_is_tried_again_first() {
        let now = Instant::now();
        for (after, expected) in [(s(10), s(10)), (s(0), AT_LEAST)] {
            let mut route = Route::new(Some(after));
            route.tries(now);
            let later = now + s(3600);
            route.left(later);
            route.tries(later);
            assert_eq!(route.makes_way_at(now), Some(later + expected));
        }
    }

    #[test]
    fn there_is_no_such_moment_without_a_backup_or_on_it() {
        let now = Instant::now();
        let mut alone = Route::new(None);
        alone.tries(now);
        assert_eq!(alone.makes_way_at(now), None);
        let mut route = Route::new(Some(s(1)));
        assert_eq!(route.makes_way_at(now), None, "not tried yet");
        route.tries(now);
        assert!(route.make_way());
        assert_eq!(route.makes_way_at(now), None);
        assert!(!route.make_way());
    }
}
