//! Where stream keys come from: a hidden prompt, files, or standard input. Never the command line.

use std::{
    fs,
    io::{self, BufRead, IsTerminal},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use broadcast::StreamKey;
use clap::Args;

use crate::{error::CliError, screen::counted};

/// The options that say where keys come from.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyArgs {
    /// A file with a stream key in its first line; once for each destination, in their order.
    /// Without it you are asked for the key, or it is read from standard input, a line for each
    /// destination
    #[arg(long = "key-file", value_name = "FILE")]
    key_files: Vec<PathBuf>,

    /// Refused with the reason: there is no safe way to pass a key on a command line.
    #[arg(
        long = "key",
        alias = "stream-key",
        hide = true,
        value_name = "KEY",
        num_args = 0..,
        allow_hyphen_values = true
    )]
    key: Option<Vec<String>>,
}

/// Why `--key` is refused.
const REFUSED: &str = "a stream key is not taken from the command line: every process list and the \
    shell's history show it, and the shell splits it at `&`; leave it out and you are asked for \
    it, or give --key-file FILE, or write it to standard input";

impl KeyArgs {
    /// Refuses a key on the command line. Called before anything else is looked at.
    pub(crate) fn refuse_key(&self) -> Result<(), CliError> {
        match &self.key {
            Some(_) => Err(refused()),
            None => Ok(()),
        }
    }

    /// A key for each destination, by their names and in their order.
    pub(crate) fn read(&self, destinations: &[&str]) -> Result<Vec<StreamKey>, CliError> {
        if self.key_files.len() > destinations.len() {
            return Err(CliError::usage(format!(
                "{} are given for {}; give one for each --to, in their order",
                counted(self.key_files.len(), "key file"),
                counted(destinations.len(), "destination")
            )));
        }
        let (from_files, asked) = destinations.split_at(self.key_files.len());
        let mut keys = Vec::with_capacity(destinations.len());
        for (name, path) in from_files.iter().zip(&self.key_files) {
            keys.push(checked(name, &read_file(name, path)?)?);
        }
        if io::stdin().is_terminal() {
            for name in asked {
                let prompt = format!("Stream key for {name} (not shown): ");
                let key = rpassword::prompt_password(prompt)
                    .map_err(|error| CliError::usage(format!("no stream key was read: {error}")))?;
                keys.push(checked(name, &key)?);
            }
        } else {
            let mut lines = io::stdin().lock().lines();
            for name in asked {
                let line = match lines.next() {
                    Some(Ok(line)) => line,
                    Some(Err(error)) => {
                        return Err(CliError::usage(format!(
                            "cannot read the key of {name} from standard input: {error}"
                        )));
                    }
                    None => {
                        return Err(CliError::usage(format!(
                            "standard input has no line for the key of {name}; write one line for \
                             each destination, or give --key-file FILE"
                        )));
                    }
                };
                keys.push(checked(name, &line)?);
            }
        }
        Ok(keys)
    }
}

/// The refusal of a key that stands on the command line.
pub(crate) fn refused() -> CliError {
    CliError::usage(REFUSED)
}

/// The refusal of what stands behind the video and is no option: mostly a key, or a part of a name.
pub(crate) fn refuse_surplus(surplus: &[String]) -> Result<(), CliError> {
    if surplus.is_empty() {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "one video is taken, and there is more behind it (a name with spaces stands in quotes); \
         {REFUSED}"
    )))
}

fn read_file(name: &str, path: &Path) -> Result<String, CliError> {
    // It may be the key itself in the place of its file.
    let unreadable = |error: io::Error| {
        CliError::usage(format!(
            "cannot read {} as the key file of {name}: {error}",
            api::echo(&path.to_string_lossy())
        ))
    };
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        eprintln!(
            "warning: others on this machine can read {0}; chmod 600 {0}",
            path.display()
        );
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// What was pasted, without the white space around it.
fn checked(name: &str, text: &str) -> Result<StreamKey, CliError> {
    let key = StreamKey::new(text.trim());
    match api::legal_key(&key) {
        Ok(()) => Ok(key),
        Err(fault) => Err(CliError::usage(format!("the key of {name} {fault}"))),
    }
}
