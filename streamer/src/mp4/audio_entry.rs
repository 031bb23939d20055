//! The sample description of a sound.

use bytes::Bytes;
use mp4_atom::{Atom, Mp4a};

use super::{audio_config::AudioSpecificConfig, error::Refusal, sample_description::codec_name};

/// AAC with its AudioSpecificConfig.
#[derive(Clone, Debug)]
pub(crate) struct AacDescription {
    pub(crate) config: Bytes,
    /// 2 is LC; 5 and 29 are HE-AAC and HE-AAC v2 on it, if the config says so.
    pub(crate) object_type: u8,
    /// What is heard: for HE-AAC twice that of its core.
    pub(crate) sample_rate: u32,
    pub(crate) channels: u8,
}

impl AacDescription {
    /// Whether a decoder that was set up for one can go on with the other.
    pub(crate) fn is_same_format(&self, other: &Self) -> bool {
        let bits = |description: &Self| {
            let config = &description.config;
            let used = config.iter().rposition(|&byte| byte != 0);
            config.slice(..used.map_or(0, |last| last + 1))
        };
        bits(self) == bits(other)
    }

    /// The name of this kind of AAC.
    pub(crate) fn name(&self) -> &'static str {
        match self.object_type {
            5 => "HE-AAC",
            29 => "HE-AAC v2",
            _ => "AAC-LC",
        }
    }
}

pub(crate) fn audio_entry(kind: &[u8; 4], body: &Bytes) -> Result<AacDescription, Refusal> {
    match kind {
        b"mp4a" => aac(body),
        b"enca" | b"drms" => Err(Refusal::Encrypted("audio")),
        _ => Err(Refusal::AudioCodec(codec_name(kind))),
    }
}

fn aac(body: &Bytes) -> Result<AacDescription, Refusal> {
    let mut fields: &[u8] = body;
    // Finds `esds` also within QuickTime's `wave`.
    let entry = Mp4a::decode_body(&mut fields)
        .map_err(|_| Refusal::Damaged("the decoder configuration of the audio"))?;
    let decoder = &entry.esds.es_desc.dec_config;
    match decoder.object_type_indication {
        // MPEG-4 audio and MPEG-2 AAC LC.
        0x40 | 0x67 => {}
        0x66 | 0x68 => return Err(Refusal::AudioCodec("AAC Main or SSR".to_owned())),
        0x69 | 0x6b => return Err(Refusal::AudioCodec("MP3".to_owned())),
        other => {
            return Err(Refusal::AudioCodec(format!(
                "of MPEG object type {other:#x}"
            )));
        }
    }
    let config = decoder
        .dec_specific
        .as_ref()
        .map(|specific| Bytes::from(specific.raw.clone()))
        .ok_or(Refusal::Damaged("no AudioSpecificConfig"))?;
    let parsed = AudioSpecificConfig::read(&config)
        .ok_or(Refusal::Damaged("the AudioSpecificConfig is cut off"))?;
    if parsed.core != 2 {
        return Err(Refusal::AudioCodec(object_type_name(parsed.core)));
    }
    Ok(AacDescription {
        config,
        object_type: parsed.object_type,
        sample_rate: parsed.sample_rate,
        channels: match parsed.channels {
            // Defined within the stream: the container says how many.
            0 => entry.audio.channel_count.min(255) as u8,
            channels => channels,
        },
    })
}

fn object_type_name(object_type: u8) -> String {
    match object_type {
        1 => "AAC Main".to_owned(),
        3 => "AAC SSR".to_owned(),
        4 => "AAC LTP".to_owned(),
        23 => "AAC-LD".to_owned(),
        39 => "AAC-ELD".to_owned(),
        34 => "MP3".to_owned(),
        36 => "MPEG-4 ALS".to_owned(),
        42 => "xHE-AAC".to_owned(),
        other => format!("MPEG-4 audio of object type {other}"),
    }
}
