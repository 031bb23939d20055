//! Which backup ingests make sense.

use broadcast::{Backup, DEFAULT_BACKUP_AFTER, Ingest, MAX_BACKUP_AFTER, Platform};

use super::{
    BackupRequest,
    destinations::{key_in_address, legal_address},
};

/// The backup of a destination whose first ingest is `first`.
///
/// # Errors
/// What is wrong with it, with the name of the field. No address is repeated: a key may be in it.
pub(super) fn backup(request: &BackupRequest, first: &Ingest) -> Result<Backup, String> {
    let after_seconds = request.after_seconds.unwrap_or(DEFAULT_BACKUP_AFTER);
    legal_backup_after(after_seconds).map_err(|fault| format!("backup.after_seconds {fault}"))?;
    let ingest: Ingest = request
        .ingest
        .parse()
        .map_err(|error: broadcast::InvalidIngest| format!("backup.ingest: {error}"))?;
    legal_backup(&ingest, first).map_err(|fault| format!("backup.ingest {fault}"))?;
    Ok(Backup {
        ingest,
        after_seconds,
    })
}

/// Whether an ingest can be the backup of another: a place of its own, of the same platform,
/// because it gets the same key.
///
/// # Errors
/// What is wrong with it, as a verb phrase.
pub fn legal_backup(backup: &Ingest, first: &Ingest) -> Result<(), String> {
    if backup.is_same_place(first) {
        return Err("is the ingest itself; give the address of another one".to_owned());
    }
    if let Some(fault) = key_in_address(backup) {
        return Err(format!("is not taken: {fault}"));
    }
    legal_address(backup)?;
    let (platform, firsts) = (Platform::of(backup), Platform::of(first));
    if platform == firsts {
        return Ok(());
    }
    let whose = |platform| match platform {
        Platform::Custom => "no platform's".to_owned(),
        platform => format!("{platform}'s"),
    };
    Err(format!(
        "is {} and the ingest is {}: a backup gets the same stream key, so it has to be of the \
         same kind",
        whose(platform),
        whose(firsts)
    ))
}

/// Whether a backup may wait for so many seconds.
///
/// # Errors
/// What is wrong with it, as a verb phrase.
pub fn legal_backup_after(seconds: u64) -> Result<(), String> {
    if (1..=MAX_BACKUP_AFTER).contains(&seconds) {
        Ok(())
    } else {
        Err(format!("is {seconds}; it is from 1 to {MAX_BACKUP_AFTER}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: &str, address: &str, expected: Result<(), &str>) {
        let request = BackupRequest {
            ingest: address.to_owned(),
            after_seconds: None,
        };
        let found = backup(&request, &first.parse().unwrap());
        let found = found.map(|backup| assert_eq!(backup.after_seconds, 10));
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn another_ingest_of_the_same_kind() {
        let youtube = "rtmps://a.rtmps.youtube.com/live2";
        let their_own = "rtmps://b.rtmps.youtube.com/live2?backup=1";
        check(youtube, their_own, Ok(()));
        check("rtmp://a.example/live", "rtmp://b.example/live", Ok(()));
        check(
            "rtmp://a.example/live",
            "rtmp://a.example:1936/live",
            Ok(()),
        );
        check(
            youtube,
            "rtmps://relay.example/live",
            Err(
                "backup.ingest is no platform's and the ingest is youtube's: a backup gets the \
                 same stream key, so it has to be of the same kind",
            ),
        );
        check(
            youtube,
            "rtmps://A.rtmps.youtube.com:443/live2/",
            Err("backup.ingest is the ingest itself; give the address of another one"),
        );
        check(
            "rtmp://a.example/live",
            "rtmp://169.254.1.1/live",
            Err(
                "backup.ingest is at a link-local or metadata address, which is never connected to",
            ),
        );
        check(
            youtube,
            "http://b.rtmps.youtube.com/live2",
            Err(
                "backup.ingest: the ingest address begins with http://; only rtmp:// and rtmps:// \
                 are spoken",
            ),
        );
    }

    #[test]
    fn a_key_in_the_address_is_refused_and_not_repeated() {
        let request = BackupRequest {
            ingest: "rtmps://b.rtmps.youtube.com/live2/secret".to_owned(),
            after_seconds: None,
        };
        let first = Platform::Youtube.ingest().unwrap();
        let fault = backup(&request, &first).unwrap_err();
        assert!(fault.contains("has a stream key in it"), "{fault}");
        assert!(!fault.contains("secret"), "{fault}");
    }

    #[test]
    fn it_waits_for_a_while_and_not_for_ever() {
        assert_eq!(legal_backup_after(1), Ok(()));
        assert_eq!(legal_backup_after(300), Ok(()));
        assert_eq!(
            legal_backup_after(0),
            Err("is 0; it is from 1 to 300".to_owned())
        );
        assert!(legal_backup_after(301).is_err());
    }
}
