//! STS `GetCallerIdentity`: who am I, and is this the region I think it is?

use bytes::Bytes;

use crate::{arn, error::AwsError, front::Answer};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(crate) fn handle(form: &Bytes, request_id: &str) -> Result<Answer, AwsError> {
    let action = form
        .split(|byte| *byte == b'&')
        .find_map(|pair| pair.strip_prefix(b"Action="))
        .unwrap_or_default();
    if action != b"GetCallerIdentity" {
        return Err(AwsError::new(
            "InvalidAction",
            format!(
                "sts {} is not served on this machine",
                String::from_utf8_lossy(action),
            ),
        ));
    }
    let account = arn::ACCOUNT;
    Ok(Answer::new(
        http::StatusCode::OK,
        format!(
            "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\">\
               <GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::{account}:root</Arn>\
                 <UserId>{account}</UserId>\
                 <Account>{account}</Account>\
               </GetCallerIdentityResult>\
               <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>",
        ),
    ))
}

/// An error of the query protocol.
pub(crate) fn error_xml(error: &AwsError, request_id: &str) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let fault = if error.status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    // The query protocol's codes come without the suffix that the JSON ones have.
    let code = error.code.strip_suffix("Exception").unwrap_or(&error.code);
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\">\
           <Error><Type>{fault}</Type><Code>{}</Code><Message>{}</Message></Error>\
           <RequestId>{request_id}</RequestId>\
         </ErrorResponse>",
        escape(code),
        escape(&error.message),
    )
}
