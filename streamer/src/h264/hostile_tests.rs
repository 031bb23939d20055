//! Whatever the bytes are, nothing panics and nothing grows beyond them.

use broadcast::MediaTime;
use bytes::Bytes;
use proptest::prelude::*;

use super::{
    Decoder, ParameterSets, Picture, SkippedPictures,
    skipped::tests::{PICTURE, SEQUENCE},
    to_repeat,
};

/// A decoder configuration record of these parameter sets.
fn configuration(sequence: &[u8], picture: &[u8]) -> Vec<u8> {
    let mut config = vec![1, 0x64, 0, 0x28, 0xff];
    for set in [sequence, picture] {
        config.push(1);
        config.extend((set.len() as u16).to_be_bytes());
        config.extend(set);
    }
    config
}

fn access_unit(nals: &[Vec<u8>]) -> Bytes {
    let mut unit = Vec::new();
    for nal in nals {
        unit.extend((nal.len() as u32).to_be_bytes());
        unit.extend(nal);
    }
    unit.into()
}

/// All that is done with access units of a file.
fn use_all(config: &[u8], units: &[Bytes]) {
    let Ok(mut sets) = ParameterSets::read(config) else {
        return;
    };
    let mut decoder = Decoder::default();
    for (unit, time) in units.iter().zip(0..) {
        let _ = sets.observe(unit);
        assert!(to_repeat(unit, sets.length_size).len() <= unit.len());
        let Ok(picture) = Picture::read(unit, &sets) else {
            continue;
        };
        let skipped = SkippedPictures::after_idr(&picture, sets.length_size);
        assert!(skipped.picture(1).len() < 4_000);
        let _ = decoder.take(picture, MediaTime::from_millis(time));
    }
    if let Ok(held) = decoder.hold(sets.length_size) {
        let _ = (held.picture(1), held.picture(u64::from(u32::MAX)));
    }
}

/// A slice, with a header of the type given and anything after it.
fn nal() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop::sample::select(vec![0x65, 0x41, 0x01, 0x06, 0x67, 0x68, 0x09, 0x0c]);
    (kinds, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(kind, rest)| {
        let mut nal = vec![kind];
        nal.extend(rest);
        nal
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_slices(nals in prop::collection::vec(nal(), 1..6)) {
        let units: Vec<Bytes> = nals.iter().map(|nal| access_unit(std::slice::from_ref(nal))).collect();
        use_all(&configuration(SEQUENCE, PICTURE), &units);
        use_all(&configuration(SEQUENCE, PICTURE), &[access_unit(&nals)]);
    }

    #[test]
    fn any_change_to_the_parameter_sets(
        changes in prop::collection::vec((0..40_usize, any::<u8>()), 1..6),
        slices in prop::collection::vec(nal(), 1..4),
    ) {
        let mut config = configuration(SEQUENCE, PICTURE);
        for (at, byte) in changes {
            if let Some(place) = config.get_mut(at) {
                *place = byte;
            }
        }
        let units: Vec<Bytes> = slices.iter().map(|nal| access_unit(std::slice::from_ref(nal))).collect();
        use_all(&config, &units);
    }

    #[test]
    fn any_bytes(
        config in prop::collection::vec(any::<u8>(), 0..60),
        unit in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        use_all(&config, &[unit.into()]);
    }
}
