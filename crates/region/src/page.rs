//! Answers by the page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::error::AwsError;

/// One page, and the token of the next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// Cuts a page of at most `size` out of `items`, which are sorted by `key`: what follows the key
/// in `token`. A key stays a good place to go on from when its item is gone.
pub(crate) fn page<T>(
    items: Vec<T>,
    size: usize,
    token: Option<&str>,
    key: impl Fn(&T) -> String,
) -> Result<Page<T>, AwsError> {
    let after = token.map(decode).transpose()?;
    let mut rest = items
        .into_iter()
        .skip_while(|item| after.as_ref().is_some_and(|after| key(item) <= *after));
    let items: Vec<T> = rest.by_ref().take(size).collect();
    let next = match (rest.next(), items.last()) {
        (Some(_), Some(last)) => Some(URL_SAFE_NO_PAD.encode(key(last))),
        _ => None,
    };
    Ok(Page { items, next })
}

fn decode(token: &str) -> Result<String, AwsError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| AwsError::validation("Invalid NextToken."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_once() {
        let items = || vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let first = page(items(), 2, None, Clone::clone).unwrap();
        assert_eq!(first.items, ["a", "b"]);
        let second = page(items(), 2, first.next.as_deref(), Clone::clone).unwrap();
        assert_eq!(second.items, ["c"]);
        assert_eq!(second.next, None);
        assert!(page(items(), 2, Some("*"), Clone::clone).is_err());
    }
}
