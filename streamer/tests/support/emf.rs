//! The rules of CloudWatch's embedded metric format, as its JSON schema and its text have them:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use serde_json::Value;

const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// Checks a line against the specification and returns it.
#[track_caller]
pub(crate) fn check_emf(line: &str) -> Value {
    assert!(line.len() < 256 * 1024, "longer than a log event may be");
    let root: Value = serde_json::from_str(line).unwrap();
    let meta = root["_aws"].as_object().expect("_aws is an object");
    let members: Vec<_> = meta.keys().map(String::as_str).collect();
    assert_eq!(members, ["Timestamp", "CloudWatchMetrics"]);
    let timestamp = meta["Timestamp"].as_u64().expect("an integer");
    // Milliseconds: a time in seconds would be one in January 1970.
    assert!(timestamp > 1_000_000_000_000, "{timestamp}");
    let directives = meta["CloudWatchMetrics"].as_array().expect("an array");
    assert!(!directives.is_empty());
    for directive in directives {
        check_directive(&root, directive);
    }
    root
}

#[track_caller]
fn check_directive(root: &Value, directive: &Value) {
    let members: Vec<_> = directive.as_object().unwrap().keys().collect();
    assert_eq!(members, ["Namespace", "Dimensions", "Metrics"]);
    is_name(&directive["Namespace"], 1024);
    let sets = directive["Dimensions"].as_array().expect("an array");
    assert!(!sets.is_empty(), "at least one dimension set");
    for set in sets {
        let set = set.as_array().expect("an array of arrays");
        assert!(set.len() <= 30);
        for key in set {
            is_name(key, 250);
            // The target of a dimension is a string on the root.
            is_name(&root[key.as_str().unwrap()], 1024);
        }
    }
    let metrics = directive["Metrics"].as_array().expect("an array");
    assert!((1..=100).contains(&metrics.len()));
    for metric in metrics {
        let members = metric.as_object().unwrap().keys().map(String::as_str);
        for member in members {
            assert!(
                ["Name", "Unit", "StorageResolution"].contains(&member),
                "{member}"
            );
        }
        is_name(&metric["Name"], 1024);
        let unit = metric["Unit"].as_str().expect("a string");
        assert!(UNITS.contains(&unit), "{unit}");
        // The target of a metric is a number, or an array of at most 100 of them, on the root.
        let name = metric["Name"].as_str().unwrap();
        assert!(root[name].is_number(), "{name}: {}", root[name]);
    }
}

#[track_caller]
fn is_name(value: &Value, longest: usize) {
    let length = value.as_str().expect("a string").chars().count();
    assert!((1..=longest).contains(&length), "{value}");
}
