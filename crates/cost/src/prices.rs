//! The price list: `prices.json`, as AWS publishes prices, and how much a quantity costs by it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Item;

/// The prices of all regions that are known.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// The day on which the prices were those of AWS, `yyyy-mm-dd`.
    pub date: String,
    spot: Spot,
    items: BTreeMap<Item, ItemPrices>,
}

/// What Fargate Spot takes off.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spot {
    /// A part of one. Spot prices move with supply; this is the least that was seen.
    discount: f64,
    source: String,
}

/// One item, everywhere.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemPrices {
    unit: String,
    /// How many units the price is for.
    #[serde(default = "one")]
    per: f64,
    /// Units a month that cost nothing, for ever and for every account.
    #[serde(default)]
    free: f64,
    source: String,
    prices: BTreeMap<String, Vec<Tier>>,
}

/// The price of what lies above a quantity a month.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    from: f64,
    price: f64,
}

/// The prices of one region.
#[derive(Clone, Copy, Debug)]
pub struct RegionPrices<'a> {
    pub(crate) list: &'a PriceList,
    pub(crate) region: &'a str,
}

/// The price of one item in one region.
#[derive(Clone, Copy, Debug)]
pub struct Price<'a> {
    /// What is counted.
    pub unit: &'a str,
    /// How many of them [`Self::price`] is for.
    pub per: f64,
    /// In US dollars, before any rebate for quantity.
    pub price: f64,
    /// How many units a month cost nothing.
    pub free: f64,
    /// The page that says so.
    pub source: &'a str,
    tiers: &'a [Tier],
}

/// A region whose prices are not in the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no prices are known for the region {region}; known are: {known}")]
pub struct UnknownRegion {
    /// What was asked for.
    pub region: String,
    /// The regions that are known, with commas between them.
    pub known: String,
}

/// The price list is not one.
#[derive(Debug, thiserror::Error)]
#[error("the price list of this version cannot be read")]
pub struct PriceListError(#[from] serde_json::Error);

impl PriceList {
    /// The list that comes with this version.
    ///
    /// # Errors
    /// When it is malformed, which a test rules out.
    pub fn embedded() -> Result<Self, PriceListError> {
        Ok(serde_json::from_str(include_str!("../prices.json"))?)
    }

    /// The prices of a region.
    ///
    /// # Errors
    /// When one of them is not known.
    pub fn in_region<'a>(&'a self, region: &'a str) -> Result<RegionPrices<'a>, UnknownRegion> {
        if self.knows(region) {
            return Ok(RegionPrices { list: self, region });
        }
        Err(UnknownRegion {
            region: region.to_owned(),
            known: self.regions().collect::<Vec<_>>().join(", "),
        })
    }

    /// The regions of which every price is known.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        let of_one = self.items.get(&Item::FargateVcpu);
        of_one
            .into_iter()
            .flat_map(|item| item.prices.keys())
            .map(String::as_str)
            .filter(|region| self.knows(region))
    }

    /// The page that says what an item costs.
    pub fn source(&self, item: Item) -> Option<&str> {
        Some(&self.items.get(&item)?.source)
    }

    /// The page that says what Spot costs.
    pub fn spot_source(&self) -> &str {
        &self.spot.source
    }

    fn knows(&self, region: &str) -> bool {
        Item::ALL.iter().all(|item| {
            self.items
                .get(item)
                .and_then(|item| item.prices.get(region))
                .is_some_and(|tiers| tiers.first().is_some_and(|tier| tier.from == 0.0))
        })
    }
}

impl<'a> RegionPrices<'a> {
    /// The price of an item.
    pub fn of(&self, item: Item) -> Option<Price<'a>> {
        let item = self.list.items.get(&item)?;
        let tiers = item.prices.get(self.region)?;
        Some(Price {
            unit: &item.unit,
            per: item.per,
            price: tiers.first()?.price,
            free: item.free,
            source: &item.source,
            tiers,
        })
    }

    /// What part of the on-demand price of Fargate is left on Spot.
    pub fn spot_factor(&self) -> f64 {
        1.0 - self.list.spot.discount
    }
}

impl Price<'_> {
    /// What a month's `quantity` costs of which the first `free` are free, in US dollars.
    ///
    /// The free ones count toward the tiers, as on AWS's own bill.
    pub(crate) fn amount(&self, quantity: f64, free: f64) -> f64 {
        let ends = self.tiers.iter().skip(1).map(|tier| tier.from);
        self.tiers
            .iter()
            .zip(ends.chain([f64::INFINITY]))
            .map(|(tier, end)| (quantity.min(end) - free.max(tier.from)).max(0.0) * tier.price)
            .sum::<f64>()
            / self.per
    }
}

fn one() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> PriceList {
        PriceList::embedded().unwrap()
    }

    #[test]
    fn every_item_has_a_price_and_a_page_that_says_so() {
        let list = list();
        assert_eq!(list.items.len(), Item::ALL.len());
        for item in Item::ALL {
            let source = list.source(item).unwrap();
            assert!(source.starts_with("https://aws.amazon.com/"), "{item:?}");
        }
        assert!(list.spot_source().starts_with("https://aws.amazon.com/"));
        assert_eq!(list.date.len(), "2026-11-23".len());
    }

    #[test]
    fn tiers_get_cheaper_and_lie_in_order() {
        for (item, prices) in &list().items {
            assert!(prices.per >= 1.0 && prices.free >= 0.0, "{item:?}");
            for tiers in prices.prices.values() {
                assert!(
                    tiers.is_sorted_by(|a, b| a.from < b.from && a.price > b.price),
                    "{item:?}"
                );
            }
        }
    }

    #[track_caller]
    fn check_egress(quantity: f64, free: f64, dollars: f64) {
        let list = list();
        let price = list.in_region("us-east-1").unwrap().of(Item::Egress);
        let amount = price.unwrap().amount(quantity, free);
        assert!((amount - dollars).abs() < 1e-9, "{amount}");
    }

    #[test]
    fn egress_has_tiers() {
        check_egress(0.0, 0.0, 0.0);
        check_egress(99.0, 100.0, 0.0);
        check_egress(101.0, 100.0, 0.09);
        check_egress(101.0, 0.0, 9.09);
        // 10,240 × 0.09 + 1,000 × 0.085
        check_egress(11_240.0, 0.0, 921.6 + 85.0);
        // 921.60 + 40,960 × 0.085 + 102,400 × 0.07 + 1,000 × 0.05, less the first 100 × 0.09
        check_egress(154_600.0, 100.0, 921.6 + 3_481.6 + 7_168.0 + 50.0 - 9.0);
    }

    #[test]
    fn an_unknown_region_is_refused_with_the_known_ones() {
        let refused = list().in_region("mars-north-1").unwrap_err().to_string();
        assert!(
            refused.starts_with("no prices are known for the region mars-north-1; known are: "),
            "{refused}"
        );
        assert!(refused.contains("us-east-1"), "{refused}");
    }
}
