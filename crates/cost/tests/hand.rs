//! Bills that were reckoned by hand; the arithmetic stands beside each line.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use cost::{Archive, Archived, Bill, FreeTier, Item, Origin, PriceList, Usage, bill};

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

fn reckon(usage: &Usage, free_tier: FreeTier) -> Bill {
    usage.validate().unwrap();
    let list = PriceList::embedded().unwrap();
    bill(usage, &list.in_region("us-east-1").unwrap(), free_tier)
}

#[track_caller]
fn check(bill: &Bill, expected: &[(Item, f64, f64)]) {
    for (item, quantity, amount) in expected {
        let line = bill.line(*item).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1e-3);
        assert!(
            close(line.quantity, *quantity),
            "{item:?}: {} instead of {quantity}",
            line.quantity
        );
        assert!(
            close(line.amount, *amount),
            "{item:?}: ${} instead of ${amount}",
            line.amount
        );
    }
}

/// The first version's example: eight one-hour videos of 2.5 GB.
fn eight() -> Usage {
    Usage {
        shows: 8,
        ..Usage::one(hours(1), 2_500_000_000)
    }
}

#[test]
fn eight_hours_a_month() {
    let bill = reckon(&eight(), FreeTier::Counted);
    // One task: 240 s lead, 3,600 s show, 16 s once again, 30 s to stop = 3,886 s;
    // eight: 31,088 s = 8.635 556 h.
    check(
        &bill,
        &[
            // 8.635 556 × 0.25 = 2.158 889; × 0.03238
            (Item::FargateVcpu, 2.158_888_9, 0.069_904_8),
            // 8.635 556 × 0.5 = 4.317 778; × 0.00356
            (Item::FargateMemory, 4.317_777_8, 0.015_371_29),
            // × 0.005
            (Item::PublicIpv4, 8.635_555_6, 0.043_177_78),
            // 2.5e9 ÷ 2^30 = 2.328 306 GB; × 8 × 30 × 24 ÷ 730 = 18.371 294; × 0.023
            (Item::S3Standard, 18.371_294, 0.422_539_8),
            // 2.5e9 ÷ 2^24 = 149.01, so 150 parts, and 3; × 8 = 1,224; × 0.005 ÷ 1,000
            (Item::S3Put, 1_224.0, 0.006_12),
            // 2.5e9 × 3,616 ÷ 3,600 ÷ 2^18 = 9,579.1, so 9,580, and 1; × 8; × 0.0004 ÷ 1,000
            (Item::S3Get, 76_648.0, 0.030_659_2),
            // 3,886 ÷ 5 = 777.2, so 778, and 4 + 5, these twice for the index, = 796 writes of 2 units,
            // and 3 + 1 = 1,596; × 8 = 12,768; × 0.625 ÷ 1,000,000
            (Item::DynamodbWrite, 12_768.0, 0.007_98),
            // 8 × (8 + 20) × 1
            (Item::DynamodbRead, 224.0, 0.000_028),
            // 8 × 6, of 4,000 that are free
            (Item::StepFunctions, 48.0, 0.0),
            // 8 × (1 + 1 + 1 + 20)
            (Item::LambdaRequests, 184.0, 0.0),
            // 8 × (3 + 0.5 + 0.5 + 20 × 0.2) × 0.25
            (Item::LambdaCompute, 16.0, 0.0),
            // 9 of 10 that are free
            (Item::Alarms, 9.0, 0.0),
            (Item::Dashboards, 1.0, 0.0),
            // 5 × 180 × 730
            (Item::Queue, 657_000.0, 0.0),
            // 20 × 10,000,000 ÷ 2^30; × 0.1
            (Item::Images, 0.186_264_5, 0.018_626_45),
            // 8 shows, each in 2 + 1 hours of the clock; × 5 ÷ 730
            (Item::Metrics, 0.164_383_56, 0.0),
        ],
    );
    let egress = bill.line(Item::Egress).unwrap();
    assert_eq!(egress.amount, 0.0);
    assert_eq!(egress.free, egress.quantity);
    assert!(bill.line(Item::FargateStorage).is_none());
    assert_eq!(bill.hours_on_air, 8.0);
    assert!((bill.per_hour - bill.total / 8.0).abs() < 1e-12);
}

