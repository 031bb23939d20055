//! What a decoder holds when it has taken the last pictures of a stream.

use std::collections::VecDeque;

use broadcast::MediaTime;

use super::{
    error::Unsuited,
    format::Order,
    picture::{Marking, Picture},
    skipped::{SkippedPictures, Start},
};

/// A decoder as far as reference pictures go (8.2.1, 8.2.5). It is given all pictures from a key
/// frame on.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// `frame_num` of the reference pictures, the oldest first.
    references: VecDeque<u32>,
    /// `frame_num` and place in the order of the last reference picture.
    last_reference: Option<(u32, i64)>,
    /// The picture that is shown last.
    shown: Option<Shown>,
    /// The last picture in decoding order.
    last: Option<Picture>,
}

#[derive(Debug)]
struct Shown {
    pts: MediaTime,
    number: u32,
    is_reference: bool,
    is_idr: bool,
    /// Its place in the order.
    order: i64,
}

impl Decoder {
    /// Takes the next picture in decoding order.
    pub(crate) fn take(&mut self, picture: Picture, pts: MediaTime) -> Result<(), Unsuited> {
        let format = &picture.format;
        if picture.is_idr {
            self.references.clear();
            self.last_reference = None;
            self.shown = None;
        } else if let Some((before, _)) = self.last_reference {
            // A reference picture may only have the number of the one before if another picture
            // stands between them.
            if format.distance(before, picture.number) != 1 {
                return Err(Unsuited::Gap);
            }
        }
        let order = self.order(&picture);
        let shown = self.shown.as_ref();
        let is_last = shown.is_none_or(|shown| order > shown.order);
        // Where a file is cut, several pictures may be due at once.
        if shown.is_some_and(|shown| pts != shown.pts && (pts > shown.pts) != is_last) {
            return Err(Unsuited::Order);
        }
        if is_last {
            self.shown = Some(Shown {
                pts,
                number: picture.number,
                is_reference: picture.is_reference,
                is_idr: picture.is_idr,
                order,
            });
        }
        if picture.is_reference {
            match &picture.marking {
                Marking::All => {}
                Marking::Sliding => {
                    let most = format.most_references as usize;
                    while self.references.len() >= most.max(1) {
                        self.references.pop_front();
                    }
                }
                Marking::Dropping(dropped) => {
                    self.references.retain(|number| {
                        !dropped.contains(&format.distance(*number, picture.number))
                    });
                }
            }
            self.references.push_back(picture.number);
            self.last_reference = Some((picture.number, order));
        }
        self.last = Some(picture);
        Ok(())
    }

