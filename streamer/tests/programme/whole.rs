//! From the head's first packet to the tail's last.

use std::time::Duration;

use broadcast::MediaTime;
use streamer::media::{Arrangement, Packet, Programme, TrackKind};

use crate::{
    movies::open,
    support::{ARRANGED, arranged, of, packets},
};

const MS: fn(i64) -> MediaTime = MediaTime::from_millis;

/// What comes before the movie, the movie, and what comes after it, of one track.
fn parts<'a>(whole: &[&'a Packet], bare: &[&Packet]) -> [Vec<&'a Packet>; 3] {
    let head = MediaTime::from(ARRANGED.head);
    let first = bare[0].dts + head;
    let start = whole.iter().take_while(|packet| packet.dts < first).count();
    let end = start + bare.len();
    for (got, wanted) in whole[start..end].iter().zip(bare) {
        assert_eq!(got.data, wanted.data);
        assert_eq!(got.dts, wanted.dts + head);
        assert_eq!(got.pts, wanted.pts + head);
        assert_eq!(got.key_frame, wanted.key_frame);
    }
    [&whole[..start], &whole[start..end], &whole[end..]].map(<[_]>::to_vec)
}

/// No two packets of a run are further apart than `most`, and none is at the time of another.
#[track_caller]
fn check_steps(run: &[&Packet], most: MediaTime) {
    for pair in run.windows(2) {
        let step = pair[1].dts - pair[0].dts;
        assert!(MediaTime::ZERO < step && step <= most, "{step}");
        assert!(pair[0].pts >= pair[0].dts);
    }
}

async fn check(name: &str) {
    let plain = Programme::plain(open(name).await);
    let programme = arranged(name, ARRANGED).await;
    let bare = packets(&plain, MediaTime::ZERO).await;
    let whole = packets(&programme, MediaTime::ZERO).await;
    assert!(whole.is_sorted_by_key(|packet| packet.dts), "{name}");
    assert!(whole[0].key_frame && whole[0].track == TrackKind::Video);
    assert_eq!(whole[0].dts, MediaTime::ZERO);

    let video = of(&whole, TrackKind::Video);
    let [head, movie, tail] = parts(&video, &of(&bare, TrackKind::Video));
    let frame = MediaTime((1e6 / plain.video().frame_rate) as i64 + 1_000);
    check_steps(&[&head[..], &movie[..1]].concat(), frame);
    check_steps(&tail, frame);
    let last = movie.iter().map(|packet| packet.pts).max().unwrap();
    assert!(tail[0].dts > movie[movie.len() - 1].dts && tail[0].pts > last);
    // The last frame of one fixture is meant to be long.
    assert!(tail[0].pts - last < MS(300), "{name}");
    check_key_frames(&head, movie[0]);
    let bits = |run: &[&Packet]| {
        run.iter()
            .map(|packet| packet.data.len() * 8)
            .sum::<usize>()
    };
    let most = plain.video().bit_rate as f64;
    // One group more or less than the time has room for.
    assert!(bits(&head) as f64 / 2.0 <= most * 1.2, "{name}");
    assert_eq!(programme.video().frames as usize, video.len());

    let audio = of(&whole, TrackKind::Audio);
    let track = programme.audio().unwrap();
    assert_eq!(track.frames as usize, audio.len(), "{name}");
    let step = MediaTime::from_ticks(1024, track.sample_rate) + MediaTime(1);
    if plain.audio().is_some() {
        let [before, movie, after] = parts(&audio, &of(&bare, TrackKind::Audio));
        check_steps(&[&before[..], &movie[..1]].concat(), step);
        check_steps(&[&movie[movie.len() - 1..], &after[..]].concat(), step);
    } else {
        check_steps(&audio, step);
    }
    assert!(audio[0].dts < step, "{name}");
    let end = audio[audio.len() - 1].dts + step;
    let shown = tail[tail.len() - 1].pts + frame;
    assert!(
        (end - shown).as_millis().abs() <= 100,
        "{name}: {end} {shown}"
    );
    assert!(
        (end - programme.duration()).as_millis().abs() <= 23,
        "{name}"
    );
}

#[track_caller]
fn check_key_frames(head: &[&Packet], movie: &Packet) {
    let keys: Vec<&&Packet> = head.iter().filter(|packet| packet.key_frame).collect();
    let ends = keys.iter().map(|key| key.dts).skip(1).chain([movie.dts]);
    for (key, next) in keys.iter().zip(ends) {
        assert_eq!(key.data, movie.data);
        assert!(next - key.dts <= MS(2_000), "{next}");
    }
    // Between two of them something else stands.
    assert!(
        head.windows(2)
            .all(|pair| !(pair[0].key_frame && pair[1].key_frame))
    );
    assert!(!head[head.len() - 1].key_frame);
}

#[tokio::test]
async fn without_reordering() {
    check("moov-first.mp4").await;
    check("moov-last.mp4").await;
}

#[tokio::test]
async fn with_b_frames() {
    check("b-frames.mp4").await;
    check("quicktime.mov").await;
    check("negative-offsets.mp4").await;
    check("no-edit-list.mp4").await;
}

#[tokio::test]
async fn edit_lists() {
    check("edit-list.mp4").await;
    check("empty-edit.mp4").await;
}

#[tokio::test]
async fn frames_of_different_durations() {
    check("variable-rate.mp4").await;
}

#[tokio::test]
async fn without_sound() {
    check("no-audio.mp4").await;
}

#[tokio::test]
async fn nothing_is_added_unless_it_is_asked_for() {
    for (name, silence) in [
        ("b-frames.mp4", true),
        ("b-frames.mp4", false),
        ("no-audio.mp4", false),
    ] {
        let movie = open(name).await;
        let arrangement = Arrangement {
            silence,
            ..Arrangement::default()
        };
        let programme = arranged(name, arrangement).await;
        assert_eq!(programme.duration(), movie.duration);
        assert_eq!(programme.audio(), movie.audio.as_ref());
        assert_eq!(programme.video(), &movie.video);
        assert_eq!(programme.warnings(), movie.warnings);
        let mut bare = movie.packets(MediaTime::ZERO);
        for packet in packets(&programme, MediaTime::ZERO).await {
            assert_eq!(Some(packet), bare.next().await.unwrap());
        }
        assert_eq!(bare.next().await.unwrap(), None);
    }
}

#[tokio::test]
async fn silence_takes_away_its_warning() {
    let silence = Arrangement {
        silence: true,
        ..Arrangement::default()
    };
    let programme = arranged("no-audio.mp4", silence).await;
    assert!(programme.warnings().is_empty());
    let track = programme.audio().unwrap();
    assert_eq!((track.sample_rate, track.channels), (48_000, 2));
    let audio = packets(&programme, MediaTime::ZERO).await;
    let audio = of(&audio, TrackKind::Audio);
    for (number, packet) in (0..).zip(&audio) {
        assert_eq!(packet.dts, MediaTime::from_ticks(number * 1024, 48_000));
    }
    assert!(audio.len() as u64 == track.frames && track.frames > 180);
}

#[tokio::test]
async fn a_long_tail_without_key_frames_is_told_of() {
    let tail = Arrangement {
        tail: Duration::from_secs(30),
        ..Arrangement::default()
    };
    let programme = arranged("b-frames.mp4", tail).await;
    assert!(programme.warnings()[0].contains("has no key frame"));
    let whole = packets(&programme, MediaTime::ZERO).await;
    let last = whole[whole.len() - 1].dts;
    assert!((programme.duration() - last).as_millis() < 150);
}
