//! How the destinations are sent to: options of `schedule` and `play`.

use broadcast::{Backup, DEFAULT_BACKUP_AFTER, Ingest, Platform, Timestamps};
use clap::Args;

use crate::{
    destination::{Destination, split_name},
    error::CliError,
    schedule::seconds,
};

/// The options that say how destinations are sent to.
#[derive(Args, Clone, Debug)]
pub(crate) struct DeliveryArgs {
    /// The ingest to use while the first one cannot be, with the same key: an address like
    /// rtmps://host/app, or youtube for YouTube's own. NAME=… says for which --to; it may be left
    /// out where only one can be meant
    #[arg(long, value_name = "[NAME=]URL")]
    backup: Vec<String>,

    /// How long the first ingest may be away before the backup is used, as in 30s (1s to 5m)
    /// [default: 10s]
    #[arg(long, value_name = "SPAN", value_parser = backup_after, requires = "backup")]
    pub(crate) backup_after: Option<u64>,

    /// What the timestamps do when a connection was made again: continue, or restart-at-zero for
    /// ingests that need it. NAME=… says for which --to; without it, for all [default: continue]
    #[arg(long, value_name = "[NAME=]HOW")]
    timestamps: Vec<String>,

    /// Ingests of your own take HEVC and AV1 (Enhanced RTMP) although they may not say so
    #[arg(long)]
    enhanced: bool,
}

impl DeliveryArgs {
    /// Gives the destinations what was asked for them.
    pub(crate) fn apply(&self, destinations: &mut [Destination]) -> Result<(), CliError> {
        let refused = |option: &str, fault: String| CliError::usage(format!("--{option}: {fault}"));
        for text in &self.backup {
            self.add_backup(text, destinations)
                .map_err(|fault| refused("backup", fault))?;
        }
        for text in &self.timestamps {
            set_timestamps(text, destinations).map_err(|fault| refused("timestamps", fault))?;
        }
        if self.enhanced {
            let custom = |one: &&mut Destination| one.platform == Platform::Custom;
            let mut own = destinations.iter_mut().filter(custom).peekable();
            if own.peek().is_none() {
                return Err(CliError::usage(
                    "--enhanced is for ingests of your own; which codecs a platform takes is known",
                ));
            }
            own.for_each(|one| one.enhanced = true);
        }
        Ok(())
    }

    fn add_backup(&self, text: &str, destinations: &mut [Destination]) -> Result<(), String> {
        let (name, address) = split_name(text);
        let ingest = ingest(address)?;
        let destination = match name {
            Some(name) => named(name, destinations)?,
            None => meant(&ingest, destinations)?,
        };
        api::legal_backup(&ingest, &destination.ingest)
            .map_err(|fault| format!("the backup of {} {fault}", destination.name))?;
        if destination.backup.is_some() {
            return Err(format!("{} has two backups; give one", destination.name));
        }
        destination.backup = Some(Backup {
            ingest,
            after_seconds: self.backup_after.unwrap_or(DEFAULT_BACKUP_AFTER),
        });
        Ok(())
    }
}

fn ingest(address: &str) -> Result<Ingest, String> {
    let known = address.parse().ok().and_then(Platform::backup_ingest);
    match known {
        Some(ingest) => Ok(ingest),
        None if !address.contains("://") => {
            Err("it is no address; it looks like rtmps://host/app, without the key".to_owned())
        }
        None => address
            .parse()
            .map_err(|error: broadcast::InvalidIngest| error.to_string()),
    }
}

fn named<'a>(
    name: &str,
    destinations: &'a mut [Destination],
) -> Result<&'a mut Destination, String> {
    let names = names(destinations);
    destinations
        .iter_mut()
        .find(|one| one.name == name)
        .ok_or_else(|| {
            format!(
                "there is no destination {}; there is {names}",
                api::echo(name)
            )
        })
}

/// The only destination, or the only one on the platform of this ingest.
fn meant<'a>(
    ingest: &Ingest,
    destinations: &'a mut [Destination],
) -> Result<&'a mut Destination, String> {
    let names = names(destinations);
    let is_alone = destinations.len() == 1;
    let platform = Platform::of(ingest);
    let mut alike = destinations
        .iter_mut()
        .filter(|one| is_alone || Platform::of(&one.ingest) == platform);
    match (alike.next(), alike.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(format!("say for which of {names} it is, as in NAME=URL")),
    }
}

fn set_timestamps(text: &str, destinations: &mut [Destination]) -> Result<(), String> {
    let (name, how) = split_name(text);
    let how = match how {
        "continue" => Timestamps::Continue,
        "restart-at-zero" => Timestamps::RestartAtZero,
        _ => return Err("it is continue or restart-at-zero".to_owned()),
    };
    match name {
        Some(name) => named(name, destinations)?.timestamps = how,
        None => destinations.iter_mut().for_each(|one| one.timestamps = how),
    }
    Ok(())
}

