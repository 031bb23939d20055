//! What a broadcast uses: counted from the code, measured, or assumed, and which of the three.
//!
//! `tests/measures.rs` compares what is counted with the code that it is counted from.

use std::time::Duration;

/// Bytes in what AWS calls a GB.
///
/// For storage by the S3 FAQ, whose examples divide by 1,073,741,824
/// (<https://aws.amazon.com/s3/faqs/#Billing>); for transfer by the price list, whose first
/// "10 TB" end at 10,240 GB.
pub const BYTES_PER_GB: f64 = 1_073_741_824.0;
/// Hours in a month, as AWS reckons (<https://calculator.aws>): 365 × 24 ÷ 12.
pub const HOURS_PER_MONTH: f64 = 730.0;

// --- the streamer's task ------------------------------------------------------

/// Processors of the task definition. Counted.
pub const VCPU: f64 = 0.25;
/// Memory of the task definition, in GB. Counted.
pub const MEMORY_GB: f64 = 0.5;
/// Disk of a task, in GB: the smallest there is. Counted.
pub const DISK_GB: f64 = 20.0;
/// Disk that each task has for nothing, in GB. <https://aws.amazon.com/fargate/pricing/>
pub const FREE_DISK_GB: f64 = 20.0;
/// The least that is billed of a task. <https://aws.amazon.com/fargate/pricing/>
pub const LEAST_TASK: Duration = Duration::from_secs(60);
/// How long before the air time the execution starts. Counted.
///
/// Assumed: the task is billed for all of it. It begins some seconds later, when the workflow has
/// tried the keys and Fargate has found a machine.
pub const LEAD: Duration = Duration::from_secs(240);
/// From the last frame until the task has stopped. Assumed.
pub const AFTER_SHOW: Duration = Duration::from_secs(30);
/// Dropped connections in an hour on air. Assumed.
pub const DROPS_PER_HOUR: f64 = 1.0;
/// What a drop costs: the show ends that much later, and that much is read and sent again.
/// Assumed: the 12 s in which a dead connection is found out, and a key-frame interval.
pub const DROP: Duration = Duration::from_secs(16);
/// Longer than any platform's longest show, and where the workflow ends it. Counted.
pub const LONGEST_SHOW: Duration = Duration::from_secs(176_400);

// --- data ---------------------------------------------------------------------

/// Bytes in a ranged GET. Counted.
pub const BLOCK_BYTES: u64 = 256 * 1024;
/// Bytes in a part of an upload. Counted.
pub const PART_BYTES: u64 = 16 * 1024 * 1024;
/// PUT requests of an upload beside its parts, and of tagging the video once it aired. Counted.
pub const MORE_PUTS: f64 = 3.0;
/// Bytes on the wire for each byte of the file.
///
/// Measured at 3 and 6 Mbit/s, 30 pictures a second: RTMP and TLS make 1.0047 and 1.0034 of it.
/// Reckoned: TCP and IP add 52 bytes to each 1,448 and to the rest at the end of each frame, which
/// makes 1.046 and 1.043. Assumed: AWS bills those, too.
pub const WIRE: f64 = 1.05;

// --- the table ----------------------------------------------------------------

/// How often progress is written. Counted.
pub const REPORT_EVERY: Duration = Duration::from_secs(5);
/// Reports at a change of phase: opening, standby, on air, finished. Counted.
pub const MORE_REPORTS: f64 = 4.0;
/// Writes of the broadcast beside those: new, claimed, settled; and its attempt, whose transaction
/// counts twice. Counted.
pub const BROADCAST_WRITES: f64 = 5.0;
/// Writes of the attempt: opened in that transaction, ended. Counted.
pub const ATTEMPT_WRITES: f64 = 3.0;
/// Writes for each destination: the note of its key. Counted.
pub const KEY_NOTES: f64 = 1.0;
/// A write of a broadcast is one of its index too, unless it changes nothing but the progress, which
/// the index leaves out. Counted.
pub const WRITES_WITH_INDEX: f64 = 2.0;
/// A broadcast in the table, without its destinations, in bytes. Measured, rounded up.
pub const ITEM_BYTES: u32 = 750;
/// Each destination with its progress, in bytes. Measured, rounded up.
pub const ITEM_BYTES_PER_DESTINATION: u32 = 550;
/// Bytes in a write unit.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>
pub const WRITE_UNIT_BYTES: u32 = 1_024;
/// Bytes in a (consistent) read unit.
pub const READ_UNIT_BYTES: u32 = 4_096;
/// Reads beside those of the API: by each function once or twice, and by the streamer. Counted.
pub const TABLE_READS: f64 = 8.0;

// --- the workflow -------------------------------------------------------------

/// States that a show goes through, and the start. Counted.
///
/// AWS counts "each time a step of your workflow is executed"
/// (<https://aws.amazon.com/step-functions/pricing/>); its examples count the start as one.
pub const TRANSITIONS: f64 = 6.0;
/// Memory of a function, in GB. Counted.
pub const LAMBDA_GB: f64 = 0.25;
/// A function, how often it is called for a show, and for how many seconds, cold starts included.
/// Calls are counted, seconds assumed.
pub const FUNCTIONS: [(&str, f64, f64); 3] = [
    // As long as the slowest ingest takes to answer.
    ("validate-token", 1.0, 3.0),
    ("persist", 1.0, 0.5),
    ("record-outcome", 1.0, 0.5),
];
/// Requests to the API for a show: schedule it, look now and then. Assumed.
pub const API_REQUESTS: u32 = 20;
/// How often one who follows a show asks the API. Counted.
pub const WATCH_EVERY: Duration = Duration::from_secs(2);
/// How long one takes, in seconds. Assumed.
pub const API_SECONDS: f64 = 0.2;
/// Requests to the key service for each destination: its key is stored, read to be tried, read to
/// be used, and one to spare. Counted.
pub const KMS_REQUESTS: f64 = 4.0;

// --- watching it --------------------------------------------------------------

/// Bytes that a streamer logs in an hour: a line with its metrics each minute, and what happens.
/// Assumed.
pub const LOG_BYTES_PER_HOUR: f64 = 100_000.0;
/// Bytes that the functions log for a show. Assumed.
pub const LOG_BYTES_PER_SHOW: f64 = 30_000.0;
/// Metrics of a deployment: OnAir, OnAirErrorMs, Reconnects, BytesSent, StallSeconds. Counted.
/// AWS bills each for the hours in which there is a value.
/// <https://aws.amazon.com/cloudwatch/pricing/>
pub const METRICS: f64 = 5.0;

// --- the deployment -----------------------------------------------------------

/// Alarms. Counted.
pub const ALARMS: f64 = 9.0;
/// Dashboards. Counted.
pub const DASHBOARDS: f64 = 1.0;
/// Requests that Lambda makes to an empty queue in an hour: five readers, each of which waits for
/// 20 s. Assumed, by
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>.
pub const QUEUE_REQUESTS_PER_HOUR: f64 = 5.0 * 3_600.0 / 20.0;
/// Images that are kept at most. Counted.
pub const IMAGES: f64 = 20.0;
/// The size of one, in bytes. Measured, rounded up.
pub const IMAGE_BYTES: f64 = 10_000_000.0;
