//! How much of each item a month of shows uses.

use crate::{
    Archived, Item, Origin, Usage,
    measures::{
        AFTER_SHOW, ALARMS, API_SECONDS, ATTEMPT_WRITES, BLOCK_BYTES, BROADCAST_WRITES,
        BYTES_PER_GB, DASHBOARDS, DISK_GB, DROP, DROPS_PER_HOUR, FREE_DISK_GB, FUNCTIONS,
        HOURS_PER_MONTH, IMAGE_BYTES, IMAGES, ITEM_BYTES, ITEM_BYTES_PER_DESTINATION, KEY_NOTES,
        KMS_REQUESTS, LAMBDA_GB, LEAST_TASK, LOG_BYTES_PER_HOUR, LOG_BYTES_PER_SHOW, MEMORY_GB,
        METRICS, MORE_PUTS, MORE_REPORTS, PART_BYTES, QUEUE_REQUESTS_PER_HOUR, READ_UNIT_BYTES,
        REPORT_EVERY, TABLE_READS, TRANSITIONS, VCPU, WIRE, WRITE_UNIT_BYTES, WRITES_WITH_INDEX,
    },
};

const SECONDS_PER_HOUR: f64 = 3_600.0;
const HOURS_PER_DAY: f64 = 24.0;

/// The quantity of `item` in its unit.
pub(crate) fn quantity(item: Item, usage: &Usage) -> f64 {
    let shows = f64::from(usage.shows);
    match item {
        Item::FargateVcpu => shows * task_hours(usage) * VCPU,
        Item::FargateMemory => shows * task_hours(usage) * MEMORY_GB,
        Item::FargateStorage => shows * task_hours(usage) * (DISK_GB - FREE_DISK_GB).max(0.0),
        Item::PublicIpv4 => shows * task_hours(usage),
        Item::Egress => shows * f64::from(usage.destinations) * gigabytes(sent_bytes(usage)),
        Item::S3Standard => shows * stored(usage) * months(days_in_standard(usage)),
        Item::S3GlacierInstant => shows * archived(usage, Archived::GlacierInstant),
        Item::S3DeepArchive => shows * archived(usage, Archived::DeepArchive),
        Item::S3ToGlacierInstant => shows * moves(usage, Archived::GlacierInstant),
        Item::S3ToDeepArchive => shows * moves(usage, Archived::DeepArchive),
        Item::S3Put => shows * puts(usage),
        Item::S3Get => shows * gets(usage),
        Item::DynamodbWrite => shows * writes(usage),
        Item::DynamodbRead => {
            shows * (TABLE_READS + f64::from(usage.api_requests)) * units(usage, READ_UNIT_BYTES)
        }
        Item::StepFunctions => shows * TRANSITIONS,
        Item::LambdaRequests => {
            let calls: f64 = FUNCTIONS.iter().map(|(_, calls, _)| calls).sum();
            shows * (calls + f64::from(usage.api_requests))
        }
        Item::LambdaCompute => {
            let seconds: f64 = FUNCTIONS.iter().map(|(_, calls, each)| calls * each).sum();
            shows * (seconds + f64::from(usage.api_requests) * API_SECONDS) * LAMBDA_GB
        }
        Item::Scheduler | Item::Traces | Item::Notifications | Item::Emails => shows,
        Item::Parameters => shows * f64::from(usage.destinations),
        Item::Kms => shows * f64::from(usage.destinations) * KMS_REQUESTS,
        Item::Logs => {
            let bytes = task_hours(usage) * LOG_BYTES_PER_HOUR + LOG_BYTES_PER_SHOW;
            shows * gigabytes(bytes)
        }
        Item::Metrics => METRICS * hours_with_metrics(usage) / HOURS_PER_MONTH,
        Item::Alarms => ALARMS,
        Item::Dashboards => DASHBOARDS,
        Item::Queue => QUEUE_REQUESTS_PER_HOUR * HOURS_PER_MONTH,
        Item::Images => gigabytes(IMAGES * IMAGE_BYTES),
    }
}

