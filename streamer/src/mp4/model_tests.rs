//! Tables, fragments and edit lists against models that are as simple as can be.

use std::io::Write;

use broadcast::SourceUrl;
use mp4_atom::Trex;
use proptest::prelude::*;

use super::{
    boxes::{BoxAt, children},
    built_table::BuiltTable,
    edit_list::{Edit, displaced, timeline},
    fragment::{FragmentedTrack, read_fragment},
    fragments,
    places::likely_fragment,
    sample_description::Handler,
    sample_table::{Sample, SampleTable},
    table_builder::build,
};
use crate::source::{Source, SourceOptions};

/// Size, duration, composition offset, key frame.
type Plain = (u32, u32, i32, bool);

fn plain_samples() -> impl Strategy<Value = Vec<Plain>> {
    let sample = (
        1..5_000_u32,
        1..3_000_u32,
        -900..3_000_i32,
        prop::bool::weighted(0.2),
    );
    prop::collection::vec(sample, 1..120).prop_map(|mut samples| {
        samples[0].3 = true;
        samples
    })
}

/// The samples one after the other, from `offset`.
fn model(samples: &[Plain], mut offset: u64) -> Vec<Sample> {
    let mut dts = 0;
    let number = |(index, &(size, duration, composition, key)): (usize, &Plain)| {
        let sample = Sample {
            index: index as u32,
            offset,
            size,
            dts,
            composition,
            duration,
            key,
        };
        offset += u64::from(size);
        dts += i64::from(duration);
        sample
    };
    samples.iter().enumerate().map(number).collect()
}

fn read(table: &SampleTable) -> Vec<Sample> {
    let mut cursor = table.cursor(0);
    std::iter::from_fn(|| cursor.next(table)).collect()
}

fn with_source<T>(bytes: &[u8], work: impl AsyncFnOnce(Source) -> T) -> T {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let url = SourceUrl::file(file.path()).unwrap();
    runtime.block_on(async {
        let source = Source::open(&url, SourceOptions::default()).await;
        work(source.unwrap()).await
    })
}

fn full(kind: &[u8; 4], version_and_flags: u32, words: &[u32]) -> Vec<u8> {
    let mut body = version_and_flags.to_be_bytes().to_vec();
    body.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    boxed(kind, &body)
}

pub(super) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

/// Runs of equal values, cut where `cuts` says, with a count before them.
fn runs(values: impl Iterator<Item = u32>, cuts: &[bool]) -> Vec<u32> {
    let mut runs = vec![0];
    for (index, value) in values.enumerate() {
        let last = runs.len() - 1;
        if runs.len() > 1 && runs[last] == value && !cuts[index] {
            runs[last - 1] += 1;
        } else {
            runs.extend([1, value]);
            runs[0] += 1;
        }
    }
    runs
}

/// The tables of samples that lie in chunks with gaps between them; a chunk ends where `cuts` says.
fn tables(samples: &mut [Sample], cuts: &[bool], wide: bool) -> Vec<u8> {
    let mut chunks: Vec<(u64, u32)> = Vec::new();
    let mut gaps = 0;
    for (index, sample) in samples.iter_mut().enumerate() {
        if index == 0 || cuts[index] {
            gaps += 100;
            chunks.push((sample.offset + gaps, 0));
        }
        sample.offset += gaps;
        if let Some(chunk) = chunks.last_mut() {
            chunk.1 += 1;
        }
    }
    let mut runs_of_chunks = vec![0];
    let mut before = 0;
    for (index, (_, count)) in chunks.iter().enumerate() {
        if *count != before {
            runs_of_chunks.extend([index as u32 + 1, *count, 1]);
            runs_of_chunks[0] += 1;
            before = *count;
        }
    }
    let mut offsets = vec![chunks.len() as u32];
    for (offset, _) in chunks {
        if wide {
            offsets.push((offset >> 32) as u32);
        }
        offsets.push(offset as u32);
    }
    let sizes: Vec<u32> = [0, samples.len() as u32]
        .into_iter()
        .chain(samples.iter().map(|sample| sample.size))
        .collect();
    let keys = samples.iter().filter(|sample| sample.key);
    let mut keys: Vec<u32> = keys.map(|sample| sample.index + 1).collect();
    keys.insert(0, keys.len() as u32);
    let durations = runs(samples.iter().map(|sample| sample.duration), cuts);
    let compositions = runs(samples.iter().map(|sample| sample.composition as u32), cuts);
    [
        full(b"stsz", 0, &sizes),
        full(if wide { b"co64" } else { b"stco" }, 0, &offsets),
        full(b"stsc", 0, &runs_of_chunks),
        full(b"stts", 0, &durations),
        full(b"ctts", 0, &compositions),
        full(b"stss", 0, &keys),
    ]
    .concat()
}

