//! The Query protocol: forms in, XML out.

use bytes::Bytes;
use http::StatusCode;

use crate::{
    error::AwsError,
    front::{Answer, decode},
};

/// A request's form.
#[derive(Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn read(body: &Bytes) -> Self {
        let text = |encoded: &str| {
            let decoded = decode(&encoded.replace('+', " "));
            String::from_utf8_lossy(&decoded).into_owned()
        };
        let pairs = String::from_utf8_lossy(body);
        let pairs = pairs.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
        )
    }

    /// The operation that is asked for.
    pub(crate) fn action(&self) -> &str {
        self.get("Action").unwrap_or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(key, _)| key == name)?;
        Some(&pair.1)
    }
}

/// The answer to an action; `result` is XML.
pub(crate) fn answer(namespace: &str, action: &str, result: &str, request_id: &str) -> Answer {
    Answer::new(
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"{namespace}\">\
               <{action}Result>{result}</{action}Result>\
               <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\
             </{action}Response>"
        ),
    )
}

/// An error. AWS names the service's namespace here, which no client looks at.
pub(crate) fn error(error: &AwsError, request_id: &str) -> String {
    let fault = if error.status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    // The query protocol's codes come without the suffix that the JSON ones have.
    let code = error.code.strip_suffix("Exception").unwrap_or(&error.code);
    format!(
        "<ErrorResponse>\
           <Error><Type>{fault}</Type><Code>{}</Code><Message>{}</Message></Error>\
           <RequestId>{request_id}</RequestId>\
         </ErrorResponse>",
        escape(code),
        escape(&error.message),
    )
}

/// A text within XML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let body = Bytes::from_static(b"Action=Publish&Message=a+b%26c%0A%C3%A4&Empty=&Bare");
        let form = Form::read(&body);
        assert_eq!(form.action(), "Publish");
        assert_eq!(form.get("Message"), Some("a b&c\nä"));
        assert_eq!((form.get("Empty"), form.get("Bare")), (Some(""), Some("")));
        assert_eq!(form.get("message"), None);
    }
}
