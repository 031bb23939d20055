//! A long video with a true index and no media: 30 pictures a second at about 6 Mbit/s with two
//! B-frames, sound at 128 kbit/s.

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::Path,
};

const PICTURES_A_SECOND: u64 = 30;
const SOUND_RATE: u64 = 48_000;
const SECONDS_A_FRAGMENT: u64 = 2;

/// H.264 high, level 4, and AAC-LC in stereo.
const AVC_CONFIG: &[u8] = &[
    1, 100, 0, 40, 0xff, 0xe1, 0, 4, 0x67, 100, 0, 40, 1, 0, 2, 0x68, 0xee,
];
const AAC_CONFIG: [u8; 2] = [0x11, 0x90];

struct Sample {
    video: bool,
    size: u32,
    composition: u32,
    key: bool,
}

/// The samples in the order of the file, the same each time.
fn samples(seconds: u64) -> impl Iterator<Item = Sample> {
    let mut noise = 1_u64;
    let mut random = move |below: u64| {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((noise >> 33) % below) as u32
    };
    let (mut picture, mut sounds) = (0, 0);
    std::iter::from_fn(move || {
        if sounds * 1024 * PICTURES_A_SECOND < picture * SOUND_RATE {
            sounds += 1;
            return Some(Sample {
                video: false,
                size: 300 + random(82),
                composition: 0,
                key: true,
            });
        }
        if picture == seconds * PICTURES_A_SECOND {
            return None;
        }
        let key = picture % 60 == 0;
        let size = match picture % 3 {
            _ if key => 90_000 + random(40_000),
            0 => 38_000 + random(20_000),
            _ => 9_000 + random(10_000),
        };
        let composition = [1536, 0, 0][picture as usize % 3];
        picture += 1;
        Some(Sample {
            video: true,
            size,
            composition,
            key,
        })
    })
}

/// Writes the file; its kind is `plain`, `fragments` or `indexed`, which has an `mfra` too.
pub(crate) fn make(kind: &str, hours: u64, path: &Path) -> Result<(), Box<dyn Error>> {
    let seconds = hours * 3_600;
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(&boxed(b"ftyp", b"isom\0\0\x02\0isomiso6"))?;
    match kind {
        "plain" => plain(&mut file, seconds)?,
        "fragments" => fragments(&mut file, seconds, false)?,
        "indexed" => fragments(&mut file, seconds, true)?,
        _ => return Err("plain, fragments or indexed".into()),
    }
    file.flush()?;
    Ok(())
}

fn plain(file: &mut BufWriter<File>, seconds: u64) -> Result<(), Box<dyn Error>> {
    let start = file.stream_position()?;
    let mut offset = start + 16;
    let mut tables: [Tables; 2] = Default::default();
    for sample in samples(seconds) {
        tables[usize::from(!sample.video)].push(&sample, offset);
        offset += u64::from(sample.size);
    }
    file.write_all(&1_u32.to_be_bytes())?;
    file.write_all(b"mdat")?;
    file.write_all(&(offset - start).to_be_bytes())?;
    file.seek(SeekFrom::Start(offset))?;
    let [video, audio] = &tables;
    let tracks = [track(1, &video.boxes()), track(2, &audio.boxes())].concat();
    file.write_all(&boxed(b"moov", &[movie_header(), tracks].concat()))?;
    Ok(())
}

/// The tables of a track, one chunk a sample as where tracks alternate.
#[derive(Default)]
struct Tables {
    video: bool,
    sizes: Vec<u8>,
    offsets: Vec<u8>,
    compositions: Vec<u8>,
    keys: Vec<u8>,
    count: u32,
}

impl Tables {
    fn push(&mut self, sample: &Sample, offset: u64) {
        self.count += 1;
        self.video = sample.video;
        self.sizes.extend(sample.size.to_be_bytes());
        self.offsets.extend(offset.to_be_bytes());
        if sample.video {
            self.compositions.extend(1_u32.to_be_bytes());
            self.compositions.extend(sample.composition.to_be_bytes());
            if sample.key {
                self.keys.extend(self.count.to_be_bytes());
            }
        }
    }

