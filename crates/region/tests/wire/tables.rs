//! DynamoDB through the SDK.

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put,
        ScalarAttributeType, TransactWriteItem,
    },
};

use crate::support::{Region, config, error};

fn client(region: &Region) -> Client {
    Client::from_conf(config!(aws_sdk_dynamodb, region))
}

async fn create(client: &Client) {
    let key = KeySchemaElement::builder()
        .attribute_name("PK")
        .key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("PK")
        .attribute_type(ScalarAttributeType::S);
    client
        .create_table()
        .table_name("things")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key.build().unwrap())
        .attribute_definitions(attribute.build().unwrap())
        .send()
        .await
        .unwrap();
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn items_are_conditional_and_kept_over_a_kill() {
    let region = Region::start();
    let first = client(&region);
    create(&first).await;
    let put = |client: &Client| {
        client
            .put_item()
            .table_name("things")
            .item("PK", text("a"))
            .item("N", AttributeValue::N("1".to_owned()))
            .condition_expression("attribute_not_exists(PK)")
            .send()
    };
    put(&first).await.unwrap();
    let refused = error(put(&first).await);
    assert!(
        refused.starts_with("ConditionalCheckFailedException"),
        "{refused}"
    );

    let region = region.kill_and_restart();
    let kept = client(&region)
        .get_item()
        .table_name("things")
        .key("PK", text("a"))
        .send()
        .await
        .unwrap();
    assert_eq!(kept.item.unwrap()["N"], AttributeValue::N("1".to_owned()));
}

#[tokio::test]
async fn errors_have_the_members_that_the_sdk_reads() {
    let region = Region::start();
    let client = client(&region);
    create(&client).await;
    let missing = client.scan().table_name("missing").send().await;
    assert!(error(missing).starts_with("ResourceNotFoundException"));

    let put = Put::builder()
        .table_name("things")
        .item("PK", text("a"))
        .condition_expression("attribute_exists(PK)")
        .build()
        .unwrap();
    let cancelled = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put).build())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(
        cancelled.is_transaction_canceled_exception(),
        "{cancelled:?}"
    );
    let text = format!("{cancelled:?}");
    assert!(text.contains("ConditionalCheckFailed"), "{text}");
}
