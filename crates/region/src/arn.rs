//! Account, region and the names of what lives in it.

/// The account that every ARN here names.
pub const ACCOUNT: &str = "000000000000";

/// The region that every ARN here names, and the only one that requests may be signed for.
pub const REGION: &str = "us-east-1";

/// The one ECS cluster.
pub const CLUSTER: &str = "default";

/// `arn:aws:lambda:…:function:<name>`
#[must_use]
pub fn function(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// `arn:aws:states:…:stateMachine:<name>`
#[must_use]
pub fn state_machine(name: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}")
}

/// `arn:aws:states:…:execution:<state machine>:<name>`
#[must_use]
pub fn execution(state_machine: &str, name: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:execution:{state_machine}:{name}")
}

/// `arn:aws:iam::…:role/<name>`; roles are named but never checked here.
#[must_use]
pub fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// `arn:aws:ecs:…:cluster/default`
#[must_use]
pub fn cluster() -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}")
}

/// `arn:aws:ecs:…:task-definition/<family>:1`
#[must_use]
pub fn task_definition(family: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:1")
}

/// `arn:aws:ecs:…:task/default/<id>`
#[must_use]
pub fn task(id: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/{id}")
}

/// `arn:aws:scheduler:…:schedule/<group>/<name>`
#[must_use]
pub fn schedule(group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{group}/{name}")
}

/// `arn:aws:scheduler:…:schedule-group/<name>`
#[must_use]
pub fn schedule_group(name: &str) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}")
}

/// `arn:aws:ssm:…:parameter/<name>`; a name that begins with a slash brings its own.
#[must_use]
pub fn parameter(name: &str) -> String {
    let name = name.strip_prefix('/').unwrap_or(name);
    format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}")
}

/// `arn:aws:sns:…:<name>`
#[must_use]
pub fn topic(name: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}")
}

/// `arn:aws:sqs:…:<name>`; a queue is only a name here: what is sent to it goes to a function.
#[must_use]
pub fn queue(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}