    fn boxes(&self) -> Vec<u8> {
        let duration = if self.video { 512 } else { 1024 };
        let count = self.count;
        let mut boxes = [
            full(b"stts", 0, &words(&[1, count, duration])),
            full(b"stsc", 0, &words(&[1, 1, 1, 1])),
            full(b"stsz", 0, &[&words(&[0, count])[..], &self.sizes].concat()),
            full(b"co64", 0, &[&words(&[count])[..], &self.offsets].concat()),
        ]
        .concat();
        if self.video {
            let keys = self.keys.len() as u32 / 4;
            let offsets = [&words(&[count])[..], &self.compositions].concat();
            boxes.extend(full(b"ctts", 0, &offsets));
            boxes.extend(full(
                b"stss",
                0,
                &[&words(&[keys])[..], &self.keys].concat(),
            ));
        }
        boxes
    }
}

fn fragments(
    file: &mut BufWriter<File>,
    seconds: u64,
    indexed: bool,
) -> Result<(), Box<dyn Error>> {
    let empty = [
        full(b"stts", 0, &words(&[0])),
        full(b"stsc", 0, &words(&[0])),
        full(b"stsz", 0, &words(&[0, 0])),
        full(b"stco", 0, &words(&[0])),
    ]
    .concat();
    let extends: Vec<u8> = [1, 2]
        .iter()
        .flat_map(|number| full(b"trex", 0, &words(&[*number, 1, 0, 0, 0])))
        .collect();
    let tracks = [
        movie_header(),
        track(1, &empty),
        track(2, &empty),
        boxed(b"mvex", &extends),
    ];
    file.write_all(&boxed(b"moov", &tracks.concat()))?;
    let mut places = Vec::new();
    let mut due = [0_u64; 2];
    let mut all = samples(seconds).peekable();
    while all.peek().is_some() {
        let start = file.stream_position()?;
        places.push((due[0], start));
        let (mut runs, mut sizes, mut counts) = ([Vec::new(), Vec::new()], [0_u64; 2], [0_u32; 2]);
        let last = SECONDS_A_FRAGMENT * PICTURES_A_SECOND;
        while let Some(sample) = all.next_if(|sample| !sample.video || u64::from(counts[0]) < last)
        {
            let index = usize::from(!sample.video);
            runs[index].extend(sample.size.to_be_bytes());
            if sample.video {
                runs[0].extend(sample.composition.to_be_bytes());
            }
            sizes[index] += u64::from(sample.size);
            counts[index] += 1;
        }
        // The lengths do not depend on the offsets.
        let draft = fragment(&due, &counts, &runs, [0, 0]);
        let media = draft.len() as u32 + 16;
        let offsets = [media, media + sizes[0] as u32];
        file.write_all(&fragment(&due, &counts, &runs, offsets))?;
        file.write_all(&1_u32.to_be_bytes())?;
        file.write_all(b"mdat")?;
        file.write_all(&(sizes[0] + sizes[1] + 16).to_be_bytes())?;
        file.seek_relative((sizes[0] + sizes[1]) as i64)?;
        due[0] += u64::from(counts[0]) * 512;
        due[1] += u64::from(counts[1]) * 1024;
    }
    let mut table = words(&[1, 0, places.len() as u32]);
    for (time, place) in places {
        table.extend(time.to_be_bytes());
        table.extend(place.to_be_bytes());
        table.extend([1, 1, 1]);
    }
    let mut index = full(b"tfra", 1 << 24, &table);
    let size = index.len() as u32 + 8 + 16;
    index.extend(full(b"mfro", 0, &words(&[size])));
    // A last box, or the end of the file would be within a hole.
    let kind = if indexed { b"mfra" } else { b"free" };
    file.write_all(&boxed(kind, &index))?;
    if !indexed {
        file.write_all(&boxed(b"free", &[]))?;
    }
    Ok(())
}