/// How a fragment is written.
#[derive(Clone, Copy, Debug)]
struct Style {
    samples: usize,
    base: u8,
    time: bool,
    /// The first sample's flags apart, and the others' as a default.
    first_flags: bool,
    /// One run more, from the middle on.
    two_runs: bool,
    /// Another box in between.
    filler: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let fields = (1..30_usize, 0..3_u8, any::<[bool; 4]>());
    fields.prop_map(
        |(samples, base, [time, first_flags, two_runs, filler])| Style {
            samples,
            base,
            time,
            first_flags,
            two_runs,
            filler,
        },
    )
}

const KEY: u32 = 0x0200_0000;
const NO_KEY: u32 = 0x0101_0000;

/// The samples in fragments; sets right where they lie.
fn in_fragments(samples: &mut [Sample], styles: &[Style]) -> Vec<u8> {
    let mut bytes = boxed(b"ftyp", b"isom");
    let mut styles = styles.iter().cycle();
    let mut rest = samples;
    while !rest.is_empty() {
        let Some(style) = styles.next() else { break };
        let (these, others) = rest.split_at_mut(style.samples.min(rest.len()));
        rest = others;
        let start = bytes.len() as u64;
        let length = fragment(these, style, start, 0).len() as u64;
        let mut offset = start + length + 8;
        for sample in &mut *these {
            sample.offset = offset;
            offset += u64::from(sample.size);
        }
        bytes.extend(fragment(these, style, start, length as u32 + 8));
        let media = offset - start - length - 8;
        bytes.extend(boxed(b"mdat", &vec![0; media as usize]));
        if style.filler {
            bytes.extend(boxed(b"free", &[0; 20]));
        }
    }
    bytes
}

fn fragment(samples: &[Sample], style: &Style, start: u64, media: u32) -> Vec<u8> {
    // Only the first sample's flags differ from the default, or each has its own.
    let alike = samples[1..].iter().all(|sample| !sample.key);
    let first_flags = style.first_flags && alike;
    let mut header = vec![1];
    let mut flags = 0;
    match style.base {
        0 => {
            flags |= 1;
            header.extend([(start >> 32) as u32, start as u32]);
        }
        1 => flags |= 0x2_0000,
        _ => {}
    }
    if first_flags {
        flags |= 0x20;
        header.push(NO_KEY);
    }
    let mut track = full(b"tfhd", flags, &header);
    if style.time {
        let time = samples[0].dts as u64;
        track.extend(full(b"tfdt", 1 << 24, &[(time >> 32) as u32, time as u32]));
    }
    let middle = match style.two_runs && !first_flags {
        true => samples.len() / 2,
        false => samples.len(),
    };
    // Of the second run nothing says where it is: behind the first.
    for (number, run) in [&samples[..middle], &samples[middle..]]
        .into_iter()
        .enumerate()
    {
        let mut fields = 0x0100_0000 | 0x100 | 0x200 | 0x800;
        let mut words = vec![run.len() as u32];
        if number == 0 {
            fields |= 1;
            words.push(media);
        }
        let flags_of = |sample: &Sample| if sample.key { KEY } else { NO_KEY };
        if first_flags && let Some(first) = run.first() {
            fields |= 4;
            words.push(flags_of(first));
        } else {
            fields |= 0x400;
        }
        for sample in run {
            words.extend([sample.duration, sample.size]);
            if fields & 0x400 != 0 {
                words.push(flags_of(sample));
            }
            words.push(sample.composition as u32);
        }
        track.extend(full(b"trun", fields, &words));
    }
    let header = full(b"mfhd", 0, &[1]);
    boxed(b"moof", &[header, boxed(b"traf", &track)].concat())
}

