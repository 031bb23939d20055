//! What happens to a file while a show is on.

use std::{fs, io::Write, path::Path};

use broadcast::{MediaTime, SourceUrl};
use streamer::{
    media::{Movie, MovieOptions, Packet},
    source::{Source, SourceOptions},
};

use crate::{
    far_apart::media_in_three_places,
    video::{Played, read},
};

/// Opens a file, does something to it, and reads it.
async fn play(happens: impl FnOnce(&Path)) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.mp4");
    fs::write(&path, media_in_three_places()).unwrap();
    let url = SourceUrl::file(&path).unwrap();
    let source = Source::open(&url, SourceOptions::default()).await.unwrap();
    let movie = Movie::open(source, &MovieOptions::default()).await.unwrap();
    // What is in memory already goes on being sent.
    movie
        .packets(MediaTime::ZERO)
        .next()
        .await
        .unwrap()
        .unwrap();
    happens(&path);
    read(&movie).await
}

async fn check_changed(happens: impl FnOnce(&Path)) {
    let all: Vec<Packet> = play(|_| {}).await.packets;
    play(happens)
        .await
        .broke_off(&all, &["changed or replaced"]);
}

#[tokio::test]
async fn one_that_is_left_alone() {
    play(|_| {}).await.whole();
}

#[tokio::test]
async fn one_whose_name_is_given_to_another() {
    let played = play(|path| {
        let other = path.with_extension("new");
        fs::write(&other, "another video").unwrap();
        fs::rename(other, path).unwrap();
    });
    played.await.whole();
}

#[tokio::test]
async fn one_that_is_removed() {
    play(|path| fs::remove_file(path).unwrap()).await.whole();
}

#[tokio::test]
async fn one_that_is_cut() {
    check_changed(|path| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_len(1_000_000).unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_that_is_written_to() {
    check_changed(|path| {
        let mut file = fs::File::options().append(true).open(path).unwrap();
        file.write_all(b"more").unwrap();
    })
    .await;
}
