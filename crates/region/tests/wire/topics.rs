//! SNS through the SDK.

use aws_sdk_sns::{Client, types::MessageAttributeValue};

use crate::support::{Region, config, error, eventually};

fn client(region: &Region) -> Client {
    Client::from_conf(config!(aws_sdk_sns, region))
}

fn topic(name: &str) -> String {
    format!("arn:aws:sns:us-east-1:000000000000:{name}")
}

#[tokio::test]
async fn what_is_published_reaches_the_subscriber() {
    let region = Region::start();
    let status = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("aired")
        .build()
        .unwrap();
    let published = client(&region)
        .publish()
        .topic_arn(topic("told"))
        .subject("Aired: A talk")
        .message("It went <well> & on time.\nNothing is to be done – é.")
        .message_attributes("status", status)
        .send()
        .await
        .unwrap();
    let event = eventually("notification", async || {
        region.recorded().into_iter().next()
    })
    .await;
    assert_eq!(event["Records"][0]["EventSource"], "aws:sns");
    let told = &event["Records"][0]["Sns"];
    assert_eq!(told["MessageId"], published.message_id().unwrap());
    assert_eq!(told["TopicArn"], topic("told"));
    assert_eq!(told["Subject"], "Aired: A talk");
    let message = "It went <well> & on time.\nNothing is to be done – é.";
    assert_eq!(told["Message"], message);
    assert_eq!(told["MessageAttributes"]["status"]["Value"], "aired");
}

#[tokio::test]
async fn a_topic_is_made_once_and_listed() {
    let region = Region::start();
    let client = client(&region);
    for _ in 0..2 {
        let made = client.create_topic().name("news").send().await.unwrap();
        assert_eq!(made.topic_arn(), Some(&*topic("news")));
    }
    let region = region.kill_and_restart();
    let client = self::client(&region);
    let listed = client.list_topics().send().await.unwrap();
    let listed: Vec<_> = listed
        .topics()
        .iter()
        .filter_map(|one| one.topic_arn())
        .collect();
    assert_eq!(listed, [topic("news"), topic("told")]);
    // Nobody listens to it.
    let publish = client.publish().topic_arn(topic("news")).message("m");
    publish.send().await.unwrap();
}

#[tokio::test]
async fn refusals() {
    let region = Region::start();
    let client = client(&region);
    let unknown = client.publish().topic_arn(topic("x")).message("m").send();
    assert_eq!(error(unknown.await), "NotFound: Topic does not exist");
    let subject = client
        .publish()
        .topic_arn(topic("told"))
        .message("m")
        .subject("a\nb");
    assert_eq!(
        error(subject.send().await),
        "InvalidParameter: Invalid parameter: Subject"
    );
    let name = client.create_topic().name("a b").send().await;
    assert_eq!(
        error(name),
        "InvalidParameter: Invalid parameter: Topic Name"
    );
    let unsupported = client.delete_topic().topic_arn(topic("told")).send().await;
    assert!(error(unsupported).starts_with("InvalidAction: sns DeleteTopic"));
}
