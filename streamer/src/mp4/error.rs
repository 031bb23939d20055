//! Why a file is not sent, in words, and what would make it one that is.

use broadcast::{Failure, FailureKind};

use crate::source::{Source, SourceError};

/// How opening a file fails.
#[derive(Debug, thiserror::Error)]
pub enum Mp4Error {
    /// It could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It was read, and cannot be sent.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Mp4Error {
    /// The failure for `source`: what it is, and the command that would mend it.
    pub fn into_failure(self, source: &Source) -> Failure {
        let refusal = match self {
            Self::Source(error) => return error.into_failure(source.label()),
            Self::Refused(refusal) => refusal,
        };
        let label = source.label();
        // The way to a file as it is: whoever pastes the command may be in another folder.
        let name = match source.file_name() {
            _ if label.starts_with('/') => label,
            "" => "video.mp4",
            name => name,
        };
        let message = match refusal.remedy() {
            Remedy::Command(options) => format!(
                "{label} cannot be sent: {refusal}; this makes a file that can: {}",
                command_with(options, name)
            ),
            Remedy::Remux => format!(
                "{label} cannot be sent: {refusal}; if it holds H.264 and AAC, as most do, this \
                 makes a file that can, in seconds and without loss: {}; if that fails, or what it \
                 makes is refused, this codes it anew: {}",
                command_with(REMUX, name),
                command_with(ANEW, name)
            ),
            Remedy::None => format!("{label} cannot be sent: {refusal}"),
        };
        let kind = match refusal {
            Refusal::NoSuchAudio { .. } => FailureKind::BadRequest,
            _ => FailureKind::UnsupportedMedia,
        };
        Failure::new(kind, message)
    }
}

