use broadcast::MediaTime;
use serde_json::json;

use super::{super::emf_rules::check_emf, *};

fn metrics(before: Option<&Progress>) -> Metrics {
    let variables = [
        ("BROADCAST_ID", "20261201-1930-abcd"),
        ("ATTEMPT", "2"),
        ("TABLE", "shows"),
        ("METRICS_NAMESPACE", "Matinee"),
    ];
    let settings = Settings::from_variables(|name| {
        let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    });
    Metrics::new(&settings.unwrap(), before).unwrap()
}

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-12-01T{time}Z").parse().unwrap()
}

fn update(phase: Phase, bytes: u64, reconnects: u32, stalled_ms: u64) -> Update {
    let has_begun = !matches!(phase, Phase::Opening | Phase::Standby);
    let destination = DestinationProgress {
        name: "main".into(),
        bytes,
        reconnects,
        on_air_at: has_begun.then(|| at("19:30:00.004")),
        on_air_error_ms: has_begun.then_some(4.25),
        ..DestinationProgress::default()
    };
    Update {
        phase,
        destinations: vec![destination],
        stalled: Duration::from_millis(stalled_ms),
        ..Update::default()
    }
}

/// The metrics of the lines that come of updates at times of a day, and of the end.
#[track_caller]
fn check(metrics: Metrics, updates: &[(&str, Update)], end: &str, expected: &[Value]) {
    let mut metrics = metrics;
    let mut lines: Vec<String> = updates
        .iter()
        .filter_map(|(time, update)| metrics.observe(update, at(time)))
        .collect();
    lines.extend(metrics.finish(at(end)));
    let told: Vec<Value> = lines
        .iter()
        .map(|line| {
            let mut line = check_emf(line);
            assert_eq!(line["Deployment"], "shows");
            assert_eq!(line["broadcast"], "20261201-1930-abcd");
            assert_eq!(line["attempt"], 2);
            let members = line.as_object_mut().unwrap();
            for name in ["_aws", "Deployment", "broadcast", "attempt"] {
                members.remove(name);
            }
            line
        })
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn a_minute_on_air_is_a_line() {
    use Phase::{Finished, OnAir, Opening, Standby};
    let updates = [
        ("19:26:00", update(Opening, 0, 0, 0)),
        ("19:27:00", update(Standby, 0, 0, 0)),
        ("19:30:00.005", update(OnAir, 900, 0, 0)),
        ("19:30:30", update(OnAir, 30_000, 0, 0)),
        ("19:31:00.4", update(OnAir, 60_000, 0, 0)),
        ("19:31:59", update(OnAir, 110_000, 1, 2_500)),
        ("19:32:00.2", update(OnAir, 120_000, 1, 2_500)),
        ("19:32:10", update(Finished, 130_000, 1, 2_500)),
    ];
    let expected = [
        json!({ "OnAir": 1, "OnAirErrorMs": 4.25, "Reconnects": 0, "BytesSent": 900, "StallSeconds": 0.0 }),
        json!({ "OnAir": 1, "Reconnects": 0, "BytesSent": 59_100, "StallSeconds": 0.0 }),
        json!({ "OnAir": 1, "Reconnects": 1, "BytesSent": 60_000, "StallSeconds": 2.5 }),
        json!({ "Reconnects": 0, "BytesSent": 10_000, "StallSeconds": 0.0 }),
    ];
    check(metrics(None), &updates, "19:32:10", &expected);
}

#[test]
fn an_interruption_is_told_while_it_lasts() {
    use Phase::{Interrupted, OnAir};
    let updates = [
        ("19:30:00.005", update(OnAir, 900, 0, 0)),
        ("19:30:50", update(Interrupted, 1_000, 0, 9_000)),
        ("19:31:00.1", update(Interrupted, 1_000, 0, 19_100)),
        ("19:31:10", update(Interrupted, 1_000, 0, 29_000)),
        // While it lasts it is known less well than when it is over.
        ("19:31:20", update(OnAir, 1_100, 1, 28_900)),
        ("19:31:30", update(OnAir, 1_200, 1, 28_900)),
    ];
    let expected = [
        json!({ "OnAir": 1, "OnAirErrorMs": 4.25, "Reconnects": 0, "BytesSent": 900, "StallSeconds": 0.0 }),
        json!({ "Reconnects": 0, "BytesSent": 100, "StallSeconds": 19.1 }),
        json!({ "OnAir": 1, "Reconnects": 1, "BytesSent": 100, "StallSeconds": 9.9 }),
        json!({ "Reconnects": 0, "BytesSent": 100, "StallSeconds": 0.0 }),
    ];
    check(metrics(None), &updates, "19:31:40", &expected);
}

#[test]
fn a_later_attempt_does_not_tell_again_how_late_the_show_was() {
    let before = Progress {
        attempt: 1,
        phase: Phase::OnAir,
        duration: MediaTime::from_millis(60_000),
        heartbeat: at("19:30:10"),
        destinations: update(Phase::OnAir, 0, 0, 0).destinations,
    };
    let updates = [("19:33:00", update(Phase::OnAir, 900, 0, 0))];
    let expected = [
        json!({ "OnAir": 1, "Reconnects": 0, "BytesSent": 900, "StallSeconds": 0.0 }),
        json!({ "Reconnects": 0, "BytesSent": 0, "StallSeconds": 0.0 }),
    ];
    check(metrics(Some(&before)), &updates, "19:33:10", &expected);
}

#[test]
fn what_cannot_be_reached_stalls_and_what_never_begins_says_nothing() {
    let waiting = [("19:29:00", update(Phase::Standby, 0, 0, 0))];
    check(metrics(None), &waiting, "19:29:10", &[]);
    let updates = [("19:30:05", update(Phase::Standby, 0, 0, 5_000))];
    let expected = [
        json!({ "Reconnects": 0, "BytesSent": 0, "StallSeconds": 5.0 }),
        json!({ "Reconnects": 0, "BytesSent": 0, "StallSeconds": 0.0 }),
    ];
    check(metrics(None), &updates, "19:30:06", &expected);
}

#[test]
fn without_a_namespace_there_are_none() {
    let variables = |name: &str| match name {
        "BROADCAST_ID" => Some("20261201-1930-abcd".to_owned()),
        "ATTEMPT" => Some("1".to_owned()),
        "METRICS_NAMESPACE" => Some(String::new()),
        _ => None,
    };
    let settings = Settings::from_variables(variables).unwrap();
    assert!(Metrics::new(&settings, None).is_none());
}
