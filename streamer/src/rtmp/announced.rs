//! Which codecs a server says it takes.

use super::amf0::Value;

/// The codecs that the answer to `connect` names (Enhanced RTMP v2, "Enhancing NetConnection
/// connect Command", <https://veovera.org/docs/enhanced/enhanced-rtmp-v2>). Servers that know only
/// H.264 say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnouncedCodecs {
    any: bool,
    named: Vec<[u8; 4]>,
}

/// More than there are.
const MAX_CODECS: usize = 64;
/// Of `videoFourCcInfoMap`: the server decodes the codec, or passes it on.
const CAN_DECODE: u32 = 1;
const CAN_FORWARD: u32 = 4;

impl AnnouncedCodecs {
    /// What the objects of the answer say, be it properties or information.
    pub(crate) fn of(answer: &[Value]) -> Self {
        let mut announced = Self::default();
        for object in answer {
            if let Some(Value::StrictArray(list)) = object.get("fourCcList") {
                list.iter()
                    .filter_map(Value::as_str)
                    .for_each(|name| announced.enter(name));
            }
            if let Some(Value::Object(codecs) | Value::EcmaArray(codecs)) =
                object.get("videoFourCcInfoMap")
            {
                for (name, abilities) in codecs {
                    let abilities = abilities.as_number().unwrap_or(0.0) as u32;
                    if abilities & (CAN_DECODE | CAN_FORWARD) != 0 {
                        announced.enter(name);
                    }
                }
            }
        }
        announced
    }

    /// Whether the server takes the codec with this FourCC, as in `hvc1`.
    pub fn contains(&self, four_cc: [u8; 4]) -> bool {
        self.any || self.named.contains(&four_cc)
    }

    fn enter(&mut self, name: &str) {
        if name == "*" {
            self.any = true;
        } else if let Ok(four_cc) = name.as_bytes().try_into()
            && self.named.len() < MAX_CODECS
            && !self.named.contains(&four_cc)
        {
            self.named.push(four_cc);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str, value: Value) -> Value {
        Value::Object(vec![(name.to_owned(), value)])
    }

    fn list(names: &[&str]) -> Value {
        let names = names.iter().map(|name| Value::String((*name).to_owned()));
        object("fourCcList", Value::StrictArray(names.collect()))
    }

    fn map(codecs: &[(&str, f64)]) -> Value {
        let codecs = codecs
            .iter()
            .map(|(name, abilities)| ((*name).to_owned(), Value::Number(*abilities)));
        object("videoFourCcInfoMap", Value::Object(codecs.collect()))
    }

    #[track_caller]
    fn check(answer: &[Value], hevc: bool, av1: bool) {
        let announced = AnnouncedCodecs::of(answer);
        assert_eq!(announced.contains(*b"hvc1"), hevc);
        assert_eq!(announced.contains(*b"av01"), av1);
    }

    #[test]
    fn lists_and_maps_are_understood() {
        check(&[], false, false);
        check(&[Value::Null, list(&["hvc1"])], true, false);
        check(&[list(&["av01", "vp09"]), Value::Null], false, true);
        check(&[list(&["*"])], true, true);
        check(&[map(&[("hvc1", 1.0), ("av01", 2.0)])], true, false);
        check(&[map(&[("*", 4.0)])], true, true);
        check(&[map(&[("*", f64::NAN), ("hvc1", -1.0)])], false, false);
    }
}
