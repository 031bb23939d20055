//! Files that are sent, in one piece and in parts.

use std::{collections::BTreeMap, fs::File, io::Write, os::unix::fs::FileExt};

use bytes::Bytes;
use s3::{LocalFile, Progress, UploadError, Uploaded};
use tempfile::NamedTempFile;

use crate::fake::{Fake, Fault};

const PART: usize = 16 << 20;
const LENGTH: usize = 2 * PART + 5;

/// A file of which no two parts are alike.
fn file(length: usize) -> (NamedTempFile, Vec<u8>) {
    let bytes: Vec<u8> = (0..length)
        .map(|index| (index ^ (index >> 8) ^ (index >> 20)) as u8)
        .collect();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    (file, bytes)
}

async fn upload(fake: &Fake, file: &NamedTempFile) -> (Result<Uploaded, UploadError>, Progress) {
    let progress = Progress::default();
    let local = LocalFile::open(file.path()).await.unwrap();
    let uploaded = s3::upload(
        &fake.patient_client(),
        &local,
        "talk.mp4",
        "video/mp4",
        &progress,
    )
    .await;
    (uploaded, progress)
}

/// The numbers of the parts that were sent, in order of their numbers.
fn parts_sent(fake: &Fake) -> Vec<String> {
    let mut parts: Vec<String> = fake
        .lines()
        .iter()
        .filter_map(|line| {
            Some(
                line.strip_prefix("PUT talk.mp4?partNumber=")?
                    .split_once('&')?
                    .0
                    .to_owned(),
            )
        })
        .collect();
    parts.sort();
    parts
}

#[tokio::test]
async fn a_small_file_is_sent_in_one_piece_and_once() {
    let fake = Fake::start().await;
    let (file, bytes) = file(1_000);
    let (uploaded, progress) = upload(&fake, &file).await;
    assert_eq!((uploaded.unwrap(), progress.sent()), (Uploaded::Now, 1_000));
    assert_eq!(fake.lines(), ["HEAD talk.mp4?", "PUT talk.mp4?"]);
    assert_eq!(fake.kept().objects["talk.mp4"], bytes);
    assert_eq!(fake.kept().asked[1].headers["content-type"], "video/mp4");
    let (uploaded, progress) = upload(&fake, &file).await;
    assert_eq!((uploaded.unwrap(), progress.sent()), (Uploaded::Before, 0));
}

#[tokio::test]
async fn a_large_file_is_sent_in_parts_through_faults() {
    let fake = Fake::start().await;
    let (file, bytes) = file(LENGTH);
    fake.fails([
        Fault::Error(403, "403"),
        Fault::Error(403, "AccessDenied"),
        Fault::Lost(503),
        Fault::Error(503, "SlowDown"),
        Fault::Error(500, "InternalError"),
    ]);
    let (uploaded, progress) = upload(&fake, &file).await;
    assert_eq!(uploaded.unwrap(), Uploaded::Now);
    // What was sent twice counts once.
    assert_eq!((progress.sent(), progress.kept()), (LENGTH as u64, 0));
    assert!(fake.kept().objects["talk.mp4"] == bytes);
}

#[tokio::test]
async fn what_is_there_stays_and_what_is_spoiled_is_sent_again() {
    let fake = Fake::start().await;
    let (file, bytes) = file(LENGTH);
    fake.kept().upload = Some(BTreeMap::from([
        (1, Bytes::from(bytes[..PART].to_vec())),
        (2, Bytes::from(vec![7; PART])),
        (3, Bytes::from(vec![7; 4])),
    ]));
    let (uploaded, progress) = upload(&fake, &file).await;
    assert_eq!(uploaded.unwrap(), Uploaded::Now);
    assert_eq!(parts_sent(&fake), ["2", "3"]);
    assert_eq!(progress.kept(), PART as u64);
    assert!(progress.is_resumed());
    assert!(fake.kept().objects["talk.mp4"] == bytes);
}

#[tokio::test]
async fn an_answer_that_is_lost_at_the_end_is_no_failure() {
    let fake = Fake::start().await;
    let (file, bytes) = file(LENGTH);
    fake.kept().upload = Some(
        bytes
            .chunks(PART)
            .enumerate()
            .map(|(index, part)| (index as u32 + 1, Bytes::from(part.to_vec())))
            .collect(),
    );
    let client = fake.patient_client();
    let parts: Vec<(u32, String)> = (1..=3)
        .zip(bytes.chunks(PART))
        .map(|(number, part)| (number, format!("\"{:x}\"", md5::compute(part))))
        .collect();
    fake.fails([Fault::Late("InternalError"), Fault::Lost(503)]);
    let error = client
        .complete_upload("talk.mp4", "u1", &parts)
        .await
        .unwrap_err();
    assert_eq!(error.refusal().unwrap().code, "NoSuchUpload");
    let (uploaded, _) = upload(&fake, &file).await;
    assert_eq!(uploaded.unwrap(), Uploaded::Before);
    assert!(fake.kept().objects["talk.mp4"] == bytes);
}

#[tokio::test]
async fn a_file_that_changes_is_refused_and_leaves_nothing() {
    let fake = Fake::start().await;
    let (file, _) = file(LENGTH);
    let local = LocalFile::open(file.path()).await.unwrap();
    File::options()
        .write(true)
        .open(file.path())
        .unwrap()
        .write_all_at(b"more", LENGTH as u64)
        .unwrap();
    let progress = Progress::default();
    let uploaded = s3::upload(
        &fake.patient_client(),
        &local,
        "talk.mp4",
        "video/mp4",
        &progress,
    )
    .await;
    assert!(
        matches!(uploaded, Err(UploadError::Changed)),
        "{uploaded:?}"
    );
    assert!(fake.kept().upload.is_none());
    assert!(fake.kept().objects.is_empty());
}

#[tokio::test]
async fn who_may_not_is_told() {
    let fake = Fake::start().await;
    let (file, _) = file(LENGTH);
    fake.fails(vec![Fault::Error(403, "AccessDenied"); 4]);
    let (uploaded, _) = upload(&fake, &file).await;
    let Err(UploadError::S3 { doing, error }) = uploaded else {
        panic!("{uploaded:?}");
    };
    assert_eq!(
        (doing, &*error.refusal().unwrap().code),
        ("begin", "AccessDenied")
    );
}

#[tokio::test]
async fn the_same_bytes_are_the_same_file() {
    let identity = async |bytes: &[u8]| {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let local = LocalFile::open(file.path()).await.unwrap();
        local.identity().await.unwrap()
    };
    let mut bytes = file(5 << 20).1;
    let one = identity(&bytes).await;
    assert_eq!(one.len(), 16);
    assert_eq!(identity(&bytes).await, one);
    bytes[1_000_000] ^= 1;
    assert_ne!(identity(&bytes).await, one);
    bytes[1_000_000] ^= 1;
    assert_ne!(identity(&bytes[..bytes.len() - 1]).await, one);
}
