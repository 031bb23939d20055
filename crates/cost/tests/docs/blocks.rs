//! What stands in the blocks.

use cost::{Archive, Archived, Item, Origin, Usage, measures, text};

use crate::{
    compare,
    reckon::{self, REGION, counted, dollars, eight, list, shows, spent, table},
};

pub(crate) const NAMES: [&str; 9] = [
    "short",
    "compare",
    "server",
    "shows",
    "lines",
    "dominates",
    "lower",
    "measures",
    "prices",
];

pub(crate) fn block(name: &str) -> String {
    match name {
        "short" => short(),
        "compare" => compare::block(),
        "server" => server(),
        "shows" => by_shows(),
        "lines" => lines(),
        "dominates" => dominates(),
        "lower" => lower(),
        "measures" => in_words(),
        "prices" => prices(),
        name => panic!("there is no block {name}"),
    }
}

fn short() -> String {
    let (counted, spent) = (counted(&eight()), spent(&eight()));
    assert!(counted.per_hour < 0.1, "the aim is missed");
    let one = reckon::counted(&Usage {
        shows: 1,
        ..eight()
    });
    let line = |item| spent.line(item).unwrap().amount;
    format!(
        "Eight one-hour videos of 2.5 GB a month cost **{}** on AWS, **{}** for an hour on air, all in.\n\
         That counts the free tiers, which every account has for ever, above all 100 GB of data out a month.\n\
         Where something else in the account uses all of them up, it is {}, {} for an hour on air: \
         {} for data out, {} for the dashboard, {} for the alarms, and the rest.\n\
         A single one-hour show a month bears the deployment alone and costs {}; each further one {}.",
        text::about(counted.total),
        text::about(counted.per_hour),
        text::about(spent.total),
        text::about(spent.per_hour),
        text::about(line(Item::Egress)),
        text::about(line(Item::Dashboards)),
        text::about(line(Item::Alarms)),
        text::about(one.total),
        text::about(one.shows),
    )
}

/// From how many shows on a server is cheaper.
fn server() -> String {
    let dearer = |bill: fn(&Usage) -> cost::Bill| {
        (1..).find(|number| bill(&shows(*number, 1, 6.0)).total > compare::SERVER)
    };
    let (counted, spent) = (dearer(counted).unwrap(), dearer(spent).unwrap());
    format!(
        "A server at {} a month is cheaper from {counted} one-hour shows a month on, at 6 Mbit/s and with the free tiers; \
         without them from {} on.",
        text::about(compare::SERVER),
        if spent == 1 {
            "the first".to_owned()
        } else {
            spent.to_string()
        },
    )
}

fn by_shows() -> String {
    let rows: Vec<Vec<String>> = [
        ("1 hour at 3 Mbit/s", shows(1, 1, 3.0)),
        ("1 hour at 6 Mbit/s", shows(1, 1, 6.0)),
        ("8 hours at 6 Mbit/s", shows(1, 8, 6.0)),
        ("8 × 1 hour at 6 Mbit/s", shows(8, 1, 6.0)),
        ("24 × 1 hour at 6 Mbit/s", shows(24, 1, 6.0)),
        (
            "the same, to 3 destinations",
            Usage {
                destinations: 3,
                ..shows(24, 1, 6.0)
            },
        ),
        ("100 × 1 hour at 6 Mbit/s", shows(100, 1, 6.0)),
        ("10,000 × 1 hour at 6 Mbit/s", shows(10_000, 1, 6.0)),
    ]
    .into_iter()
    .map(|(label, usage)| {
        let (counted, spent) = (counted(&usage), spent(&usage));
        let out = counted.line(Item::Egress).unwrap().quantity;
        vec![
            label.to_owned(),
            text::quantity(out.round(), "GB"),
            dollars(counted.total),
            dollars(counted.per_hour),
            dollars(counted.shows / counted.hours_on_air),
            dollars(spent.total),
            dollars(spent.per_hour),
            dollars(spent.shows / spent.hours_on_air),
        ]
    })
    .collect();
    table(
        &[
            "a month of",
            "data out",
            "total",
            "an hour",
            "without the deployment",
            "free tiers spent: total",
            "an hour",
            "without the deployment",
        ],
        &rows,
    )
}

