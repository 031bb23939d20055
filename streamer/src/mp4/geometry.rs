//! How the file asks for the picture to be shown: turned, mirrored, stretched.

use mp4_atom::{Matrix, Tkhd};

/// How players are asked to show the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// In degrees clockwise: 0, 90, 180 or 270.
    pub(crate) rotation: u16,
    pub(crate) mirrored: bool,
    /// The size that the track header asks for, before the picture is turned.
    pub(crate) shown: Option<(u32, u32)>,
}

impl Geometry {
    /// What the headers of the movie and of the track say together.
    pub(crate) fn new(movie: &Matrix, track: &Tkhd) -> Self {
        let turn = |m: &Matrix| {
            let parts = [m.a, m.b, m.c, m.d].map(i64::from);
            let most = parts.map(i64::abs).into_iter().max().unwrap_or(0);
            // What is small beside the rest is rounding.
            parts.map(|part| {
                if part.abs() * 2 < most {
                    0
                } else {
                    part.signum()
                }
            })
        };
        let [a, b, c, d] = turn(&track.matrix);
        let [e, f, g, h] = match turn(movie) {
            // Some writers leave it empty.
            [0, 0, 0, 0] => [1, 0, 0, 1],
            turn => turn,
        };
        // First the track's, then the movie's; x and y are rows.
        let (a, b) = (a * e + b * g, a * f + b * h);
        let (c, d) = (c * e + d * g, c * f + d * h);
        let rotation = match (a.signum(), b.signum()) {
            (0, 1) => 90,
            (0, -1) => 270,
            (-1, _) => 180,
            _ => 0,
        };
        let size = (
            u32::from(track.width.integer()),
            u32::from(track.height.integer()),
        );
        Self {
            rotation,
            mirrored: a * d - b * c < 0,
            shown: (size.0 > 0 && size.1 > 0).then_some(size),
        }
    }
}

/// The aspect of the whole picture in least numbers, if it is not that of its pixels' count.
///
/// The shape of a pixel decides, as for players; without one, the size in the track header.
pub(crate) fn display_aspect(
    coded: (u16, u16),
    pixel: Option<(u32, u32)>,
    shown: Option<(u32, u32)>,
) -> Option<(u32, u32)> {
    let (width, height) = (u64::from(coded.0), u64::from(coded.1));
    let (across, down) = match (pixel, shown) {
        (Some((across, down)), _) => (width * u64::from(across), height * u64::from(down)),
        (None, Some((across, down))) => (across.into(), down.into()),
        (None, None) => return None,
    };
    // A width that was rounded is no other aspect.
    let (left, right) = (
        u128::from(across) * u128::from(height),
        u128::from(down) * u128::from(width),
    );
    if left.abs_diff(right) * 100 < right {
        return None;
    }
    let common = greatest_common_divisor(across, down);
    let reduced = |value: u64| u32::try_from(value.checked_div(common)?).ok();
    Some((reduced(across)?, reduced(down)?))
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    match b {
        0 => a,
        b => greatest_common_divisor(b, a % b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix([a, b, c, d]: [i32; 4]) -> Matrix {
        let one = 1 << 16;
        Matrix {
            a: a * one,
            b: b * one,
            u: 0,
            c: c * one,
            d: d * one,
            v: 0,
            x: 0,
            y: 0,
            w: 1 << 30,
        }
    }

    #[track_caller]
    fn check(movie: [i32; 4], track: [i32; 4], rotation: u16, mirrored: bool) {
        let track = Tkhd {
            matrix: matrix(track),
            ..Tkhd::default()
        };
        let geometry = Geometry::new(&matrix(movie), &track);
        assert_eq!((geometry.rotation, geometry.mirrored), (rotation, mirrored));
    }

    #[test]
    fn turns() {
        const UPRIGHT: [i32; 4] = [1, 0, 0, 1];
        check(UPRIGHT, UPRIGHT, 0, false);
        // A telephone held upright.
        check(UPRIGHT, [0, 1, -1, 0], 90, false);
        check(UPRIGHT, [-1, 0, 0, -1], 180, false);
        check(UPRIGHT, [0, -1, 1, 0], 270, false);
        check(UPRIGHT, [-1, 0, 0, 1], 180, true);
        check([0; 4], [0, 1, -1, 0], 90, false);
        check([0, 1, -1, 0], [0, 1, -1, 0], 180, false);
    }

    #[test]
    fn aspects() {
        let check = |coded, pixel, shown, wanted| {
            assert_eq!(display_aspect(coded, pixel, shown), wanted);
        };
        check((1920, 1080), None, Some((1920, 1080)), None);
        check((1920, 1080), Some((1, 1)), Some((1440, 1080)), None);
        check((1440, 1080), Some((4, 3)), None, Some((16, 9)));
        check((720, 576), Some((64, 45)), None, Some((16, 9)));
        check((720, 576), None, Some((1024, 576)), Some((16, 9)));
        check((1918, 1080), None, Some((1920, 1080)), None);
        check((0, 0), Some((u32::MAX, 1)), None, None);
    }
}
