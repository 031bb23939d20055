//! A region without Matinee in it: for trying aws-cli and the SDKs against the region alone, and
//! for the tests, which kill it.
//!
//! ```text
//! bare-region serve DIRECTORY [PORT]   until SIGTERM (tasks stop too) or SIGINT (tasks go on)
//! bare-region task-shim …              the tasks' supervisor
//! ```
//!
//! It has the functions `echo`, `fail` and `record` (which appends what it gets to
//! `DIRECTORY/recorded.jsonl`), the task definition `shell` (`/bin/sh`, give the script as the
//! override's command `["-c", "…"]`), the state machines `pass` and `shell`, the dead-letter
//! queue `missed` and the topic `told`, which `record` hears of like every execution's status
//! changes, and a function URL that answers `GET /hello`.

use std::{
    env,
    error::Error,
    ffi::OsString,
    fs::OpenOptions,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use axum::{Router, routing::get};
use region::{FunctionError, Region, ShimCommand, ShutdownTasks, TaskCommand, arn};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    if command == "task-shim" {
        return region::task::shim_main(args);
    }
    if command != "serve" {
        eprintln!("usage: bare-region serve DIRECTORY [PORT]");
        return ExitCode::from(64);
    }
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bare-region: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(mut args: impl Iterator<Item = OsString>) -> Result<(), Box<dyn Error>> {
    let directory = args.next().ok_or("the directory is missing")?;
    let port = match args.next() {
        Some(port) => port.to_str().ok_or("the port is no number")?.parse()?,
        None => 0,
    };
    let shim = ShimCommand {
        program: env::current_exe()?,
        args: vec!["task-shim".to_owned()],
    };
    let recorded = Path::new(&directory).join("recorded.jsonl");
    let region = Region::builder(&directory)
        .listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .bind()
        .await?
        .function("echo", |payload| async { Ok(payload) })
        .function("fail", |_| async {
            Err(FunctionError {
                error_type: "OnPurpose".to_owned(),
                error_message: "this function always fails".to_owned(),
            })
        })
        .function("record", move |payload| {
            let result = record(&recorded, &payload);
            async { result }
        })
        .task_definition("shell", shell_command(shim))
        .state_machine("pass", pass())
        .state_machine("shell", shell())
        .on_execution_status_change("record")
        .dead_letter(arn::queue("missed"), "record")
        .subscribe("told", "record")
        .http(Router::new().route("/hello", get(async || "hello")))
        .start()
        .await?;
    println!("{}", region.endpoint());

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let tasks = tokio::select! {
        _ = terminate.recv() => ShutdownTasks::Stop,
        _ = interrupt.recv() => ShutdownTasks::LeaveRunning,
    };
    region.shutdown(tasks).await;
    Ok(())
}

fn shell_command(shim: ShimCommand) -> TaskCommand {
    TaskCommand {
        // ECS's least is two seconds too.
        stop_timeout: Duration::from_secs(2),
        ..TaskCommand::new("/bin/sh", shim)
    }
}

fn record(file: &Path, payload: &Value) -> Result<Value, FunctionError> {
    let append = || {
        let mut file = OpenOptions::new().append(true).create(true).open(file)?;
        file.write_all(format!("{payload}\n").as_bytes())
    };
    append().map_err(|error: std::io::Error| FunctionError {
        error_type: "Io".to_owned(),
        error_message: error.to_string(),
    })?;
    Ok(json!({}))
}

fn pass() -> String {
    json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Pass",
        "States": { "Pass": { "Type": "Pass", "End": true } },
    })
    .to_string()
}

/// Runs `{"script": "…"}` as a task.
fn shell() -> String {
    json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Run",
        "States": { "Run": {
            "Type": "Task",
            "Resource": "arn:aws:states:::ecs:runTask.sync",
            "Arguments": {
                "Cluster": arn::cluster(),
                "TaskDefinition": arn::task_definition("shell"),
                "LaunchType": "FARGATE",
                "Overrides": { "ContainerOverrides": [{
                    "Name": "shell",
                    "Command": ["-c", "{% $states.input.script %}"],
                }]},
            },
            "End": true,
        }},
    })
    .to_string()
}