fn lines() -> String {
    let (counted, spent) = (counted(&eight()), spent(&eight()));
    let mut rows: Vec<Vec<String>> = counted
        .lines
        .iter()
        .zip(&spent.lines)
        .map(|(line, spent)| {
            vec![
                line.label.to_owned(),
                text::quantity(line.quantity, &line.unit),
                text::price(line),
                text::charge(line.amount),
                text::charge(spent.amount),
            ]
        })
        .collect();
    for (label, counted, spent) in [
        ("The shows", counted.shows, spent.shows),
        ("The deployment", counted.deployment, spent.deployment),
        ("**Total**", counted.total, spent.total),
    ] {
        let amounts = [counted, spent].map(text::dollars);
        rows.push(
            [label.to_owned(), String::new(), String::new()]
                .into_iter()
                .chain(amounts)
                .collect(),
        );
    }
    table(
        &["", "quantity", "price", "amount", "free tiers spent"],
        &rows,
    )
}

fn dominates() -> String {
    let one = |bill: cost::Bill| {
        let part = |items: &[Item]| bill.sum_of(items) / bill.shows * 100.0;
        format!(
            "{:.0} % is data out, {:.0} % storing the video for 30 days, {:.0} % the task, {:.0} % its address, {:.0} % reading and uploading the video",
            part(&[Item::Egress]),
            part(&[Item::S3Standard]),
            part(&[Item::FargateVcpu, Item::FargateMemory]),
            part(&[Item::PublicIpv4]),
            part(&[Item::S3Get, Item::S3Put]),
        )
    };
    let usage = shows(8, 1, 6.0);
    format!(
        "Of what a one-hour show at 6 Mbit/s costs within the free 100 GB, {}.\n\
         Beyond them, {}: each further hour at 6 Mbit/s is {} for each destination.",
        one(counted(&usage)),
        one(spent(&usage)),
        text::about(spent(&usage).sum_of(&[Item::Egress]) / 8.0),
    )
}

fn lower() -> String {
    let usual = shows(24, 1, 6.0);
    let year = |archive| Usage {
        kept_days: 365,
        archive,
        ..usual.clone()
    };
    let archive = |class| {
        Some(Archive {
            after_days: 30,
            class,
        })
    };
    let watched = (usual.lead + usual.duration).as_secs() / measures::WATCH_EVERY.as_secs();
    let watched = u32::try_from(watched).unwrap();
    let cases = [
        ("24 shows of 1 hour at 6 Mbit/s", usual.clone()),
        (
            "videos deleted after 7 days instead of 30",
            Usage {
                kept_days: 7,
                ..usual.clone()
            },
        ),
        (
            "videos read from a web server of your own",
            Usage {
                origin: Origin::Web,
                ..usual.clone()
            },
        ),
        ("4 Mbit/s instead of 6", shows(24, 1, 4.0)),
        (
            "`--spot`",
            Usage {
                spot: true,
                ..usual.clone()
            },
        ),
        (
            "a lead of 2 minutes",
            Usage {
                lead: std::time::Duration::from_secs(120),
                ..usual.clone()
            },
        ),
        ("videos kept for a year", year(None)),
        (
            "for a year, after 30 days in Glacier Instant Retrieval",
            year(archive(Archived::GlacierInstant)),
        ),
        (
            "for a year, after 30 days in Glacier Deep Archive",
            year(archive(Archived::DeepArchive)),
        ),
        (
            "a second destination",
            Usage {
                destinations: 2,
                ..usual.clone()
            },
        ),
        (
            "each followed with `--watch`",
            Usage {
                api_requests: usual.api_requests + watched,
                ..usual.clone()
            },
        ),
    ];
    let rows: Vec<Vec<String>> = cases
        .into_iter()
        .map(|(label, usage)| {
            vec![
                label.to_owned(),
                dollars(counted(&usage).total),
                dollars(spent(&usage).total),
            ]
        })
        .collect();
    table(&["", "with the free tiers", "free tiers spent"], &rows)
}

