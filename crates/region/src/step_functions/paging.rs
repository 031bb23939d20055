//! Pages and the tokens between them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use super::arguments::Arguments;
use crate::error::AwsError;

/// The position after which a page begins, from the token of the page before.
pub(super) fn position<T: DeserializeOwned>(arguments: &Arguments) -> Result<Option<T>, AwsError> {
    let Some(token) = arguments.optional("nextToken")? else {
        return Ok(None);
    };
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .map(Some)
        .ok_or_else(|| AwsError::new("InvalidToken", "Invalid Token: 'Invalid token'"))
}

/// The token for the position after the last item of a page.
pub(super) fn token<T: Serialize>(position: &T) -> Result<String, AwsError> {
    let text = serde_json::to_vec(position).map_err(|error| AwsError::internal(&error))?;
    Ok(URL_SAFE_NO_PAD.encode(text))
}

/// Cuts what was read, one item more than a page has, to a page. The token is there when there is
/// more.
pub(super) fn cut<T, P: Serialize>(
    mut items: Vec<T>,
    page: usize,
    position: impl FnOnce(&T) -> P,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    if items.len() <= page {
        return Ok((items, None));
    }
    items.truncate(page);
    let token = items
        .last()
        .map(|last| token(&position(last)))
        .transpose()?;
    Ok((items, token))
}

/// How many rows to read for a page: one more, to know whether there is another page.
pub(super) fn rows(page: usize) -> i64 {
    i64::try_from(page).unwrap_or(i64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_leads_to_the_next_page() {
        let (page, token) = cut(vec![1, 2, 3], 2, |last| *last).unwrap();
        assert_eq!(page, [1, 2]);
        let next = Arguments(json!({"nextToken": token.unwrap()}));
        assert_eq!(position::<i64>(&next).unwrap(), Some(2));
        assert_eq!(
            cut(vec![1, 2], 2, |last| *last).unwrap(),
            (vec![1, 2], None)
        );
    }

    #[test]
    fn other_tokens_are_refused() {
        let next = Arguments(json!({"nextToken": "x"}));
        assert_eq!(position::<i64>(&next).unwrap_err().code, "InvalidToken");
    }
}
