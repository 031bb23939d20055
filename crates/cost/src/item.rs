//! What there is on a bill.

use serde::{Deserialize, Serialize};

/// One thing that AWS bills. Its name is its key in `prices.json` and in JSON output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// The streamer's processor.
    FargateVcpu,
    /// The streamer's memory.
    FargateMemory,
    /// The streamer's disk, beyond what each task has for nothing.
    FargateStorage,
    /// The streamer's address.
    PublicIpv4,
    /// What is sent to the ingests.
    Egress,
    /// Videos in S3 Standard.
    S3Standard,
    /// Videos in Glacier Instant Retrieval.
    S3GlacierInstant,
    /// Videos in Glacier Deep Archive.
    S3DeepArchive,
    /// Moving videos there.
    S3ToGlacierInstant,
    /// Moving videos there.
    S3ToDeepArchive,
    /// Uploading videos.
    S3Put,
    /// Reading videos.
    S3Get,
    /// Writes to the table, progress above all.
    DynamodbWrite,
    /// Reads from the table.
    DynamodbRead,
    /// Steps of the workflow.
    StepFunctions,
    /// Calls of the functions.
    LambdaRequests,
    /// How long they run, and with how much memory.
    LambdaCompute,
    /// Starts at the air time less the lead.
    Scheduler,
    /// Stream keys in Parameter Store.
    Parameters,
    /// Encrypting and decrypting them.
    Kms,
    /// What streamer and functions log.
    Logs,
    /// Metrics of the streamer.
    Metrics,
    /// Traces of the workflow.
    Traces,
    /// Telling how it went.
    Notifications,
    /// Telling it by e-mail.
    Emails,
    /// Alarms.
    Alarms,
    /// The dashboard.
    Dashboards,
    /// Asking the queue of missed schedules whether there is something in it.
    Queue,
    /// The streamer's images.
    Images,
}

/// What an item comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The shows: no show, no cost.
    Shows,
    /// The deployment: it costs this whether there is a show or not.
    Deployment,
}

impl Item {
    /// All of them, in the order of a bill.
    pub const ALL: [Self; 29] = [
        Self::FargateVcpu,
        Self::FargateMemory,
        Self::FargateStorage,
        Self::PublicIpv4,
        Self::Egress,
        Self::S3Standard,
        Self::S3GlacierInstant,
        Self::S3DeepArchive,
        Self::S3ToGlacierInstant,
        Self::S3ToDeepArchive,
        Self::S3Put,
        Self::S3Get,
        Self::DynamodbWrite,
        Self::DynamodbRead,
        Self::StepFunctions,
        Self::LambdaRequests,
        Self::LambdaCompute,
        Self::Scheduler,
        Self::Parameters,
        Self::Kms,
        Self::Logs,
        Self::Metrics,
        Self::Traces,
        Self::Notifications,
        Self::Emails,
        Self::Alarms,
        Self::Dashboards,
        Self::Queue,
        Self::Images,
    ];

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::FargateVcpu => "Fargate ARM, 0.25 vCPU",
            Self::FargateMemory => "Fargate ARM, 0.5 GB",
            Self::FargateStorage => "Fargate disk beyond 20 GB",
            Self::PublicIpv4 => "Public IPv4 address",
            Self::Egress => "Data out to the ingests",
            Self::S3Standard => "S3 Standard",
            Self::S3GlacierInstant => "S3 Glacier Instant Retrieval",
            Self::S3DeepArchive => "S3 Glacier Deep Archive",
            Self::S3ToGlacierInstant => "S3 moves to Instant Retrieval",
            Self::S3ToDeepArchive => "S3 moves to Deep Archive",
            Self::S3Put => "S3 PUT: upload, tag",
            Self::S3Get => "S3 GET: reading the video",
            Self::DynamodbWrite => "DynamoDB writes",
            Self::DynamodbRead => "DynamoDB reads",
            Self::StepFunctions => "Step Functions",
            Self::LambdaRequests => "Lambda requests",
            Self::LambdaCompute => "Lambda compute, ARM",
            Self::Scheduler => "EventBridge Scheduler",
            Self::Parameters => "Parameter Store, standard",
            Self::Kms => "KMS, for the stream keys",
            Self::Logs => "CloudWatch Logs",
            Self::Metrics => "CloudWatch metrics",
            Self::Traces => "X-Ray traces",
            Self::Notifications => "SNS messages",
            Self::Emails => "SNS e-mail",
            Self::Alarms => "CloudWatch alarms",
            Self::Dashboards => "CloudWatch dashboard",
            Self::Queue => "SQS, asking for missed shows",
            Self::Images => "ECR, images",
        }
    }

    /// What it comes with.
    pub const fn part(self) -> Part {
        match self {
            Self::Alarms | Self::Dashboards | Self::Queue | Self::Images => Part::Deployment,
            _ => Part::Shows,
        }
    }
}
