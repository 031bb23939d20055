//! A movie of any length and rate that shows nothing: each of its samples begins with its number.

/// What goes into the movie.
pub(crate) struct Synthetic {
    /// The picture.
    pub(crate) video: Samples,
    /// The sound.
    pub(crate) audio: Samples,
}

/// The samples of one track, all alike.
#[derive(Clone, Copy)]
pub(crate) struct Samples {
    /// Ticks of a second.
    pub(crate) time_scale: u32,
    /// Ticks that each lasts.
    pub(crate) duration: u32,
    /// How many there are.
    pub(crate) count: u32,
    /// Bytes of each, four at least.
    pub(crate) size: u32,
    /// Each such is a key frame.
    pub(crate) key_every: u32,
}

/// An avcC of 320×180, high profile, as x264 writes it.
const AVCC: &[u8] = b"\x01\x64\0\x09\xff\xe1\0\x19\x67\x64\0\x09\xac\xd9\x42\x8d\xf9\x30\x11\0\0\
\x03\0\x01\0\0\x03\0\x1e\x0f\x12\x25\x96\x01\0\x04\x68\xef\xbc\xb0\xfd\xf8\xf8\0";
/// An esds of AAC-LC, 48 kHz, one channel.
const ESDS: &[u8] = b"\0\0\0\0\x03\x80\x80\x80\x25\0\x02\0\x04\x80\x80\x80\x17\x40\x15\0\0\0\0\0\
\xbb\x80\0\0\xbb\x44\x05\x80\x80\x80\x05\x11\x90\x56\xe5\0\x06\x80\x80\x80\x01\x02";
const MATRIX: [u32; 9] = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000];

impl Synthetic {
    /// A picture with a key frame each second, with sound, at so many bits per second.
    pub(crate) fn usual(seconds: u32, bit_rate: u32) -> Self {
        let audio = Samples {
            time_scale: 48_000,
            duration: 1024,
            count: seconds * 48_000 / 1024,
            size: 340,
            key_every: 1,
        };
        Self {
            video: Samples {
                time_scale: 30,
                duration: 1,
                count: seconds * 30,
                size: bit_rate / 8 / 30,
                key_every: 30,
            },
            audio,
        }
    }

    /// The file: its index, then the picture, then the sound.
    pub(crate) fn file(&self) -> Vec<u8> {
        let head = [boxed(b"ftyp", &[b"isom\0\0\x02\0isomavc1"]), self.index(0)].concat();
        let media = head.len() as u64 + 16;
        let mut file = [
            boxed(b"ftyp", &[b"isom\0\0\x02\0isomavc1"]),
            self.index(media),
        ]
        .concat();
        let bytes = self.video.bytes() + self.audio.bytes();
        file.extend(1u32.to_be_bytes());
        file.extend(b"mdat");
        file.extend((16 + bytes).to_be_bytes());
        for samples in [self.video, self.audio] {
            for number in 0..samples.count {
                file.extend(number.to_be_bytes());
                file.resize(file.len() + samples.size as usize - 4, 0);
            }
        }
        file
    }

    /// The `moov` of a file whose media begins at that byte.
    fn index(&self, media: u64) -> Vec<u8> {
        let avc1 = [
            &[0; 6][..],
            &1u16.to_be_bytes(),
            &[0; 16],
            &320u16.to_be_bytes(),
            &180u16.to_be_bytes(),
            &[0, 0x48, 0, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0; 32],
            &[0, 0x18, 0xff, 0xff],
            &boxed(b"avcC", &[AVCC]),
        ]
        .concat();
        let mp4a = [
            &[0; 6][..],
            &1u16.to_be_bytes(),
            &[0; 8],
            &[0, 1, 0, 16, 0, 0, 0, 0],
            &(48_000u32 << 16).to_be_bytes(),
            &boxed(b"esds", &[ESDS]),
        ]
        .concat();
        let header = [
            &[1, 0, 0, 0][..],
            &[0; 16],
            &1000u32.to_be_bytes(),
            &(self.video.ticks() * 1000 / u64::from(self.video.time_scale)).to_be_bytes(),
            &0x10000u32.to_be_bytes(),
            &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &matrix(),
            &[0; 24],
            &3u32.to_be_bytes(),
        ]
        .concat();
        let sound = media + self.video.bytes();
        boxed(
            b"moov",
            &[
                &boxed(b"mvhd", &[&header]),
                &self
                    .video
                    .track(1, b"vide", &boxed(b"avc1", &[&avc1]), media),
                &self
                    .audio
                    .track(2, b"soun", &boxed(b"mp4a", &[&mp4a]), sound),
            ],
        )
    }
}

