//! Figures as people read them.

use crate::{Bill, Line};

/// A line that costs less, and would cost less without its free tier, is a trifle, in US dollars.
const TRIFLE: f64 = 0.0005;
/// The least that is told apart from nothing, in US dollars.
const LEAST: f64 = 0.000_05;

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What for.
    pub label: String,
    /// How much of it.
    pub quantity: String,
    /// What one costs, or as many as the price list names.
    pub price: String,
    /// What it costs.
    pub amount: String,
}

/// The rows of a bill, without its total. Unless `all`, trifles are one row.
pub fn rows(bill: &Bill, all: bool) -> Vec<Row> {
    let is_shown = |line: &&Line| all || gross(line) >= TRIFLE;
    let mut rows: Vec<Row> = bill.lines.iter().filter(is_shown).map(row).collect();
    let trifles = bill.lines.iter().filter(|line| !is_shown(line));
    let (count, sum) = trifles.fold((0, 0.0), |(count, sum), line| {
        (count + 1, sum + line.amount)
    });
    if count > 0 {
        rows.push(Row {
            label: format!("{count} more, trifles"),
            quantity: String::new(),
            price: String::new(),
            amount: dollars(sum),
        });
    }
    rows
}

/// `$0.0123`; what is less than that can tell is `<$0.0001`.
pub fn dollars(amount: f64) -> String {
    if amount > 0.0 && amount < LEAST {
        "<$0.0001".to_owned()
    } else if amount >= 100.0 {
        format!("${}", grouped(amount, 2))
    } else {
        format!("${amount:.4}")
    }
}

/// What a line costs, or that it is free.
pub fn charge(amount: f64) -> String {
    if amount > 0.0 {
        dollars(amount)
    } else {
        "free".to_owned()
    }
}

/// `$12.30`, `$0.074`: as exact as one wants to know a total.
pub fn about(amount: f64) -> String {
    match amount {
        amount if amount >= 1.0 => format!("${}", grouped(amount, 2)),
        amount if amount >= 0.01 => format!("${amount:.3}"),
        amount => dollars(amount),
    }
}

/// `657,000 requests`, `2.158 vCPU-hours`.
pub fn quantity(quantity: f64, unit: &str) -> String {
    let number = number(quantity);
    let plural = if unit == "GB" || number == "1" {
        ""
    } else {
        "s"
    };
    format!("{number} {unit}{plural}")
}

/// What a line's unit costs: `$0.0004/1,000`.
pub fn price(line: &Line) -> String {
    price_per(line.price, line.per)
}

/// What `per` units cost: `$0.30`, `$0.625/million`.
pub fn price_per(price: f64, per: f64) -> String {
    let mut text = format!("${price}");
    // Ten cents are $0.10.
    if text.find('.').is_some_and(|point| point + 2 == text.len()) {
        text.push('0');
    }
    match per {
        1.0 => text,
        1_000_000.0 => format!("{text}/million"),
        per => format!("{text}/{}", grouped(per, 0)),
    }
}

/// `2.5 GB`, `15.8 MB`: the size of a file, in units of ten.
pub fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1e9 => format!("{} MB", number(bytes / 1e6)),
        bytes => format!("{} GB", number(bytes / 1e9)),
    }
}

/// `1:02:03`.
pub fn length(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    format!(
        "{}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn row(line: &Line) -> Row {
    Row {
        label: line.label.to_owned(),
        quantity: quantity(line.quantity, &line.unit),
        price: price(line),
        amount: charge(line.amount),
    }
}

fn gross(line: &Line) -> f64 {
    line.amount.max(line.quantity * line.price / line.per)
}

/// Four digits that tell something, and all those before the point.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = value.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from(4 - digits).unwrap_or(0);
    let text = grouped(value, decimals);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// With commas between thousands.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::with_capacity(text.len() + whole.len() / 3);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn money_is_told_to_a_hundredth_of_a_cent() {
        let told = [0.0, 0.000_004, 0.000_05, 0.422_51, 3.0, 1_234.567].map(dollars);
        let expected = [
            "$0.0000",
            "<$0.0001",
            "$0.0001",
            "$0.4225",
            "$3.0000",
            "$1,234.57",
        ];
        assert_eq!(told, expected);
        assert_eq!(
            [12.3, 0.0744, 0.001].map(about),
            ["$12.30", "$0.074", "$0.0010"]
        );
    }

    #[test]
    fn quantities_have_their_unit() {
        assert_eq!(quantity(657_000.0, "request"), "657,000 requests");
        assert_eq!(quantity(1.0, "dashboard"), "1 dashboard");
        assert_eq!(quantity(18.376_12, "GB"), "18.38 GB");
        assert_eq!(quantity(0.000_123_456, "GB-month"), "0.0001235 GB-months");
        assert_eq!(quantity(2_400.0, "transition"), "2,400 transitions");
        assert_eq!(quantity(0.0, "GB-hour"), "0 GB-hours");
    }

    #[test]
    fn prices_are_for_as_many_as_aws_names() {
        assert_eq!(price_per(0.3, 1.0), "$0.30");
        assert_eq!(price_per(3.0, 1.0), "$3");
        assert_eq!(price_per(0.0004, 1_000.0), "$0.0004/1,000");
        assert_eq!(price_per(0.625, 1_000_000.0), "$0.625/million");
    }

    #[test]
    fn sizes_are_those_of_files() {
        assert_eq!(size(2_500_000_000), "2.5 GB");
        assert_eq!(size(366_000), "0.366 MB");
    }

    #[test]
    fn lengths_are_hours_minutes_and_seconds() {
        assert_eq!(length(Duration::from_millis(3_723_400)), "1:02:03");
        assert_eq!(length(Duration::from_secs(28_800)), "8:00:00");
    }
}
