//! Spans of time: `1h30m`.

use chrono::TimeDelta;

/// A span from whole numbers with their units: `1h30m`, `90s`, `2d`.
pub fn span(text: &str) -> Option<TimeDelta> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut span = TimeDelta::zero();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let length = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let more = match &rest[..length] {
            "d" => TimeDelta::try_days(count)?,
            "h" => TimeDelta::try_hours(count)?,
            "m" | "min" => TimeDelta::try_minutes(count)?,
            "s" => TimeDelta::try_seconds(count)?,
            _ => return None,
        };
        span = span.checked_add(&more)?;
        rest = rest[length..].trim_start();
    }
    Some(span)
}

/// A span in its two largest units, as in `2 h 5 min`.
pub fn span_in_words(span: TimeDelta) -> String {
    let mut rest = span.num_seconds().max(0);
    let parts: Vec<String> = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        .into_iter()
        .filter_map(|(size, unit)| {
            let count = rest / size;
            rest %= size;
            (count > 0).then(|| format!("{count} {unit}"))
        })
        .take(2)
        .collect();
    if parts.is_empty() {
        "less than a second".to_owned()
    } else {
        parts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, seconds: Option<i64>) {
        assert_eq!(span(text).map(|span| span.num_seconds()), seconds);
    }

    #[test]
    fn numbers_with_units() {
        check("1h30m", Some(5_400));
        check("90s", Some(90));
        check(" 1d 2min ", Some(86_520));
        check("", None);
        check("5", None);
        check("m", None);
        check("-5m", None);
        check("1.5h", None);
        check("99999999999999999999s", None);
        check("9223372036854775807d", None);
    }

    #[test]
    fn words() {
        let words = |seconds| span_in_words(TimeDelta::seconds(seconds));
        assert_eq!(words(0), "less than a second");
        assert_eq!(words(65), "1 min 5 s");
        assert_eq!(words(90_061), "1 d 1 h");
    }
}
