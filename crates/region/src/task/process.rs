//! Processes that are not our children, told apart from later ones with the same id.

use std::{fs, io};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// A process by its id, the time it started and the boot that was in, which no other process
/// shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// Clock ticks since boot, from `/proc/<pid>/stat`.
    start: u64,
    /// The kernel's random id of this boot.
    boot: String,
}

impl Process {
    /// The process with this id, if there is one.
    pub(crate) fn with_pid(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok()?;
        let (start, boot) = (start_time(pid)?, boot_id()?);
        Some(Self { pid, start, boot })
    }

    /// Signals this very process; `false` when it is gone.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<bool> {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return Ok(false);
        };
        // The descriptor pins the process, so nothing can take its id between check and signal.
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else {
            return Ok(false);
        };
        if !self.is_alive() {
            return Ok(false);
        }
        match pidfd_send_signal(&descriptor, signal) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Signals the group that this process leads, if it still lives.
    pub(crate) fn signal_group(&self, signal: Signal) -> io::Result<bool> {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return Ok(false);
        };
        if !self.is_alive() {
            return Ok(false);
        }
        match kill_process_group(pid, signal) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn is_alive(&self) -> bool {
        start_time(self.pid) == Some(self.start) && boot_id().as_ref() == Some(&self.boot)
    }
}

fn boot_id() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

/// Field 22 of `/proc/<pid>/stat`; the name before it may hold spaces and brackets.
fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_itself_and_no_other() {
        let own = Process::with_pid(std::process::id()).unwrap();
        assert_eq!(Process::with_pid(std::process::id()).as_ref(), Some(&own));
        assert!(own.is_alive());
        let later = Process {
            start: own.start + 1,
            ..own.clone()
        };
        let before_boot = Process {
            boot: "another".to_owned(),
            ..own
        };
        for stranger in [later, before_boot] {
            assert!(!stranger.signal(Signal::KILL).unwrap());
            assert!(!stranger.signal_group(Signal::KILL).unwrap());
        }
    }
}
