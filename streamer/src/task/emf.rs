//! CloudWatch's embedded metric format: log lines out of which CloudWatch makes metrics
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// What a number counts; the names are CloudWatch's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Bytes,
    Count,
    Milliseconds,
    Seconds,
}

/// What all lines of a program have in common.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    pub(super) namespace: String,
    /// Each is a dimension of the metrics.
    pub(super) dimensions: Vec<(&'static str, String)>,
    /// Each is in the line only, where the logs can be searched for it.
    pub(super) properties: Vec<(&'static str, Value)>,
}

/// One line without its end: the metrics at a moment.
pub(super) fn line(
    labels: &Labels,
    at: DateTime<Utc>,
    metrics: &[(&'static str, Unit, Value)],
) -> String {
    let keys: Vec<_> = labels.dimensions.iter().map(|(key, _)| key).collect();
    let definitions: Vec<_> = metrics
        .iter()
        .map(|(name, unit, _)| json!({ "Name": name, "Unit": format!("{unit:?}") }))
        .collect();
    let mut root = Map::new();
    root.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.timestamp_millis(),
            "CloudWatchMetrics": [{
                "Namespace": labels.namespace,
                "Dimensions": [keys],
                "Metrics": definitions,
            }],
        }),
    );
    let mut insert = |name: &str, value: Value| root.insert(name.to_owned(), value);
    for (key, value) in &labels.dimensions {
        insert(key, Value::from(value.as_str()));
    }
    for (key, value) in &labels.properties {
        insert(key, value.clone());
    }
    for (name, _, value) in metrics {
        insert(name, value.clone());
    }
    Value::Object(root).to_string()
}

/// Writes a line and its end in one piece, so that nothing else gets into it.
pub(super) fn write(out: &mut impl Write, mut line: String) -> io::Result<()> {
    line.push('\n');
    out.write_all(line.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::{super::emf_rules::check_emf, *};

    #[test]
    fn a_line_is_what_the_format_wants() {
        let labels = Labels {
            namespace: "Matinee".into(),
            dimensions: vec![("Deployment", "matinee".into())],
            properties: vec![("broadcast", "20261201-1930-abcd".into())],
        };
        let at = "2026-12-01T19:30:00.004Z".parse().unwrap();
        let line = line(
            &labels,
            at,
            &[
                ("OnAir", Unit::Count, 1.into()),
                ("OnAirErrorMs", Unit::Milliseconds, 4.5.into()),
            ],
        );
        check_emf(&line);
        assert_eq!(
            line,
            concat!(
                r#"{"_aws":{"Timestamp":1796153400004,"CloudWatchMetrics":[{"Namespace":"Matinee","#,
                r#""Dimensions":[["Deployment"]],"Metrics":[{"Name":"OnAir","Unit":"Count"},"#,
                r#"{"Name":"OnAirErrorMs","Unit":"Milliseconds"}]}]},"Deployment":"matinee","#,
                r#""broadcast":"20261201-1930-abcd","OnAir":1,"OnAirErrorMs":4.5}"#,
            )
        );
    }

    #[test]
    fn a_line_is_one_write() {
        #[derive(Default)]
        struct Writes(Vec<Vec<u8>>);
        impl Write for Writes {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.to_vec());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writes = Writes::default();
        write(&mut writes, "{}".to_owned()).unwrap();
        assert_eq!(writes.0, [b"{}\n"]);
    }
}
