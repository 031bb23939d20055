//! The first version and a rented server, with what is known of them.

use cost::{Bill, Item, PriceList, Usage, measures};

use crate::reckon::{REGION, counted, dollars, eight, spent, table};

/// The first version's task: 0.25 vCPU and 1 GB on x86.
/// <https://github.com/agjmills/Serverless-Facebook-Streaming>, infrastructure/ecs.tf
const FIRST_VCPU: f64 = 0.25;
const FIRST_MEMORY_GB: f64 = 1.0;
/// It fetches the whole video before it begins; 40 MB/s assumed.
const FIRST_FETCH_BYTES_PER_SECOND: f64 = 40e6;
/// <https://aws.amazon.com/fargate/pricing/>, Linux/x86, US East (N. Virginia), 2026.
const X86_VCPU_HOUR: f64 = 0.04048;
const X86_GB_HOUR: f64 = 0.004_445;

/// The smallest server of Amazon Lightsail with an IPv4 address: 2 vCPUs for moments, 0.5 GB,
/// 20 GB of disk, 1 TB of transfer.
/// <https://docs.aws.amazon.com/lightsail/latest/userguide/amazon-lightsail-bundles.html>,
/// September 2026
pub(crate) const SERVER: f64 = 5.0;

/// The lines of a bill under which all is put together.
const GROUPS: [(&str, &[Item]); 6] = [
    (
        "Streaming task",
        &[Item::FargateVcpu, Item::FargateMemory, Item::FargateStorage],
    ),
    ("Its public IPv4 address", &[Item::PublicIpv4]),
    ("Data out", &[Item::Egress]),
    (
        "Storing the videos",
        &[
            Item::S3Standard,
            Item::S3GlacierInstant,
            Item::S3DeepArchive,
            Item::S3ToGlacierInstant,
            Item::S3ToDeepArchive,
        ],
    ),
    ("Uploading and reading them", &[Item::S3Put, Item::S3Get]),
    (
        "Progress in the table",
        &[Item::DynamodbWrite, Item::DynamodbRead],
    ),
];

/// The first version's bill at today's prices, in the order of [`GROUPS`].
fn first(usage: &Usage, ours: &Bill) -> [f64; 6] {
    let list = PriceList::embedded().unwrap();
    let prices = list.in_region(REGION).unwrap();
    let fetch = usage.video_bytes as f64 / FIRST_FETCH_BYTES_PER_SECOND;
    let hours = f64::from(usage.shows) * (usage.duration.as_secs_f64() + fetch) / 3_600.0;
    let task = hours * (FIRST_VCPU * X86_VCPU_HOUR + FIRST_MEMORY_GB * X86_GB_HOUR);
    let put = prices.of(Item::S3Put).unwrap();
    let parts = usage.video_bytes.div_ceil(measures::PART_BYTES) + 2;
    [
        task,
        hours * prices.of(Item::PublicIpv4).unwrap().price,
        ours.sum_of(&[Item::Egress]),
        ours.sum_of(&[Item::S3Standard]),
        f64::from(usage.shows) * parts as f64 * put.price / put.per,
        0.0,
    ]
}

pub(crate) fn block() -> String {
    let usage = eight();
    let ours = [counted(&usage), spent(&usage)];
    let first = [first(&usage, &ours[0]), first(&usage, &ours[1])];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (i, (label, items)) in GROUPS.iter().enumerate() {
        let mut row = vec![(*label).to_owned()];
        row.extend(first.iter().map(|first| dollars(first[i])));
        row.extend(ours.iter().map(|ours| dollars(ours.sum_of(items))));
        row.push(if i == 5 { "–" } else { "in it" }.to_owned());
        rows.push(row);
    }
    let grouped: Vec<Item> = GROUPS
        .iter()
        .flat_map(|(_, items)| *items)
        .copied()
        .collect();
    let rest = |bill: &Bill| bill.shows - bill.sum_of(&grouped);
    let mut row = |label: &str, first: [f64; 2], ours: [f64; 2], server: &str| {
        let mut row = vec![label.to_owned()];
        row.extend(first.map(dollars));
        row.extend(ours.map(dollars));
        row.push(server.to_owned());
        rows.push(row);
    };
    row(
        "Workflow, functions, keys, logs, metrics, e-mail",
        [0.0; 2],
        [rest(&ours[0]), rest(&ours[1])],
        "–",
    );
    row(
        "Alarms, dashboard, queue, images: shows or not",
        [0.0; 2],
        [ours[0].deployment, ours[1].deployment],
        "–",
    );
    row("The server", [0.0; 2], [0.0; 2], &dollars(SERVER));
    let sums = first.map(|first| first.iter().sum::<f64>());
    let totals = [ours[0].total, ours[1].total];
    row("**A month**", sums, totals, &dollars(SERVER));
    let hours = usage.hours_on_air();
    row(
        "**An hour on air**",
        sums.map(|sum| sum / hours),
        totals.map(|total| total / hours),
        &dollars(SERVER / hours),
    );
    table(
        &[
            "",
            "first version",
            "first version, free tiers spent",
            "Matinee",
            "Matinee, free tiers spent",
            "a server",
        ],
        &rows,
    )
}