fn fragment(due: &[u64; 2], counts: &[u32; 2], runs: &[Vec<u8>; 2], at: [u32; 2]) -> Vec<u8> {
    let track = |index: usize, duration: u32, flags: u32, fields: u32, first: &[u32]| {
        let head = words(&[index as u32 + 1, duration, flags]);
        let run = [
            words(&[counts[index], at[index]]),
            words(first),
            runs[index].clone(),
        ];
        let boxes = [
            // From the start of the fragment; durations and flags of all.
            full(b"tfhd", 0x02_0028, &head),
            full(b"tfdt", 1 << 24, &due[index].to_be_bytes()),
            full(b"trun", fields, &run.concat()),
        ];
        boxed(b"traf", &boxes.concat())
    };
    let video = track(0, 512, 0x0101_0000, 0xa05, &[0x0200_0000]);
    let audio = track(1, 1024, 0x0200_0000, 0x201, &[]);
    boxed(
        b"moof",
        &[full(b"mfhd", 0, &words(&[1])), video, audio].concat(),
    )
}

fn movie_header() -> Vec<u8> {
    let mut body = words(&[0, 0, 1_000, 0, 0x1_0000, 0x0100_0000, 0, 0]);
    body.extend(matrix());
    body.extend([0; 24]);
    body.extend(3_u32.to_be_bytes());
    full(b"mvhd", 0, &body)
}

fn matrix() -> Vec<u8> {
    words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000])
}

/// The first track is the picture.
fn track(number: u32, tables: &[u8]) -> Vec<u8> {
    let video = number == 1;
    let mut header = words(&[0, 0, number, 0, 0, 0, 0, 0, 0]);
    header.extend(matrix());
    header.extend(words(&[1920 << 16, 1080 << 16]));
    let (handler, scale, entry) = match video {
        true => (b"vide", 512 * PICTURES_A_SECOND as u32, video_entry()),
        false => (b"soun", SOUND_RATE as u32, audio_entry()),
    };
    let handler = [&[0; 4][..], handler, &[0; 13]].concat();
    let description = full(b"stsd", 0, &[&words(&[1])[..], &entry].concat());
    let table = boxed(b"stbl", &[&description[..], tables].concat());
    let media = [
        full(b"mdhd", 0, &words(&[0, 0, scale, 0, 0])),
        full(b"hdlr", 0, &handler),
        boxed(b"minf", &table),
    ];
    boxed(
        b"trak",
        &[full(b"tkhd", 3, &header), boxed(b"mdia", &media.concat())].concat(),
    )
}

fn video_entry() -> Vec<u8> {
    let mut body = vec![0; 6];
    body.extend([0, 1]);
    body.extend([0; 16]);
    body.extend(words(&[1920 << 16 | 1080, 72 << 16, 72 << 16, 0]));
    body.extend([0, 1]);
    body.extend([0; 32]);
    body.extend([0, 24, 0xff, 0xff]);
    body.extend(boxed(b"avcC", AVC_CONFIG));
    boxed(b"avc1", &body)
}

/// ISO/IEC 14496-1, 7.2.6: descriptors within descriptors.
fn audio_entry() -> Vec<u8> {
    let mut decoder = vec![0x40, 0x15, 0, 0, 0];
    decoder.extend([0; 8]);
    decoder.extend([5, 2]);
    decoder.extend(AAC_CONFIG);
    let mut stream = vec![0, 1, 0, 4, decoder.len() as u8];
    stream.extend(decoder);
    stream.extend([6, 1, 2]);
    let mut descriptor = vec![3, stream.len() as u8];
    descriptor.extend(stream);
    let mut body = vec![0; 6];
    body.extend([0, 1]);
    body.extend([0; 8]);
    body.extend([0, 2, 0, 16, 0, 0, 0, 0]);
    body.extend((SOUND_RATE as u32 * 0x1_0000).to_be_bytes());
    body.extend(full(b"esds", 0, &descriptor));
    boxed(b"mp4a", &body)
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A box that begins with its version and flags.
fn full(kind: &[u8; 4], version_and_flags: u32, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&version_and_flags.to_be_bytes()[..], body].concat())
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = (body.len() as u32 + 8).to_be_bytes();
    [&size[..], kind, body].concat()
}