/// What one show's task is billed for: whole seconds.
pub(crate) fn task_seconds(usage: &Usage) -> f64 {
    let seconds = (usage.lead + AFTER_SHOW).as_secs_f64() + played_seconds(usage);
    seconds.max(LEAST_TASK.as_secs_f64()).ceil()
}

/// The show, and what is played again after a dropped connection.
fn played_seconds(usage: &Usage) -> f64 {
    let seconds = usage.duration.as_secs_f64();
    seconds + seconds / SECONDS_PER_HOUR * DROPS_PER_HOUR * DROP.as_secs_f64()
}

fn task_hours(usage: &Usage) -> f64 {
    task_seconds(usage) / SECONDS_PER_HOUR
}

/// Bytes of the file that are played, those that are played again included.
fn played_bytes(usage: &Usage) -> f64 {
    let seconds = usage.duration.as_secs_f64();
    if seconds > 0.0 {
        usage.video_bytes as f64 * (played_seconds(usage) / seconds)
    } else {
        0.0
    }
}

fn sent_bytes(usage: &Usage) -> f64 {
    played_bytes(usage) * WIRE
}

fn is_in_s3(usage: &Usage) -> bool {
    matches!(usage.origin, Origin::Upload | Origin::S3)
}

/// GB of one video that S3 stores.
fn stored(usage: &Usage) -> f64 {
    if is_in_s3(usage) {
        gigabytes(usage.video_bytes as f64)
    } else {
        0.0
    }
}

fn days_in_standard(usage: &Usage) -> u32 {
    usage.archive.map_or(usage.kept_days, |archive| {
        archive.after_days.min(usage.kept_days)
    })
}

/// GB-months of one video in `class`.
fn archived(usage: &Usage, class: Archived) -> f64 {
    let days = usage.kept_days - days_in_standard(usage);
    match usage.archive {
        Some(archive) if archive.class == class && days > 0 => {
            stored(usage) * months(days.max(class.least_days()))
        }
        _ => 0.0,
    }
}

fn moves(usage: &Usage, class: Archived) -> f64 {
    f64::from(u8::from(archived(usage, class) > 0.0))
}

fn puts(usage: &Usage) -> f64 {
    match usage.origin {
        Origin::Upload => usage.video_bytes.div_ceil(PART_BYTES) as f64 + MORE_PUTS,
        Origin::S3 | Origin::Web => 0.0,
    }
}

/// The file once, block by block, what is played again, and the first question.
fn gets(usage: &Usage) -> f64 {
    if is_in_s3(usage) {
        (played_bytes(usage) / BLOCK_BYTES as f64).ceil() + 1.0
    } else {
        0.0
    }
}

fn writes(usage: &Usage) -> f64 {
    let reports = (task_seconds(usage) / REPORT_EVERY.as_secs_f64()).ceil();
    let changes = MORE_REPORTS + BROADCAST_WRITES;
    (reports + changes * WRITES_WITH_INDEX) * units(usage, WRITE_UNIT_BYTES)
        + ATTEMPT_WRITES
        + KEY_NOTES * f64::from(usage.destinations)
}

/// How many units of `size` bytes a broadcast's item takes.
fn units(usage: &Usage, size: u32) -> f64 {
    let destinations = u64::from(ITEM_BYTES_PER_DESTINATION) * u64::from(usage.destinations);
    (u64::from(ITEM_BYTES) + destinations).div_ceil(u64::from(size)) as f64
}

/// Hours of the month in which some streamer reports metrics: shows one after the other, each of
/// which begins within an hour and ends within another.
fn hours_with_metrics(usage: &Usage) -> f64 {
    let hours = f64::from(usage.shows) * (task_hours(usage).ceil() + 1.0);
    hours.min(HOURS_PER_MONTH)
}

fn gigabytes(bytes: f64) -> f64 {
    bytes / BYTES_PER_GB
}

fn months(days: u32) -> f64 {
    f64::from(days) * HOURS_PER_DAY / HOURS_PER_MONTH
}