#[test]
fn without_the_free_tiers() {
    let bill = reckon(&eight(), FreeTier::Spent);
    // 2.5e9 × 3,616 ÷ 3,600 ÷ 2^30 = 2.338 654 GB of the file; × 1.06 × 8; × 0.09
    let egress = 2.338_654_3 * cost::measures::WIRE * 8.0;
    check(
        &bill,
        &[
            (Item::Egress, egress, egress * 0.09),
            // 48 × 0.025 ÷ 1,000
            (Item::StepFunctions, 48.0, 0.001_2),
            // 184 × 0.2 ÷ 1,000,000
            (Item::LambdaRequests, 184.0, 0.000_036_8),
            // 16 × 0.0000133334
            (Item::LambdaCompute, 16.0, 0.000_213_334_4),
            // 0.164 384 × 0.3
            (Item::Metrics, 0.164_383_56, 0.049_315_07),
            (Item::Alarms, 9.0, 0.9),
            (Item::Dashboards, 1.0, 3.0),
            // 657,000 × 0.4 ÷ 1,000,000
            (Item::Queue, 657_000.0, 0.262_8),
            // 8 × 4 × 0.03 ÷ 10,000
            (Item::Kms, 32.0, 0.000_096),
            (Item::Scheduler, 8.0, 0.000_008),
            (Item::Emails, 8.0, 0.000_16),
            (Item::Parameters, 8.0, 0.0),
        ],
    );
}

#[test]
fn spot_halves_the_task_and_nothing_else() {
    let usual = reckon(&eight(), FreeTier::Counted);
    let spot = Usage {
        spot: true,
        ..eight()
    };
    let spot = reckon(&spot, FreeTier::Counted);
    // (0.069 904 8 + 0.015 371 29) ÷ 2
    assert!((usual.total - spot.total - 0.042_638_05).abs() < 1e-7);
    assert_eq!(usual.line(Item::PublicIpv4), spot.line(Item::PublicIpv4));
}

#[test]
fn a_video_that_is_archived() {
    let kept = |archive| Usage {
        kept_days: 365,
        archive,
        ..Usage::one(hours(1), 1 << 30)
    };
    let after = |after_days, class| {
        let archive = Some(Archive { after_days, class });
        reckon(&kept(archive), FreeTier::Counted)
    };
    // 365 × 24 ÷ 730 = 12 months
    check(
        &reckon(&kept(None), FreeTier::Counted),
        &[(Item::S3Standard, 12.0, 0.276)],
    );
    check(
        &after(73, Archived::GlacierInstant),
        &[
            (Item::S3Standard, 2.4, 0.055_2),
            (Item::S3GlacierInstant, 9.6, 0.038_4),
            (Item::S3ToGlacierInstant, 1.0, 0.000_02),
        ],
    );
    // The last 10 days are billed as 180.
    check(
        &after(355, Archived::DeepArchive),
        &[
            (Item::S3DeepArchive, 180.0 * 24.0 / 730.0, 0.005_858_63),
            (Item::S3ToDeepArchive, 1.0, 0.000_05),
        ],
    );
    let never = after(365, Archived::DeepArchive);
    assert!(never.line(Item::S3ToDeepArchive).is_none());
}

#[test]
fn a_video_of_somebody_else_needs_no_s3() {
    let usage = Usage {
        origin: Origin::Web,
        ..eight()
    };
    let bill = reckon(&usage, FreeTier::Spent);
    for item in [Item::S3Standard, Item::S3Put, Item::S3Get] {
        assert!(bill.line(item).is_none(), "{item:?}");
    }
    let in_s3 = Usage {
        origin: Origin::S3,
        ..eight()
    };
    let bill = reckon(&in_s3, FreeTier::Spent);
    assert!(bill.line(Item::S3Put).is_none());
    assert!(bill.line(Item::S3Get).is_some());
}

#[test]
fn a_task_of_some_seconds_is_billed_for_a_minute() {
    let usage = Usage {
        lead: Duration::ZERO,
        ..Usage::one(Duration::from_secs(10), 1_000_000)
    };
    let bill = reckon(&usage, FreeTier::Counted);
    // 60 s ÷ 3,600
    check(&bill, &[(Item::PublicIpv4, 0.016_666_67, 0.000_083_333_3)]);
}
