//! The command that mends a video. That ffmpeg does with it what is meant is shown by ci/check.py.

use broadcast::Platform::{self, Custom, Facebook, Twitch, Youtube};
use streamer::{
    check::{Chroma, Facts, Leave, command, judge},
    media::VideoCodec,
};

use crate::support::{good, sound};

#[track_caller]
fn check(platforms: &[Platform], change: impl Fn(&mut Facts), wanted: Option<&str>) {
    let mut facts = good();
    change(&mut facts);
    let findings: Vec<_> = platforms
        .iter()
        .flat_map(|platform| judge(&facts, *platform, Leave::default()))
        .collect();
    let found = command(&facts, &findings, platforms, "talk.mp4");
    assert_eq!(found.as_deref(), wanted);
}

#[test]
fn nothing_to_mend() {
    check(&[Facebook, Youtube, Twitch, Custom], |_| {}, None);
    check(&[Facebook], |facts| facts.duration = 1e6, None);
    // A note is no reason to code an hour anew.
    check(
        &[Facebook],
        |facts| facts.video.key_frames.longest.lasts = 4.0,
        None,
    );
}

#[test]
fn only_what_has_to_be_coded_anew() {
    check(
        &[Facebook],
        |facts| sound(facts).sample_rate = 22_050,
        Some(
            "ffmpeg -i talk.mp4 -map 0:v:0 -map 0:a:0 -c:v copy -c:a aac -b:a 128k -ar 48000 -ac 2 \
             -movflags +faststart talk-live.mp4",
        ),
    );
    check(
        &[Facebook],
        |facts| facts.video.coding.level = Some(52),
        Some(
            "ffmpeg -i talk.mp4 -map 0:v:0 -map 0:a:0 -c:v copy -bsf:v 'h264_metadata=level=4.0' \
             -c:a copy -movflags +faststart talk-live.mp4",
        ),
    );
    check(
        &[Facebook, Twitch],
        |facts| facts.video.key_frames.longest.lasts = 10.0,
        Some(
            "ffmpeg -i talk.mp4 -map 0:v:0 -map 0:a:0 -c:v libx264 -profile:v high -pix_fmt yuv420p \
             -crf 18 -maxrate 5400k -bufsize 5400k -g 60 -sc_threshold 0 -c:a copy \
             -movflags +faststart talk-live.mp4",
        ),
    );
}

#[test]
fn silence() {
    check(
        &[Facebook],
        |facts| {
            facts.audio = None;
            facts.audio_tracks = 0;
        },
        Some(
            "ffmpeg -i talk.mp4 -f lavfi -t 3600.000 -i anullsrc=r=48000:cl=stereo -map 0:v:0 \
             -map 1:a:0 -c:v copy -c:a aac -b:a 128k -movflags +faststart talk-live.mp4"
                .replace("anullsrc=r=48000:cl=stereo", "'anullsrc=r=48000:cl=stereo'")
                .as_str(),
        ),
    );
}

#[test]
fn everything_at_once() {
    check(
        &[Facebook, Youtube, Twitch],
        |facts| {
            let video = &mut facts.video;
            (video.width, video.height) = (2880, 2160);
            video.display_aspect = Some((16, 9));
            video.rotation = 90;
            video.coding.interlaced = true;
            video.coding.transfer = Some(18);
            video.coding.chroma = Some(Chroma::HalfColumns);
            video.frame_rate = 119.88;
            video.frame_rate_varies = true;
            facts.audio_tracks = 2;
            sound(facts).number = 2;
            sound(facts).sample_rate = 96_000;
            sound(facts).ends = 3_000.0;
        },
        Some(
            "ffmpeg -i talk.mp4 -map 0:v:0 -map 0:a:1 -vf \
             'bwdif=mode=send_frame,zscale=t=linear:npl=100,tonemap=hable,\
             zscale=p=bt709:t=bt709:m=bt709:r=tv,format=yuv420p,scale=1080:1920,setsar=1,\
             fps=60000/1001' -c:v libx264 -profile:v high -pix_fmt yuv420p -crf 18 \
             -maxrate 5400k -bufsize 5400k -g 120 -sc_threshold 0 -c:a aac -b:a 128k -ar 48000 \
             -ac 2 -af 'aresample=async=1:first_pts=0,apad' -t 3600.000 -movflags +faststart \
             talk-live.mp4",
        ),
    );
}

#[test]
fn another_codec() {
    let hevc = |facts: &mut Facts| facts.video.codec = VideoCodec::Hevc;
    check(&[Youtube], hevc, None);
    check(
        &[Custom],
        hevc,
        Some(
            "ffmpeg -i talk.mp4 -map 0:v:0 -map 0:a:0 -c:v libx264 -profile:v high -pix_fmt yuv420p \
             -crf 18 -g 60 -sc_threshold 0 -c:a copy -movflags +faststart talk-live.mp4",
        ),
    );
}

#[test]
fn names_are_safe_to_paste() {
    let mut facts = good();
    sound(&mut facts).sample_rate = 8_000;
    let findings = judge(&facts, Facebook, Leave::default());
    for (name, words) in [
        ("my talk.mov", ["-i 'my talk.mov' ", " 'my talk-live.mp4'"]),
        (
            "a/b.c/it's",
            [r"-i 'a/b.c/it'\''s' ", r" 'a/b.c/it'\''s-live.mp4'"],
        ),
        ("-rf.mp4", ["-i './-rf.mp4' ", " './-rf-live.mp4'"]),
        ("19:30.mp4", ["-i ./19:30.mp4 ", " ./19:30-live.mp4"]),
        (".mp4", ["-i .mp4 ", " .mp4-live.mp4"]),
    ] {
        let command = command(&facts, &findings, &[Facebook], name).unwrap();
        for word in words {
            assert!(command.contains(word), "{command}");
        }
    }
}