/// Each assumption and measure in a line.
fn in_words() -> String {
    let megabytes = |bytes: f64| format!("{} MB", bytes / 1e6);
    let kib = |bytes: u64| format!("{} KiB", bytes / 1_024);
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let (_, _, probe) = measures::FUNCTIONS[0];
    [
        format!("A GB is 2^30 bytes: for storage by the [S3 FAQ](https://aws.amazon.com/s3/faqs/), for transfer by the price list, whose first 10 TB end at 10,240 GB. A month has {} hours.", measures::HOURS_PER_MONTH),
        format!("The task has {} vCPU and {} GB, and is billed for the whole lead of {} minutes, the show, and {} s to stop. It really begins some seconds into the lead.", measures::VCPU, measures::MEMORY_GB, measures::LEAD.as_secs() / 60, measures::AFTER_SHOW.as_secs()),
        format!("The image is pulled within the lead. The {} GB of disk that each task has cost nothing.", measures::FREE_DISK_GB),
        format!("Dropped connections: {} an hour. Each makes the show {} s longer and has as much read and sent again.", measures::DROPS_PER_HOUR, measures::DROP.as_secs()),
        format!("Spot takes {:.0} % off the task. It was 50 to 70 % in 2026; interruptions, which cost another start, are not counted.", (1.0 - list().in_region(REGION).unwrap().spot_factor()) * 100.0),
        format!("Each byte of the file is {} bytes on the wire. Measured: RTMP and TLS add 0.5 % at 3 Mbit/s and 0.3 % at 6. Reckoned: TCP and IP add 4 %, and AWS bills them.", measures::WIRE),
        format!("The video is read once, in blocks of {}, however many destinations there are.", kib(measures::BLOCK_BYTES)),
        format!("It is uploaded in parts of {} and tagged once it has aired. From S3 to the task in the same region is free.", mib(measures::PART_BYTES)),
        "It is kept in S3 Standard for 30 days. What lies in Glacier Instant Retrieval is billed for 90 days at least, in Deep Archive for 180.".to_owned(),
        format!("Progress is written every {} s. A broadcast's item has {} bytes and {} for each destination, its index has all but the progress, and a write unit is {} bytes.", measures::REPORT_EVERY.as_secs(), measures::ITEM_BYTES, measures::ITEM_BYTES_PER_DESTINATION, measures::WRITE_UNIT_BYTES),
        format!("A show that goes well takes {} transitions, its start included. Each attempt after a failure takes five more.", measures::TRANSITIONS),
        format!("A function has {} GB and runs for {} s to try the keys, half a second to open and to settle; {} requests to the API for each show take {} s each.", measures::LAMBDA_GB, probe, measures::API_REQUESTS, measures::API_SECONDS),
        format!("The streamer logs {} an hour, the functions {} a show.", megabytes(measures::LOG_BYTES_PER_HOUR), megabytes(measures::LOG_BYTES_PER_SHOW)),
        format!("{} metrics are billed for the hours in which there is a show, one show after the other.", measures::METRICS),
        format!("{} alarms, {} dashboard and {} images of {} are there with or without shows.", measures::ALARMS, measures::DASHBOARDS, measures::IMAGES, megabytes(measures::IMAGE_BYTES)),
        format!("Lambda asks the queue of missed schedules {} times an hour whether there is something in it.", measures::QUEUE_REQUESTS_PER_HOUR),
        "Left out, a hundredth of a cent together: storage of the table with its backups, of logs beyond their ingestion, of tags; what AWS's own services send one another within the region.".to_owned(),
        "Nothing is spent on a NAT gateway, Secrets Manager, an own KMS key, Container Insights or a load balancer: there is none.".to_owned(),
        "Taxes, support plans, discounts and credits for new accounts are not counted.".to_owned(),
    ]
    .map(|line| format!("- {line}"))
    .join("\n")
}

fn prices() -> String {
    let list = list();
    let region = list.in_region(REGION).unwrap();
    let rows: Vec<Vec<String>> = Item::ALL
        .into_iter()
        .map(|item| {
            let price = region.of(item).unwrap();
            vec![
                format!("[{}]({})", item.label(), price.source),
                text::price_per(price.price, price.per),
                price.unit.to_owned(),
                if price.free > 0.0 {
                    text::quantity(price.free, price.unit)
                } else {
                    "–".to_owned()
                },
            ]
        })
        .collect();
    let regions = list.regions().collect::<Vec<_>>().join(", ");
    format!(
        "Of {}; regions: {regions}.\n\n{}",
        list.date,
        table(&["", "price", "for one", "free each month"], &rows)
    )
}