impl Samples {
    fn bytes(&self) -> u64 {
        u64::from(self.count) * u64::from(self.size)
    }

    fn ticks(&self) -> u64 {
        u64::from(self.count) * u64::from(self.duration)
    }

    fn track(&self, id: u32, kind: &[u8; 4], description: &[u8], media: u64) -> Vec<u8> {
        let tkhd = [
            &[1, 0, 0, 7][..],
            &[0; 16],
            &id.to_be_bytes(),
            &[0; 4],
            &(self.ticks() * 1000 / u64::from(self.time_scale)).to_be_bytes(),
            &[0; 16],
            &matrix(),
            &(320u32 << 16).to_be_bytes(),
            &(180u32 << 16).to_be_bytes(),
        ]
        .concat();
        let mdhd = [
            &[1, 0, 0, 0][..],
            &[0; 16],
            &self.time_scale.to_be_bytes(),
            &self.ticks().to_be_bytes(),
            &[0x55, 0xc4, 0, 0],
        ]
        .concat();
        let hdlr = [&[0; 8][..], kind, &[0; 13]].concat();
        let media_header = match kind {
            b"vide" => boxed(b"vmhd", &[&[0, 0, 0, 1], &[0; 8]]),
            _ => boxed(b"smhd", &[&[0; 8]]),
        };
        let dref = boxed(
            b"dref",
            &[&[0; 4], &[0, 0, 0, 1], &boxed(b"url ", &[&[0, 0, 0, 1]])],
        );
        let minf = [
            media_header,
            boxed(b"dinf", &[&dref]),
            self.table(description, media),
        ]
        .concat();
        let mdia = [
            boxed(b"mdhd", &[&mdhd]),
            boxed(b"hdlr", &[&hdlr]),
            boxed(b"minf", &[&minf]),
        ]
        .concat();
        boxed(
            b"trak",
            &[&boxed(b"tkhd", &[&tkhd]), &boxed(b"mdia", &[&mdia])],
        )
    }

    /// All samples in one chunk.
    fn table(&self, description: &[u8], media: u64) -> Vec<u8> {
        let full = |kind: &[u8; 4], numbers: &[u32]| {
            let numbers: Vec<u8> = numbers.iter().flat_map(|it| it.to_be_bytes()).collect();
            boxed(kind, &[&[0; 4], &numbers])
        };
        let keys: Vec<u32> = (1..=self.count).step_by(self.key_every as usize).collect();
        let keys = [&[keys.len() as u32][..], &keys].concat();
        boxed(
            b"stbl",
            &[
                &boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], description]),
                &full(b"stts", &[1, self.count, self.duration]),
                &if self.key_every > 1 {
                    full(b"stss", &keys)
                } else {
                    Vec::new()
                },
                &full(b"stsc", &[1, 1, self.count, 1]),
                &full(b"stsz", &[self.size, self.count]),
                &boxed(b"co64", &[&[0, 0, 0, 0, 0, 0, 0, 1], &media.to_be_bytes()]),
            ],
        )
    }
}

fn matrix() -> Vec<u8> {
    MATRIX.iter().flat_map(|it| it.to_be_bytes()).collect()
}

fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = 8 + content.len() as u32;
    [&length.to_be_bytes()[..], kind, &content].concat()
}
