//! Which destinations are on their backup ingests.

use std::collections::BTreeSet;

use broadcast::DestinationProgress;

/// Remembers which destinations are on their backup ingests, so that each change is told once.
#[derive(Debug, Default)]
pub(crate) struct OnBackup(BTreeSet<String>);

impl OnBackup {
    /// What to say when a destination went to its backup, or came back, since the last time.
    pub(crate) fn change(&mut self, destination: &DestinationProgress) -> Option<String> {
        let name = &destination.name;
        if !destination.connected || destination.on_backup == self.0.contains(name) {
            return None;
        }
        if destination.on_backup {
            self.0.insert(name.clone());
            Some(format!("{name}: on its backup ingest"))
        } else {
            self.0.remove(name);
            Some(format!("{name}: back on its first ingest"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        let mut on_backup = OnBackup::default();
        let mut check = |connected, is_on_backup, expected: Option<&str>| {
            let destination = DestinationProgress {
                name: "it".to_owned(),
                connected,
                on_backup: is_on_backup,
                ..DestinationProgress::default()
            };
            assert_eq!(on_backup.change(&destination).as_deref(), expected);
        };
        check(true, false, None);
        check(false, true, None);
        for _ in 0..2 {
            check(true, true, Some("it: on its backup ingest"));
            check(true, true, None);
            check(false, false, None);
            check(true, false, Some("it: back on its first ingest"));
        }
    }
}
