//! A stream key in a field that is stored and shown in the clear.

use broadcast::{Broadcast, StreamKey};

use super::CreateRequest;

/// A shorter key may stand in a title by chance, and is none that anybody guards.
const LEAST: usize = 8;

/// Refuses a request that has one of its own keys in another field.
///
/// # Errors
/// Which fields these are. Nothing of the request is repeated.
pub(super) fn no_key_in_the_clear(request: &CreateRequest) -> Result<(), String> {
    let destinations = &request.destinations;
    let names = destinations.iter().enumerate().filter_map(|(index, one)| {
        let name = one.name.as_deref()?;
        Some((format!("destination {}: the name", index + 1), name))
    });
    let title = request.title.as_deref().map(|it| ("title".to_owned(), it));
    let source = ("source".to_owned(), &*request.source);
    let keys: Vec<&StreamKey> = destinations.iter().map(|one| &one.key).collect();
    let fields = title.into_iter().chain([source]).chain(names);
    let faults: Vec<String> = fields
        .filter(|(_, text)| keys.iter().any(|key| holds(text, key)))
        .map(|(field, _)| fault(&field))
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("; ")),
    }
}

/// The same for a key that a broadcast gets later.
pub(crate) fn key_in_the_clear(broadcast: &Broadcast, key: &StreamKey) -> Option<String> {
    let source = String::from(broadcast.source.clone());
    let names = broadcast
        .destinations
        .iter()
        .map(|one| ("name", &*one.name));
    [("title", &*broadcast.title), ("source", &*source)]
        .into_iter()
        .chain(names)
        .find(|(_, text)| holds(text, key))
        .map(|(field, _)| format!("the key is in the clear already: {}", fault(field)))
}

fn fault(field: &str) -> String {
    format!(
        "{field} has a stream key of this broadcast in it, and is stored and shown in the clear; \
         leave the key out there"
    )
}

/// Names have no capital letters.
fn holds(text: &str, key: &StreamKey) -> bool {
    let key = key.expose();
    key.len() >= LEAST && text.to_lowercase().contains(&key.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DestinationRequest;

    const KEY: &str = "FB-secret-0";

    #[track_caller]
    fn check(key: &str, title: &str, source: &str, name: &str, fields: &[&str]) {
        let request = CreateRequest {
            title: Some(title.to_owned()),
            source: source.to_owned(),
            destinations: vec![
                DestinationRequest {
                    name: Some(name.to_owned()),
                    ..DestinationRequest::with_key(StreamKey::new("another-key"))
                },
                DestinationRequest::with_key(StreamKey::new(key)),
            ],
            ..CreateRequest::default()
        };
        let found = no_key_in_the_clear(&request).err().unwrap_or_default();
        for field in ["title", "source", "destination 1: the name"] {
            let told = found.contains(&format!("{field} has a stream key"));
            assert_eq!(told, fields.contains(&field), "{field}: {found:?}");
        }
        assert!(!found.contains("secret"), "{found}");
    }

    #[test]
    fn a_key_is_in_no_other_field() {
        let source = "s3://b/talk.mp4";
        check(KEY, "A talk", source, "main", &[]);
        check(KEY, "A talk FB-secret-0", source, "main", &["title"]);
        check(KEY, "A", "s3://b/FB-secret-0.mp4", "main", &["source"]);
        let all = ["title", "source", "destination 1: the name"];
        check(KEY, "A", source, "fb-secret-0", &all[2..]);
        check(KEY, KEY, "s3://b/FB-secret-0", "fb-secret-0", &all);
        // `live` is a key that many a server of one's own has.
        check("live", "A talk, live", "s3://b/live.mp4", "live", &[]);
    }
}
