//! The key store, against SSM over the wire.

use broadcast::{Failure, FailureKind, StreamKey, aws::Endpoint, keys::Keys};
use fixtures::Account;

const PARAMETER: &str = "/matinee/20261201-1930-abcd/facebook";
const KEY: &str = "1234567890?s_bl=1&s_ps=1&a=AbyQ_very-secret";

#[tokio::test]
async fn a_key_is_stored_replaced_read_and_removed() {
    let account = Account::open().await;
    let keys = Keys::new(&account.sdk);

    keys.put(PARAMETER, &StreamKey::new("old")).await.unwrap();
    keys.put(PARAMETER, &StreamKey::new(KEY)).await.unwrap();
    assert_eq!(keys.get(PARAMETER).await.unwrap().expose(), KEY);

    keys.delete(PARAMETER).await.unwrap();
    keys.delete(PARAMETER).await.unwrap();
    let missing = Failure::from(keys.get(PARAMETER).await.unwrap_err());
    assert_eq!(missing.kind, FailureKind::BadRequest);
    assert_eq!(
        missing.message,
        "there is no stream key /matinee/20261201-1930-abcd/facebook; set it and try again"
    );
}

#[tokio::test]
async fn a_key_store_that_fails_does_not_tell_the_key() {
    // GIVEN an endpoint that nothing listens at
    let endpoint = Endpoint {
        url: "http://127.0.0.1:1".to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "secret".to_owned().into(),
    };
    let error = Keys::new(&endpoint.config())
        .put(PARAMETER, &StreamKey::new(KEY))
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("very-secret"), "{shown}");
    let failure = Failure::from(error);
    assert_eq!(failure.kind, FailureKind::Internal);
    assert!(failure.message.contains(PARAMETER), "{failure}");
}
