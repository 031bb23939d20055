//! The functions that Step Functions adds to JSONata, as plain functions over JSON values.
//!
//! Source: Developer Guide, "Transforming data with JSONata in Step Functions", section
//! "JSONata functions provided by Step Functions". `$random` and `$uuid` are in
//! [`crate::jsonata`], because they share the evaluation's generator.

use serde_json::Value;

/// The longest array that `$range` builds, so that one call cannot fill the memory.
const LONGEST_RANGE: usize = 100_000;

/// `$partition(array, size)`: an array of arrays of at most `size` items.
pub(crate) fn partition(array: &Value, size: &Value) -> Result<Value, String> {
    let Value::Array(items) = array else {
        return Err("the first argument of $partition must be an array".to_owned());
    };
    match whole_number(size) {
        Some(size) if size > 0 => Ok(items
            .chunks(usize::try_from(size).unwrap_or(usize::MAX))
            .map(|chunk| Value::Array(chunk.to_vec()))
            .collect()),
        _ => Err("the second argument of $partition must be a positive integer".to_owned()),
    }
}

/// `$range(first, last, step)`: the numbers from `first` up or down to `last`, both included.
pub(crate) fn range(first: &Value, last: &Value, step: &Value) -> Result<Value, String> {
    let (Some(first), Some(last), Some(step)) =
        (whole_number(first), whole_number(last), whole_number(step))
    else {
        return Err("the arguments of $range must be integers".to_owned());
    };
    if step == 0 {
        return Err("the step of $range must not be 0".to_owned());
    }
    let mut numbers = Vec::new();
    let mut next = Some(first);
    while let Some(number) = next.filter(|n| if step > 0 { *n <= last } else { *n >= last }) {
        if numbers.len() == LONGEST_RANGE {
            return Err(format!(
                "$range would give more than {LONGEST_RANGE} numbers"
            ));
        }
        numbers.push(Value::from(number));
        next = number.checked_add(step);
    }
    Ok(Value::Array(numbers))
}

/// `$hash(data, algorithm)`: the digest in lower-case hexadecimal. Data that is not a string is
/// hashed as its JSON text.
pub(crate) fn hash(data: &Value, algorithm: &Value) -> Result<Value, String> {
    let text = match data {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let algorithm = match algorithm.as_str() {
        Some("MD5") => return Ok(format!("{:x}", md5::compute(text)).into()),
        Some("SHA-1") => &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
        Some("SHA-256") => &ring::digest::SHA256,
        Some("SHA-384") => &ring::digest::SHA384,
        Some("SHA-512") => &ring::digest::SHA512,
        _ => {
            return Err(
                "the second argument of $hash must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512"
                    .to_owned(),
            );
        }
    };
    Ok(hex::encode(ring::digest::digest(algorithm, text.as_bytes())).into())
}

/// `$parse(text)`: the JSON value of a JSON text.
pub(crate) fn parse(text: &Value) -> Result<Value, String> {
    let Some(text) = text.as_str() else {
        return Err("the argument of $parse must be a string".to_owned());
    };
    serde_json::from_str(text)
        .map_err(|error| format!("the argument of $parse is not JSON: {error}"))
}

/// A number without a fraction, also when JSON wrote it as `2.0`.
pub(crate) fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        // Beyond 2^53 an f64 no longer tells neighbours apart.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let float = value.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range and the missing fraction were checked"
        )]
        (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(result: Result<Value, String>, expected: Value) {
        assert_eq!(result, Ok(expected));
    }

    #[test]
    fn partitions() {
        check(
            partition(&json!([1, 2, 3, 4, 5]), &json!(2)),
            json!([[1, 2], [3, 4], [5]]),
        );
        check(partition(&json!([]), &json!(2)), json!([]));
        assert!(partition(&json!([1]), &json!(0)).is_err());
        assert!(partition(&json!({}), &json!(1)).is_err());
    }

    #[test]
    fn ranges() {
        check(
            range(&json!(1), &json!(9), &json!(2)),
            json!([1, 3, 5, 7, 9]),
        );
        check(range(&json!(3), &json!(1), &json!(-1)), json!([3, 2, 1]));
        check(range(&json!(3), &json!(1), &json!(1)), json!([]));
        check(
            range(&json!(i64::MAX), &json!(i64::MAX), &json!(1)),
            json!([i64::MAX]),
        );
        assert!(range(&json!(0), &json!(1), &json!(0)).is_err());
        assert!(range(&json!(0), &json!(i64::MAX), &json!(1)).is_err());
        assert!(range(&json!(0.5), &json!(1), &json!(1)).is_err());
    }

    #[test]
    fn hashes() {
        for (algorithm, start) in [
            ("MD5", "900150983cd24fb0"),
            ("SHA-1", "a9993e364706816a"),
            ("SHA-256", "ba7816bf8f01cfea"),
            ("SHA-384", "cb00753f45a35e8b"),
            ("SHA-512", "ddaf35a193617aba"),
        ] {
            let digest = hash(&json!("abc"), &json!(algorithm)).unwrap();
            assert!(digest.as_str().unwrap().starts_with(start), "{algorithm}");
        }
        assert!(hash(&json!("abc"), &json!("CRC")).is_err());
    }

    #[test]
    fn parses() {
        check(parse(&json!(r#"{"a":[1]}"#)), json!({"a": [1]}));
        assert!(parse(&json!("{")).is_err());
        assert!(parse(&json!(1)).is_err());
    }
}
