//! What can be sent but may be refused, or look wrong, at the far end.

use broadcast::MediaTime;

use crate::{
    media::Movie,
    mp4::{TrackPurpose, TrackSummary, VideoCodec},
};

/// What is said of a video without sound.
pub(crate) const NO_SOUND: &str = "there is no sound: Facebook and others refuse a live video \
                                   without an audio track, and --silence adds a silent one";

/// The warnings in words.
pub(crate) fn warnings(movie: &Movie) -> Vec<String> {
    let video = &movie.video;
    let mut warnings = Vec::new();
    let audios: Vec<&TrackSummary> = movie
        .tracks
        .iter()
        .filter(|track| track.purpose == TrackPurpose::Audio)
        .collect();
    if movie.audio.is_none() {
        warnings.push(NO_SOUND.to_owned());
    } else if audios.len() > 1 {
        let sent = audios.iter().find(|track| track.sent);
        let list: Vec<String> = audios.iter().map(|track| track.to_string()).collect();
        warnings.push(format!(
            "the file has {} audio tracks ({}): number {} is sent, and --audio chooses another",
            audios.len(),
            list.join("; "),
            sent.map_or(0, |track| track.number),
        ));
    }
    if video.rotation != 0 {
        warnings.push(format!(
            "the file asks players to turn the picture by {} degrees clockwise, which a live \
             stream cannot say: it will be shown as it was recorded",
            video.rotation
        ));
    }
    if movie.content.mirrored {
        warnings.push(
            "the file asks players to mirror the picture, which a live stream cannot say: it will \
             be shown as it was recorded"
                .to_owned(),
        );
    }
    if let Some((across, down)) = video.display_aspect {
        warnings.push(format!(
            "the file asks players to show its {}x{} pixels at {across}:{down}, which a live \
             stream can say only within the picture's own headers: where they do not, or the \
             platform does not look, it will be shown distorted",
            video.width, video.height
        ));
    }
    let track = &movie.content.video.track;
    let lead = MediaTime::from_ticks(track.timeline.lead, track.time_scale);
    if lead > MediaTime::from_millis(1) {
        warnings.push(format!(
            "the file was cut between key frames: the live stream starts {:.1} s before the cut",
            lead.as_secs_f64()
        ));
    }
    if video.codec == VideoCodec::Avc && matches!(video.profile, 110 | 122 | 244) {
        warnings.push(
            "the video has more than 8 bits or more than 4:2:0 colour, which few platforms take"
                .to_owned(),
        );
    }
    warnings
}
