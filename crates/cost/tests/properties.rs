//! What is true of every bill.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use cost::{Archive, Archived, FreeTier, Origin, PriceList, Usage, bill};
use proptest::prelude::*;

fn total(usage: &Usage, free_tier: FreeTier) -> f64 {
    usage.validate().unwrap();
    let list = PriceList::embedded().unwrap();
    bill(usage, &list.in_region("us-east-1").unwrap(), free_tier).total
}

fn usages() -> impl Strategy<Value = Usage> {
    let archive = (0..400u32, prop::bool::ANY).prop_map(|(after_days, deep)| Archive {
        after_days,
        class: if deep {
            Archived::DeepArchive
        } else {
            Archived::GlacierInstant
        },
    });
    (
        (1..2_000u32, 1..170_000u64, 0..200_000_000_000u64),
        prop_oneof![Just(Origin::Upload), Just(Origin::S3), Just(Origin::Web)],
        (1..10u32, 0..3_600u64, prop::bool::ANY, 0..1_000u32),
        prop::option::of(archive),
        0..20_000u32,
    )
        .prop_map(|(show, origin, how, archive, api_requests)| Usage {
            shows: show.0,
            duration: Duration::from_secs(show.1),
            video_bytes: show.2,
            origin,
            destinations: how.0,
            lead: Duration::from_secs(how.1),
            spot: how.2,
            kept_days: how.3,
            archive,
            api_requests,
        })
}

fn free_tiers() -> impl Strategy<Value = FreeTier> {
    prop_oneof![Just(FreeTier::Counted), Just(FreeTier::Spent)]
}

/// Whether `a` is not more than `b`, but for what is lost in adding up.
fn at_most(a: f64, b: f64) -> bool {
    a <= b + 1e-9 * b.abs().max(1.0)
}

proptest! {
    #[test]
    fn lines_sum_to_the_total(usage in usages(), free in free_tiers()) {
        let list = PriceList::embedded().unwrap();
        let bill = bill(&usage, &list.in_region("us-east-1").unwrap(), free);
        let sum: f64 = bill.lines.iter().map(|line| line.amount).sum();
        prop_assert!((sum - bill.total).abs() <= 1e-9 * bill.total.max(1.0));
        prop_assert!((bill.shows + bill.deployment - bill.total).abs() <= 1e-9);
        for line in &bill.lines {
            prop_assert!(line.amount >= 0.0 && line.amount.is_finite());
            prop_assert!(line.quantity > 0.0 && line.free <= line.quantity);
        }
    }

    #[test]
    fn the_free_tier_never_raises_a_bill(usage in usages()) {
        prop_assert!(at_most(total(&usage, FreeTier::Counted), total(&usage, FreeTier::Spent)));
    }

    #[test]
    fn spot_never_raises_a_bill(usage in usages(), free in free_tiers()) {
        let spot = Usage { spot: true, ..usage.clone() };
        let usual = Usage { spot: false, ..usage };
        prop_assert!(at_most(total(&spot, free), total(&usual, free)));
    }

    #[test]
    fn more_never_costs_less(usage in usages(), more in 1..5_000u32, free in free_tiers()) {
        let before = total(&usage, free);
        let all = [
            Usage { shows: usage.shows + more, ..usage.clone() },
            Usage { duration: usage.duration + Duration::from_secs(u64::from(more)), ..usage.clone() },
            Usage { video_bytes: usage.video_bytes + u64::from(more) * 1_000_000, ..usage.clone() },
            Usage { destinations: usage.destinations + more, ..usage.clone() },
            Usage { lead: usage.lead + Duration::from_secs(u64::from(more)), ..usage.clone() },
            Usage { kept_days: usage.kept_days + more, ..usage.clone() },
            Usage { api_requests: usage.api_requests + more, ..usage.clone() },
            Usage { origin: Origin::Upload, ..usage.clone() },
        ];
        for usage in all {
            prop_assert!(at_most(before, total(&usage, free)), "{usage:?}");
        }
    }
}
