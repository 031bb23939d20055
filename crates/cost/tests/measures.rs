//! What the bill takes from the code is what the code says.
//!
//! The code is read as text: to depend on it would put the whole AWS SDK behind a few numbers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path};

use cost::measures;
use serde_json::Value;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Checks that a line of a file begins so, white space aside.
#[track_caller]
fn check(path: &str, line: &str) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = words(line);
    assert!(
        read(path).lines().any(|one| words(one).starts_with(&line)),
        "{path} has no line `{line}`: what `measures` takes from it is no longer so"
    );
}

/// The default of a Terraform variable.
fn default_of(variable: &str) -> f64 {
    let text = read("infrastructure/variables.tf");
    let (_, block) = text
        .split_once(&format!("variable \"{variable}\" {{"))
        .unwrap();
    let default = block.lines().find_map(|line| {
        line.trim()
            .strip_prefix("default")?
            .trim()
            .strip_prefix('=')
    });
    default.unwrap().trim().parse().unwrap()
}

#[test]
fn the_task_is_the_one_of_the_task_definition() {
    let (cpu, memory) = (measures::VCPU * 1_024.0, measures::MEMORY_GB * 1_024.0);
    check("infrastructure/ecs.tf", &format!("cpu = \"{cpu}\""));
    check("infrastructure/ecs.tf", &format!("memory = \"{memory}\""));
    let disk = read("infrastructure/ecs.tf").contains("ephemeral_storage");
    assert!(
        !disk,
        "the task has another disk than {} GB",
        measures::DISK_GB
    );
}

#[test]
fn times_are_those_of_the_code() {
    let lead = measures::LEAD.as_secs();
    check(
        "crates/broadcast/src/model/broadcast.rs",
        &format!("pub const DEFAULT_LEAD: Duration = Duration::from_secs({lead});"),
    );
    let report = measures::REPORT_EVERY.as_secs();
    check(
        "streamer/src/task/report.rs",
        &format!("const INTERVAL: Duration = Duration::from_secs({report});"),
    );
    let watch = measures::WATCH_EVERY.as_secs();
    check(
        "crates/cli/src/watch/follow.rs",
        &format!("const EVERY_AT_AWS: Duration = Duration::from_secs({watch});"),
    );
    let dead = 12;
    check(
        "streamer/src/show/in_flight.rs",
        &format!("const DEAD_AFTER: Duration = Duration::from_secs({dead});"),
    );
    assert!(measures::DROP.as_secs() >= dead);
}

#[test]
fn sizes_are_those_of_the_code() {
    let block = measures::BLOCK_BYTES / 1_024;
    check(
        "streamer/src/source/blocks.rs",
        &format!("pub(crate) const BLOCK_SIZE: u64 = {block} * 1024;"),
    );
    let part = measures::PART_BYTES >> 20;
    check(
        "crates/s3/src/upload/plan.rs",
        &format!("const PART: u64 = {part} << 20;"),
    );
}

#[test]
fn a_show_goes_through_this_many_states() {
    let workflow: Value = serde_json::from_str(&read("state-machines/broadcast.asl.json")).unwrap();
    let mut name = workflow["StartAt"].as_str().unwrap();
    let mut transitions = 1.0;
    let mut functions = Vec::new();
    loop {
        let state = &workflow["States"][name];
        transitions += 1.0;
        if let Some(function) = state["Arguments"]["FunctionName"].as_str() {
            let function = function
                .trim_start_matches("${")
                .trim_end_matches("_function_arn}");
            functions.push(function.replace('_', "-"));
        }
        if state["Type"] == "Succeed" {
            break;
        }
        if name == "Stream" {
            let longest = measures::LONGEST_SHOW.as_secs();
            assert_eq!(state["TimeoutSeconds"], longest);
        }
        name = state["Next"].as_str().unwrap();
    }
    assert_eq!(transitions, measures::TRANSITIONS);
    assert_eq!(functions, measures::FUNCTIONS.map(|(name, ..)| name));
    for (name, calls, _) in measures::FUNCTIONS {
        assert_eq!(calls, 1.0, "{name}");
    }
}

#[test]
fn a_function_has_this_much_memory() {
    let megabytes = measures::LAMBDA_GB * 1_024.0;
    check(
        "infrastructure/lambda.tf",
        &format!("memory_size = {megabytes}"),
    );
}

#[test]
fn the_index_leaves_out_the_progress() {
    let table = std::fs::read_to_string("../../infrastructure/dynamodb.tf").unwrap();
    assert!(!table.contains("\"progress\""));
    check(
        "infrastructure/dynamodb.tf",
        "projection_type = \"INCLUDE\"",
    );
    assert_eq!(measures::WRITES_WITH_INDEX, 2.0);
}

#[test]
fn the_deployment_is_that_of_the_infrastructure() {
    let alarms = read("infrastructure/alarms.tf");
    let of_their_own = alarms.matches("    description = \"").count();
    assert_eq!(
        alarms
            .matches("resource \"aws_cloudwatch_metric_alarm\"")
            .count(),
        2
    );
    // And two functions have one each.
    assert!(alarms.contains("for_each = toset([\"api\", \"persist\"])"));
    assert_eq!((of_their_own + 2) as f64, measures::ALARMS);
    let dashboards = read("infrastructure/dashboard.tf")
        .matches("resource \"aws_cloudwatch_dashboard\"")
        .count();
    assert_eq!(dashboards as f64, measures::DASHBOARDS);
    assert_eq!(default_of("images_kept"), measures::IMAGES);
}

#[test]
fn metrics_are_those_of_the_streamer() {
    let metrics = [
        "OnAir",
        "OnAirErrorMs",
        "Reconnects",
        "BytesSent",
        "StallSeconds",
    ];
    assert_eq!(metrics.len() as f64, measures::METRICS);
    let code: String =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../streamer/src/task"))
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap_or_default())
            .collect();
    for metric in metrics {
        assert!(code.contains(&format!("\"{metric}\"")), "{metric}");
    }
}
