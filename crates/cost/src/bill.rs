//! A month's bill, line by line.

use serde::Serialize;

use crate::{Item, Part, RegionPrices, Usage, quantities::quantity};

/// Whether what AWS gives every account for nothing each month is there for the shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FreeTier {
    /// It is.
    Counted,
    /// Something else in the account uses it up.
    Spent,
}

/// What a month costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// The day of the price list, `yyyy-mm-dd`.
    pub price_list: String,
    /// Where.
    pub region: String,
    /// Whether the free tiers are counted.
    pub free_tier: FreeTier,
    /// What it is for.
    pub usage: Usage,
    /// What it is made of.
    pub lines: Vec<Line>,
    /// What the shows cost, in US dollars.
    pub shows: f64,
    /// What the deployment costs in a month without any, in US dollars.
    pub deployment: f64,
    /// Both, in US dollars.
    pub total: f64,
    /// Hours on air.
    pub hours_on_air: f64,
    /// The total for each hour on air, in US dollars.
    pub per_hour: f64,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What for.
    pub item: Item,
    /// What people call it.
    pub label: &'static str,
    /// What it comes with.
    pub part: Part,
    /// How much of it, in `unit`.
    pub quantity: f64,
    /// How much of that is free, in `unit`.
    pub free: f64,
    /// What is counted; a GB is 2^30 bytes, as AWS counts.
    pub unit: String,
    /// What `per` units cost, in US dollars, before any rebate for quantity.
    pub price: f64,
    /// How many units `price` is for.
    pub per: f64,
    /// What the line costs, in US dollars.
    pub amount: f64,
}

/// What a month of shows costs.
///
/// It is for a usage that [`Usage::validate`] accepts.
pub fn bill(usage: &Usage, prices: &RegionPrices<'_>, free_tier: FreeTier) -> Bill {
    let lines: Vec<Line> = Item::ALL
        .into_iter()
        .filter_map(|item| line(item, usage, prices, free_tier))
        .collect();
    let sum = |part| {
        let lines = lines.iter().filter(|line| line.part == part);
        lines.map(|line| line.amount).sum::<f64>()
    };
    let (shows, deployment) = (sum(Part::Shows), sum(Part::Deployment));
    let total = shows + deployment;
    let hours_on_air = usage.hours_on_air();
    Bill {
        price_list: prices.list.date.clone(),
        region: prices.region.to_owned(),
        free_tier,
        usage: usage.clone(),
        lines,
        shows,
        deployment,
        total,
        hours_on_air,
        per_hour: total / hours_on_air,
    }
}

impl Bill {
    /// The line of an item.
    pub fn line(&self, item: Item) -> Option<&Line> {
        self.lines.iter().find(|line| line.item == item)
    }

    /// What some items cost together, in US dollars.
    pub fn sum_of(&self, items: &[Item]) -> f64 {
        let lines = self.lines.iter().filter(|line| items.contains(&line.item));
        lines.map(|line| line.amount).sum()
    }
}

/// A line for what is used; none for what is not.
fn line(item: Item, usage: &Usage, prices: &RegionPrices<'_>, free_tier: FreeTier) -> Option<Line> {
    let quantity = quantity(item, usage);
    if quantity <= 0.0 {
        return None;
    }
    let price = prices.of(item)?;
    let free = match free_tier {
        FreeTier::Counted => price.free.min(quantity),
        FreeTier::Spent => 0.0,
    };
    let factor = match item {
        Item::FargateVcpu | Item::FargateMemory if usage.spot => prices.spot_factor(),
        _ => 1.0,
    };
    Some(Line {
        item,
        label: item.label(),
        part: item.part(),
        quantity,
        free,
        unit: price.unit.to_owned(),
        price: price.price * factor,
        per: price.per,
        amount: price.amount(quantity, free) * factor,
    })
}
