//! For whom a show is checked.

use broadcast::Platform;

/// The platforms that a show goes to, each once, and whether all ingests of one's own among its
/// destinations take HEVC and AV1.
///
/// What goes nowhere yet is checked for what every ingest needs ([`Platform::Custom`]).
pub fn audience(destinations: impl IntoIterator<Item = (Platform, bool)>) -> (Vec<Platform>, bool) {
    let mut platforms = Vec::new();
    let mut enhanced = true;
    for (platform, takes_enhanced) in destinations {
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
        enhanced &= takes_enhanced || platform != Platform::Custom;
    }
    if platforms.is_empty() {
        platforms.push(Platform::Custom);
    }
    (platforms, enhanced)
}

#[cfg(test)]
mod tests {
    use broadcast::Platform::{Custom, Facebook, Youtube};

    use super::*;

    #[test]
    fn each_once_and_what_all_of_ones_own_take() {
        assert_eq!(audience([]), (vec![Custom], true));
        let show = [(Youtube, false), (Facebook, false), (Youtube, false)];
        assert_eq!(audience(show), (vec![Youtube, Facebook], true));
        assert_eq!(
            audience([(Custom, true), (Youtube, false)]),
            (vec![Custom, Youtube], true)
        );
        assert_eq!(
            audience([(Custom, true), (Custom, false)]),
            (vec![Custom], false)
        );
    }
}