    /// Whether the picture that is shown last is an IDR picture.
    pub(crate) fn shows_idr(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.is_idr)
    }

    /// Pictures that come after all that were taken, and show the one that was shown last.
    pub(crate) fn hold(&self, length_size: usize) -> Result<SkippedPictures, Unsuited> {
        let (Some(shown), Some(last), Some((number, before))) =
            (&self.shown, &self.last, self.last_reference)
        else {
            return Err(Unsuited::Unreadable("its last picture"));
        };
        let format = &last.format;
        if !shown.is_reference || !self.references.contains(&shown.number) {
            return Err(Unsuited::NotKept);
        }
        let start = Start {
            number,
            order: shown.order,
            back: format.distance(shown.number, format.number_after(number, 1)),
        };
        if let Order::Bits(count) = format.order
            && shown.order + 2 - before >= 1 << (count - 1)
        {
            return Err(Unsuited::Order);
        }
        if matches!(format.order, Order::Cycle { .. }) && shown.number != number {
            // By a cycle, the place of the next picture follows from its number only.
            return Err(Unsuited::Order);
        }
        Ok(SkippedPictures::new(last, start, length_size))
    }

    /// The place of a picture in the order, counted from the key frame (8.2.1.1).
    fn order(&self, picture: &Picture) -> i64 {
        let Order::Bits(count) = picture.format.order else {
            // As they are decoded. That of a cycle may differ, which the time stamps then show.
            return self.shown.as_ref().map_or(0, |shown| shown.order + 2);
        };
        let size = 1_i64 << count;
        let low = i64::from(picture.order);
        let before = self.last_reference.map_or(0, |(_, order)| order);
        let high = before - before.rem_euclid(size);
        let distance = low - before.rem_euclid(size);
        match distance {
            _ if distance <= -size / 2 => high + size + low,
            _ if distance > size / 2 => high - size + low,
            _ => high + low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h264::format::Format;

    fn format() -> Format {
        Format {
            picture_set: 0,
            number_bits: 4,
            order: Order::Bits(6),
            has_fields: false,
            has_pairs: false,
            tells_bottom: false,
            tells_redundancy: false,
            is_weighted: false,
            has_chroma: true,
            is_cabac: true,
            initial_qp: 0,
            controls_deblocking: true,
            macroblocks: 60,
            most_references: 2,
        }
    }

    /// A picture: its number, the low bits of its place in the order, whether it is a reference.
    fn picture(number: u32, order: u32, is_reference: bool) -> Picture {
        Picture {
            format: format(),
            is_idr: false,
            is_reference,
            number,
            order,
            bottom: 0,
            marking: Marking::Sliding,
            has_delimiter: false,
        }
    }

    fn idr() -> Picture {
        Picture {
            is_idr: true,
            marking: Marking::All,
            ..picture(0, 0, true)
        }
    }

    /// Shown in the order that the pictures tell, 40 ms each.
    fn hold(pictures: Vec<(Picture, i64)>) -> Result<(u32, i64, u32), Unsuited> {
        let mut decoder = Decoder::default();
        for (picture, place) in pictures {
            decoder.take(picture, MediaTime::from_millis(place * 20))?;
        }
        let start = decoder.hold(4)?.start();
        Ok((start.number, start.order, start.back))
    }

    #[track_caller]
    fn check(pictures: Vec<(Picture, i64)>, wanted: Result<(u32, i64, u32), Unsuited>) {
        assert_eq!(hold(pictures), wanted);
    }

    #[test]
    fn the_last_reference_picture_is_held() {
        check(vec![(idr(), 0)], Ok((0, 0, 1)));
        check(vec![(idr(), 0), (picture(1, 2, true), 2)], Ok((1, 2, 1)));
    }

    #[test]
    fn b_pictures_after_it_do_not_matter() {
        let b = picture(2, 4, false);
        let pictures = vec![(idr(), 0), (picture(1, 8, true), 8), (b, 4)];
        check(pictures, Ok((1, 8, 1)));
        // One that is a reference picture itself, and one that refers to it.
        let pictures = vec![
            (idr(), 0),
            (picture(1, 8, true), 8),
            (picture(2, 4, true), 4),
            (picture(3, 6, false), 6),
        ];
        check(pictures, Ok((2, 8, 2)));
    }

    #[test]
    fn numbers_and_places_wrap() {
        let pictures = (0..100_i64).map(|index| {
            let one = match index {
                0 => idr(),
                _ => picture(index as u32 % 16, index as u32 * 2 % 64, true),
            };
            (one, index * 2)
        });
        check(pictures.collect(), Ok((99 % 16, 198, 1)));
    }

    #[test]
    fn what_is_not_kept_is_not_held() {
        let b = picture(2, 10, false);
        let pictures = vec![(idr(), 0), (picture(1, 8, true), 8), (b, 10)];
        check(pictures, Err(Unsuited::NotKept));
        // Two reference pictures come after it, and there is room for two.
        let pictures = vec![
            (idr(), 0),
            (picture(1, 12, true), 12),
            (picture(2, 4, true), 4),
            (picture(3, 6, true), 6),
        ];
        check(pictures, Err(Unsuited::NotKept));
        // The second of them drops another one instead.
        let dropping = Picture {
            marking: Marking::Dropping(vec![1]),
            ..picture(3, 6, true)
        };
        let pictures = vec![
            (idr(), 0),
            (picture(1, 12, true), 12),
            (picture(2, 4, true), 4),
            (dropping, 6),
        ];
        check(pictures, Ok((3, 12, 3)));
    }

    #[test]
    fn what_is_not_clear_is_not_held() {
        check(vec![], Err(Unsuited::Unreadable("its last picture")));
        let gap = vec![(idr(), 0), (picture(3, 2, true), 2)];
        check(gap, Err(Unsuited::Gap));
        let against_time = vec![(idr(), 8), (picture(1, 2, true), 2)];
        check(against_time, Err(Unsuited::Order));
    }
}