fn names(destinations: &[Destination]) -> String {
    let names: Vec<&str> = destinations.iter().map(|one| &*one.name).collect();
    names.join(", ")
}

fn backup_after(text: &str) -> Result<u64, String> {
    let seconds = seconds(text)?;
    api::legal_backup_after(seconds).map_err(|_| "it is from 1s to 5m".to_owned())?;
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination;

    const ONE: &[&str] = &["rtmp://a.example/live"];
    const TWO: &[&str] = &["facebook", "youtube"];

    fn applied(to: &[&str], args: DeliveryArgs) -> Result<Vec<Destination>, String> {
        let to: Vec<String> = to.iter().map(|&text| text.to_owned()).collect();
        let mut destinations = destination::named(&to).unwrap();
        args.apply(&mut destinations)
            .map_err(|error| error.to_string())?;
        Ok(destinations)
    }

    fn args(backup: &[&str], timestamps: &[&str]) -> DeliveryArgs {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        DeliveryArgs {
            backup: texts(backup),
            backup_after: None,
            timestamps: texts(timestamps),
            enhanced: false,
        }
    }

    /// The backups of all destinations, a `-` for none.
    #[track_caller]
    fn check(to: &[&str], backup: &[&str], expected: Result<&str, &str>) {
        let found = applied(to, args(backup, &[])).map(|made| {
            let shown = made.iter().map(|one| match &one.backup {
                Some(backup) => format!("{} after {} s", backup.ingest, backup.after_seconds),
                None => "-".to_owned(),
            });
            shown.collect::<Vec<_>>().join(", ")
        });
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_backup_belongs_to_a_destination() {
        check(
            ONE,
            &["rtmp://b.example/live?x=1"],
            Ok("rtmp://b.example/live?x=1 after 10 s"),
        );
        let youtube = Ok("-, rtmps://b.rtmps.youtube.com/live2?backup=1 after 10 s");
        check(TWO, &["youtube=youtube"], youtube);
        check(TWO, &["youtube"], youtube);
        check(
            TWO,
            &["rtmps://b.rtmps.youtube.com/live2?backup=1"],
            youtube,
        );
        check(
            TWO,
            &["rtmp://b.example/live"],
            Err("--backup: say for which of facebook, youtube it is, as in NAME=URL"),
        );
        check(
            TWO,
            &["twitch=rtmp://b.example/live"],
            Err("--backup: there is no destination \"twitch\"; there is facebook, youtube"),
        );
        check(
            ONE,
            &["rtmp://a.example:1935/live"],
            Err(
                "--backup: the backup of a.example is the ingest itself; give the address of \
                 another one",
            ),
        );
        check(
            ONE,
            &["rtmp://b.example/live", "rtmp://c.example/live"],
            Err("--backup: a.example has two backups; give one"),
        );
        check(
            ONE,
            &["b.example"],
            Err("--backup: it is no address; it looks like rtmps://host/app, without the key"),
        );
    }

    #[test]
    fn a_key_in_the_address_is_not_repeated() {
        let backup = "rtmps://b.rtmps.youtube.com/live2/secret";
        let fault = applied(TWO, args(&[backup], &[])).unwrap_err();
        assert!(fault.contains("has a stream key in it"), "{fault}");
        assert!(!fault.contains("secret"), "{fault}");
    }

    #[track_caller]
    fn check_timestamps(timestamps: &[&str], expected: Result<[Timestamps; 2], &str>) {
        let found = applied(TWO, args(&[], timestamps));
        let found = found.map(|made| [made[0].timestamps, made[1].timestamps]);
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn timestamps_of_all_or_of_one() {
        use Timestamps::{Continue, RestartAtZero};
        check_timestamps(&[], Ok([Continue; 2]));
        check_timestamps(&["restart-at-zero"], Ok([RestartAtZero; 2]));
        check_timestamps(&["youtube=restart-at-zero"], Ok([Continue, RestartAtZero]));
        check_timestamps(
            &["zero"],
            Err("--timestamps: it is continue or restart-at-zero"),
        );
    }

    #[test]
    fn enhanced_is_for_ones_own() {
        let enhanced = DeliveryArgs {
            enhanced: true,
            ..args(&[], &[])
        };
        let made = applied(&["youtube", "rtmp://a.example/live"], enhanced.clone()).unwrap();
        assert!(!made[0].enhanced && made[1].enhanced);
        assert!(applied(TWO, enhanced).is_err());
    }
}
