//! SSM parameters through the SDK.

use std::{fs, path::Path};

use aws_sdk_ssm::{
    Client,
    types::{ParameterStringFilter, ParameterType},
};

use crate::support::{Region, config, error};

const SECRET: &str = "FB-123456789012345-0-AbCdEf_secret";

fn client(region: &Region) -> Client {
    Client::from_conf(config!(aws_sdk_ssm, region))
}

async fn put(client: &Client, name: &str, value: &str) {
    client
        .put_parameter()
        .name(name)
        .value(value)
        .r#type(ParameterType::SecureString)
        .send()
        .await
        .unwrap();
}

/// Every file under `directory` that holds `needle`.
fn files_with(directory: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else {
            let bytes = fs::read(&path).unwrap();
            if bytes
                .windows(needle.len())
                .any(|window| window == needle.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[tokio::test]
async fn a_secure_string_is_nowhere_in_plain_text() {
    let region = Region::start();
    let client = client(&region);
    put(&client, "/matinee/keys/a", SECRET).await;
    let get = |decrypt| {
        client
            .get_parameter()
            .name("/matinee/keys/a")
            .with_decryption(decrypt)
            .send()
    };
    let sealed = get(false).await.unwrap().parameter.unwrap().value.unwrap();
    assert!(!sealed.contains(SECRET), "{sealed}");
    let opened = get(true).await.unwrap().parameter.unwrap().value.unwrap();
    assert_eq!(opened, SECRET);

    put_again(&client).await;
    client
        .delete_parameter()
        .name("/matinee/keys/a")
        .send()
        .await
        .unwrap();
    assert_eq!(files_with(region.directory(), SECRET), [""; 0]);
    assert!(!region.log().contains(SECRET));
    assert_eq!(error(get(true).await), "ParameterNotFound: ");
}

async fn put_again(client: &Client) {
    let again = client
        .put_parameter()
        .name("/matinee/keys/a")
        .value(SECRET)
        .r#type(ParameterType::SecureString);
    let refused = error(again.clone().send().await);
    assert!(refused.starts_with("ParameterAlreadyExists"), "{refused}");
    assert_eq!(again.overwrite(true).send().await.unwrap().version, 2);
    // The type may be left out of an overwrite: it stays secure.
    let untyped = client
        .put_parameter()
        .name("/matinee/keys/a")
        .value(SECRET)
        .overwrite(true);
    assert_eq!(untyped.send().await.unwrap().version, 3);
}

#[tokio::test]
async fn it_is_kept_over_a_kill() {
    let region = Region::start();
    put(&client(&region), "/matinee/keys/a", SECRET).await;
    let region = region.kill_and_restart();
    let kept = client(&region)
        .get_parameter()
        .name("/matinee/keys/a")
        .with_decryption(true)
        .send()
        .await
        .unwrap();
    assert_eq!(kept.parameter.unwrap().value.unwrap(), SECRET);
}

#[tokio::test]
async fn many() {
    let region = Region::start();
    let client = client(&region);
    for name in ["/a/1", "/a/2", "/a/deep/3", "/b/4"] {
        put(&client, name, name).await;
    }
    let several = client
        .get_parameters()
        .names("/a/1")
        .names("/none")
        .with_decryption(true)
        .send()
        .await
        .unwrap();
    assert_eq!(several.parameters()[0].value(), Some("/a/1"));
    assert_eq!(several.invalid_parameters(), ["/none"]);

    let names = async |recursive: bool, page: i32| {
        let mut names = Vec::new();
        let mut pages = client
            .get_parameters_by_path()
            .path("/a")
            .recursive(recursive)
            .max_results(page)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            names.extend(
                page.parameters()
                    .iter()
                    .map(|p| p.name().unwrap().to_owned()),
            );
        }
        names
    };
    assert_eq!(names(false, 10).await, ["/a/1", "/a/2"]);
    assert_eq!(names(true, 1).await, ["/a/1", "/a/2", "/a/deep/3"]);

    let filter = ParameterStringFilter::builder()
        .key("Name")
        .option("BeginsWith")
        .values("/b")
        .build()
        .unwrap();
    let described = client
        .describe_parameters()
        .parameter_filters(filter)
        .send()
        .await
        .unwrap();
    assert_eq!(described.parameters().len(), 1);
    assert_eq!(described.parameters()[0].key_id(), Some("alias/aws/ssm"));

    let deleted = client
        .delete_parameters()
        .names("/a/1")
        .names("/none")
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.deleted_parameters(), ["/a/1"]);
    assert_eq!(deleted.invalid_parameters(), ["/none"]);
}

#[tokio::test]
async fn refusals() {
    let region = Region::start();
    let client = client(&region);
    let put = |name: &str, value: &str| {
        client
            .put_parameter()
            .name(name)
            .value(value)
            .r#type(ParameterType::String)
            .send()
    };
    let long = "x".repeat(4097);
    for (name, value) in [("a/b", "x"), ("/aws/x", "x"), ("/a b", "x"), ("/a", &long)] {
        let refused = error(put(name, value).await);
        assert!(
            refused.starts_with("ValidationException"),
            "{name}: {refused}"
        );
    }
    let untyped = client.put_parameter().name("/a").value("x").send().await;
    assert!(error(untyped).starts_with("ValidationException"));
}