fn table_of(samples: &[Sample]) -> SampleTable {
    let mut table = SampleTable::default();
    for sample in samples {
        table.push(*sample);
    }
    table.finish();
    table
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn tables_are_what_they_say(
        samples in plain_samples(),
        cuts in prop::collection::vec(any::<bool>(), 120),
        wide in any::<bool>(),
    ) {
        let far = if wide { 1 << 33 } else { 0 };
        let mut wanted = model(&samples, far);
        let bytes = tables(&mut wanted, &cuts, wide);
        let got = with_source(&bytes, async |source| {
            let all = BoxAt { kind: *b"stbl", body: 0..source.length() };
            let boxes = children(&source, &all).await.unwrap();
            let mut built = build(&source, &boxes).await.unwrap();
            built.finish();
            read(&built.samples)
        });
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn fragments_are_what_the_whole_is(
        samples in plain_samples(),
        styles in prop::collection::vec(style(), 1..8),
    ) {
        let mut wanted = model(&samples, 0);
        let bytes = in_fragments(&mut wanted, &styles);
        let got = with_source(&bytes, async |source| {
            let mut tracks = [FragmentedTrack {
                track_id: 1,
                handler: Handler::Video,
                table: BuiltTable::new(false),
                left: u64::MAX,
            }];
            // Behind `ftyp`, and found from anywhere in it.
            assert_eq!(likely_fragment(&source, 5).await.unwrap(), Some(12));
            let defaults: &[Trex] = &[];
            fragments::for_each(&source, 0, |it| read_fragment(it, defaults, &mut tracks))
                .await
                .unwrap();
            tracks[0].table.finish();
            read(&tracks[0].table.samples)
        });
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn an_edit_keeps_what_it_shows(
        samples in plain_samples(),
        start in 0..100_000_i64,
        duration in 0..100_000_i64,
        pause in 0..5_000_i64,
    ) {
        let mut samples = model(&samples, 0);
        // What follows a key frame is shown after it, and what precedes it before.
        let mut next_key = i64::MAX;
        for sample in samples.iter_mut().rev() {
            let most = next_key.saturating_sub(sample.dts + 1);
            let composition = i64::from(sample.composition).min(most).max(0);
            sample.composition = if sample.key { 0 } else { composition as i32 };
            if sample.key {
                next_key = sample.dts;
            }
        }
        let table = table_of(&samples);
        let edits = [
            Edit { media_time: None, duration: pause },
            Edit { media_time: Some(start), duration },
        ];
        let line = timeline(&table, true, Handler::Video, 10_000, &edits).unwrap();
        let end = if duration == 0 { i64::MAX } else { start + duration };
        let is_shown = |sample: &&Sample| (start..end).contains(&sample.cts());
        let segment = &line.segments[0];
        prop_assert_eq!(line.segments.len(), 1);
        prop_assert!(samples[segment.samples.start as usize].key);
        let shown: Vec<&Sample> = samples.iter().filter(is_shown).collect();
        let kept: Vec<&&Sample> = shown
            .iter()
            .filter(|sample| segment.samples.contains(&sample.index))
            .collect();
        // An edit that shows nothing is none.
        if let Some(first) = kept.iter().map(|sample| sample.cts()).min() {
            prop_assert_eq!(line.start, pause);
            // The first picture is shown when the pause ends, and all keep their distances.
            for sample in &kept {
                let shown_at = sample.cts() + segment.displacement + line.composition_shift;
                prop_assert_eq!(shown_at, pause + sample.cts() - first);
            }
            prop_assert!(line.lead >= 0);
        }
    }

    #[test]
    fn sound_keeps_step_with_its_edit(
        count in 1..300_u32,
        start in 0..200_000_i64,
        pause in 0..5_000_i64,
    ) {
        let samples = model(&vec![(10, 1024, 0, true); count as usize], 0);
        let table = table_of(&samples);
        let edits = [
            Edit { media_time: None, duration: pause },
            Edit { media_time: Some(start), duration: 0 },
        ];
        let line = timeline(&table, false, Handler::Audio, 48_000, &edits).unwrap();
        let segment = &line.segments[0];
        if start < i64::from(count) * 1024 {
            // A second to warm up, as far as there is one.
            let second = (start - 48_000).max(0) / 1024;
            prop_assert_eq!(segment.samples.clone(), second as u32..count);
            prop_assert_eq!(segment.displacement, pause - start);
        }
        let line = displaced(&table, &edits).unwrap();
        prop_assert_eq!(&line.segments[0].samples, &(0..count));
        prop_assert_eq!(line.segments[0].displacement, pause - start);
    }
}
