//! The lines that CloudWatch makes metrics of.

use std::time::Duration;

use serde_json::Value;

use crate::{
    emf::check_emf,
    world::{KEY, World},
};

const SOON: Duration = Duration::from_secs(2);
const METRICS: [(&str, &str); 2] = [("METRICS_NAMESPACE", "Matinee"), ("DEPLOYMENT", "demo")];

/// The lines among those of a log.
fn lines(log: &str) -> Vec<Value> {
    let lines = log.lines().filter(|line| line.contains("\"_aws\""));
    lines.map(check_emf).collect()
}

fn sum(lines: &[Value], name: &str) -> f64 {
    lines.iter().filter_map(|line| line[name].as_f64()).sum()
}

#[tokio::test]
async fn two_attempts_tell_what_they_sent_and_once_how_late_it_was() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a", "b"]).await;
    let attempt = |number| {
        let mut environment = METRICS.to_vec();
        environment.extend([("BROADCAST_ID", id.as_str()), ("ATTEMPT", number)]);
        world.streamer_with(&environment)
    };
    let first = attempt("1");
    world
        .ingest
        .until(|now| now.publishes.iter().any(|one| one.video_packets > 30))
        .await;
    first.terminate();
    let (_, first) = first.ends().await;
    let after_first = world.progress(&id).await.destinations;
    world.open_attempt(&id).await;
    let (code, second) = attempt("2").ends().await;
    assert_eq!(code, 0);

    let (first, second) = (lines(&first), lines(&second));
    for (number, lines) in [(1, &first), (2, &second)] {
        for line in lines {
            assert_eq!(line["Deployment"], "demo");
            assert_eq!(line["broadcast"], id.as_str());
            assert_eq!(line["attempt"], number);
            let text = line.to_string();
            assert!(!text.contains(KEY) && !text.contains("rtmp"), "{text}");
        }
    }
    let late: Vec<_> = after_first.iter().map(|one| one.on_air_error_ms).collect();
    let told: Vec<_> = first
        .iter()
        .filter_map(|line| line["OnAirErrorMs"].as_f64())
        .collect();
    assert!(
        told.len() == 1 && late.contains(&Some(told[0])),
        "{told:?} of {late:?}"
    );
    assert_eq!(sum(&second, "OnAirErrorMs"), 0.0);
    for lines in [&first, &second] {
        // One for each minute of the clock that the few seconds are in.
        assert!((1.0..=2.0).contains(&sum(lines, "OnAir")), "{lines:?}");
        assert_eq!(lines.last().unwrap()["OnAir"], Value::Null);
    }
    let bytes = |destinations: &[broadcast::DestinationProgress]| -> u64 {
        destinations.iter().map(|one| one.bytes).sum()
    };
    let in_all = world.progress(&id).await.destinations;
    assert_eq!(sum(&first, "BytesSent"), bytes(&after_first) as f64);
    let rest = bytes(&in_all) - bytes(&after_first);
    assert_eq!(sum(&second, "BytesSent"), rest as f64);
}

#[tokio::test]
async fn nobody_who_does_not_ask_for_metrics_gets_them() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a"]).await;
    let (code, log) = world.streamer(&id, 1).ends().await;
    assert_eq!(code, 0);
    assert_eq!(lines(&log), Vec::<Value>::new());
}
