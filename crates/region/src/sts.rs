//! STS `GetCallerIdentity`: who am I, and is this the region I think it is?

use bytes::Bytes;

use crate::{
    arn,
    error::AwsError,
    front::Answer,
    query::{self, Form},
};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(crate) fn handle(body: &Bytes, request_id: &str) -> Result<Answer, AwsError> {
    let form = Form::read(body);
    let action = form.action();
    if action != "GetCallerIdentity" {
        return Err(AwsError::new(
            "InvalidAction",
            format!("sts {action} is not served on this machine"),
        ));
    }
    let account = arn::ACCOUNT;
    let result = format!(
        "<Arn>arn:aws:iam::{account}:root</Arn>\
         <UserId>{account}</UserId>\
         <Account>{account}</Account>"
    );
    Ok(query::answer(NAMESPACE, action, &result, request_id))
}
