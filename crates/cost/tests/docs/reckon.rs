//! Bills and how they look in Markdown.

use std::time::Duration;

use cost::{Bill, FreeTier, PriceList, Usage, bill};

pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn list() -> PriceList {
    PriceList::embedded().unwrap()
}

pub(crate) fn counted(usage: &Usage) -> Bill {
    reckon(usage, FreeTier::Counted)
}

pub(crate) fn spent(usage: &Usage) -> Bill {
    reckon(usage, FreeTier::Spent)
}

fn reckon(usage: &Usage, free_tier: FreeTier) -> Bill {
    usage.validate().unwrap();
    bill(usage, &list().in_region(REGION).unwrap(), free_tier)
}

/// Shows of so many hours with so many Mbit/s.
pub(crate) fn shows(shows: u32, hours: u64, mbit: f64) -> Usage {
    let seconds = hours * 3_600;
    let bytes = mbit * 1e6 / 8.0 * seconds as f64;
    Usage {
        shows,
        ..Usage::one(Duration::from_secs(seconds), bytes as u64)
    }
}

/// The first version's example.
pub(crate) fn eight() -> Usage {
    Usage {
        shows: 8,
        ..Usage::one(Duration::from_secs(3_600), 2_500_000_000)
    }
}

/// A table of Markdown; all columns but the first are figures.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let header: Vec<String> = header.iter().map(ToString::to_string).collect();
    let rule = format!("|---|{}", "---:|".repeat(header.len() - 1));
    let mut lines = vec![line(&header), rule];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

/// `$0.42`, `$0.004`: for tables in which one compares.
pub(crate) fn dollars(amount: f64) -> String {
    match amount {
        0.0 => "–".to_owned(),
        amount if amount < 0.0005 => "<$0.001".to_owned(),
        amount if amount < 0.995 => format!("${amount:.3}"),
        amount => cost::text::about(amount),
    }
}
