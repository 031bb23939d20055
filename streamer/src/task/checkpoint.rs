//! From one attempt to the next: where each destination goes on, and what of an earlier attempt
//! stays true. Pure.

use broadcast::{DestinationProgress, MediaTime, Progress};

/// What is known of a destination from the attempts before.
pub(super) fn of<'a>(before: Option<&'a Progress>, name: &str) -> Option<&'a DestinationProgress> {
    before?
        .destinations
        .iter()
        .find(|destination| destination.name == name)
}

/// Where a destination goes on.
pub(super) fn position(before: Option<&Progress>, name: &str) -> MediaTime {
    of(before, name).map_or(MediaTime::ZERO, |destination| destination.position)
}

/// The progress of this attempt together with what stays true of those before: the checkpoint
/// never goes back, a broadcast goes on air once, and what is counted is counted on. Destinations that this attempt does not
/// play come first as `others` say.
pub(super) fn merged(
    mut progress: Progress,
    before: Option<&Progress>,
    others: &[DestinationProgress],
) -> Progress {
    for destination in &mut progress.destinations {
        let Some(before) = of(before, &destination.name) else {
            continue;
        };
        destination.position = destination.position.max(before.position);
        destination.video_frames += before.video_frames;
        destination.audio_frames += before.audio_frames;
        destination.bytes += before.bytes;
        destination.reconnects += before.reconnects;
        if before.on_air_at.is_some() {
            destination.on_air_at = before.on_air_at;
            destination.on_air_error_ms = before.on_air_error_ms;
        }
    }
    progress.destinations.splice(0..0, others.iter().cloned());
    progress
}

#[cfg(test)]
mod tests {
    use broadcast::Phase;

    use super::*;

    fn progress(destinations: Vec<DestinationProgress>) -> Progress {
        Progress {
            attempt: 2,
            phase: Phase::OnAir,
            duration: MediaTime::from_millis(60_000),
            heartbeat: "2026-12-01T19:30:10Z".parse().unwrap(),
            destinations,
        }
    }

    fn at(name: &str, seconds: i64, error: Option<f64>) -> DestinationProgress {
        DestinationProgress {
            name: name.into(),
            position: MediaTime::from_millis(seconds * 1_000),
            on_air_error_ms: error,
            on_air_at: error.and("2026-12-01T19:30:00Z".parse().ok()),
            ..DestinationProgress::default()
        }
    }

    #[test]
    fn a_checkpoint_never_goes_back_and_a_broadcast_goes_on_air_once() {
        let before = progress(vec![at("a", 30, Some(4.0)), at("b", 0, None)]);
        let now = progress(vec![at("a", 28, None), at("b", 1, Some(9.0))]);
        let merged = merged(now, Some(&before), &[]);
        assert_eq!(
            merged.destinations,
            [at("a", 30, Some(4.0)), at("b", 1, Some(9.0))]
        );
        assert_eq!(position(Some(&merged), "a"), MediaTime::from_millis(30_000));
        assert_eq!(position(None, "a"), MediaTime::ZERO);
    }

    #[test]
    fn what_is_counted_is_counted_on() {
        let counted = |times: u64| DestinationProgress {
            video_frames: 30 * times,
            audio_frames: 40 * times,
            bytes: 1_000 * times,
            reconnects: times as u32,
            bitrate: 8_000,
            ..at("a", 1, None)
        };
        let merged = merged(
            progress(vec![counted(1)]),
            Some(&progress(vec![counted(2)])),
            &[],
        );
        assert_eq!(merged.destinations, [counted(3)]);
    }

    #[test]
    fn destinations_that_are_not_played_stay_in_the_account() {
        let done = DestinationProgress {
            finished: true,
            ..at("a", 60, Some(4.0))
        };
        let merged = merged(
            progress(vec![at("b", 1, None)]),
            None,
            std::slice::from_ref(&done),
        );
        assert_eq!(merged.destinations, [done, at("b", 1, None)]);
    }
}