/// Why a file is not sent. The texts read after "cannot be sent: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something else, recognised by its first bytes.
    #[error("it is {0}, not MP4 or MOV")]
    OtherContainer(&'static str),
    /// The same of a kind that mostly holds what MP4 can hold too.
    #[error("it is {0}, not MP4 or MOV")]
    OtherWrapping(&'static str),
    /// Something else, not recognised.
    #[error(
        "it is no video: neither MP4 nor MOV, whatever its name says; give the file that was recorded \
         or exported"
    )]
    NotAVideo,
    /// No `moov` box.
    #[error(
        "it has no index (moov box), so it is incomplete: the recording or the upload was cut off; \
         copy or record it again"
    )]
    NoIndex,
    /// The index names bytes that are not there.
    #[error(
        "it is truncated: its index describes {described} bytes and the file has {length}; \
         copy or record it again"
    )]
    Truncated {
        /// Bytes that the file should have at least.
        described: u64,
        /// Bytes that it has.
        length: u64,
    },
    /// A compressed `moov`.
    #[error("its index is compressed (cmov), which is not read")]
    CompressedIndex,
    /// Common encryption or another scheme.
    #[error("its {0} is encrypted; export it again without protection")]
    Encrypted(&'static str),
    /// No track of pictures.
    #[error("it has no video track")]
    NoVideo,
    /// A picture that RTMP ingests do not take.
    #[error("its video is {0}, and live ingests take H.264")]
    VideoCodec(String),
    /// A picture that could be sent, but not to an ingest that takes H.264 only.
    #[error("its video is {0}, and this ingest takes H.264")]
    NotTaken(&'static str),
    /// A picture with its parameter sets in the stream only, as `avc3` and `hev1` may have them.
    #[error("its {0} video keeps the parameter sets in the stream only, not in its header")]
    ParameterSetsInStream(&'static str),
    /// A sound that RTMP ingests do not take.
    #[error("its audio is {0}, and live ingests take AAC-LC")]
    AudioCodec(String),
    /// A number of a sound track that the file does not have.
    #[error("it has no audio track {wanted}; {there}")]
    NoSuchAudio {
        /// What was asked for, from one.
        wanted: u32,
        /// What there is, in words.
        there: String,
    },
    /// Several sample descriptions in use.
    #[error("its {0} changes its format on the way, and a live stream must not")]
    FormatChanges(&'static str),
    /// No sample, or no key frame.
    #[error("its {0} track is empty")]
    EmptyTrack(&'static str),
    /// An index that contradicts itself.
    #[error("its index is damaged ({0})")]
    Damaged(&'static str),
    /// An edit list with a rate that is not one.
    #[error(
        "its edit list holds a picture still, or plays a part of it faster or slower, which takes \
         coding anew: export it again from the program that made it"
    )]
    EditSpeed,
    /// More than anyone would record.
    #[error("its index is larger than is read ({0})")]
    TooLarge(&'static str),
}

impl Refusal {
    /// Options of ffmpeg that turn the file into one that is sent, if there are such.
    pub(crate) fn options(&self) -> Option<&'static str> {
        match self.remedy() {
            Remedy::Command(options) => Some(options),
            Remedy::Remux => Some(REMUX),
            Remedy::None => None,
        }
    }

    fn remedy(&self) -> Remedy {
        match self {
            Self::OtherWrapping(_) => Remedy::Remux,
            Self::OtherContainer(_)
            | Self::VideoCodec(_)
            | Self::NotTaken(_)
            | Self::FormatChanges(_) => Remedy::Command(ANEW),
            Self::AudioCodec(_) => Remedy::Command("-c:v copy -c:a aac -b:a 128k -ac 2"),
            Self::CompressedIndex | Self::ParameterSetsInStream(_) | Self::Damaged(_) => {
                Remedy::Command("-c copy")
            }
            Self::NoVideo => Remedy::Command(
                "-f lavfi -i color=black:size=1280x720:rate=30 -shortest -map 1:v -map 0:a \
                 -c:v libx264 -pix_fmt yuv420p -g 60 -c:a aac -b:a 128k",
            ),
            Self::NotAVideo
            | Self::NoIndex
            | Self::Truncated { .. }
            | Self::Encrypted(_)
            | Self::EmptyTrack(_)
            | Self::NoSuchAudio { .. }
            | Self::EditSpeed
            | Self::TooLarge(_) => Remedy::None,
        }
    }
}

/// What turns a file into one that is sent.
enum Remedy {
    /// ffmpeg with these options.
    Command(&'static str),
    /// Another container around the same streams, if they are of the usual kind.
    Remux,
    None,
}

/// Options of ffmpeg that code picture and sound as every ingest takes them.
const ANEW: &str = "-c:v libx264 -pix_fmt yuv420p -profile:v high -g 60 -c:a aac -b:a 128k";

/// Options of ffmpeg that put picture and sound into MP4 as they are. Subtitles of other containers
/// do not fit.
const REMUX: &str = "-c copy -sn";

/// The command for a file that is refused as a whole, with the options that mend it.
pub(crate) fn command_with(options: &str, name: &str) -> String {
    format!(
        "ffmpeg -i {} {options} -movflags +faststart {}",
        file_word(name),
        file_word(&output(name))
    )
}

/// The name of a file as a word of a shell that ffmpeg takes for a file: before a colon it expects
/// the name of a protocol.
pub(crate) fn file_word(name: &str) -> String {
    let first = name.split('/').next().unwrap_or_default();
    match first.contains(':') {
        true => shell_word(&format!("./{name}")),
        false => shell_word(name),
    }
}

/// Where a command writes what it makes of a file: beside the file.
pub(crate) fn output(name: &str) -> String {
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let stem = match name[start..].rfind('.') {
        Some(dot) if dot > 0 => &name[..start + dot],
        _ => name,
    };
    format!("{stem}-live.mp4")
}

/// The text as one word of a POSIX shell.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/+:,@%".contains(&byte);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain) {
        text.to_owned()
    } else {
        let name = if text.starts_with('-') { "./" } else { "" };
        format!("'{name}{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_to_paste() {
        assert_eq!(shell_word("talk-1.mp4"), "talk-1.mp4");
        assert_eq!(shell_word("my talk.mp4"), "'my talk.mp4'");
        assert_eq!(shell_word("a'$(b).mp4"), r"'a'\''$(b).mp4'");
        assert_eq!(shell_word("-rf.mp4"), "'./-rf.mp4'");
    }
}
