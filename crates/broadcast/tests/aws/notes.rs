//! What is noted beside the broadcast: what was told of it, and why its keys were refused.

use std::collections::BTreeMap;

use broadcast::{Failure, FailureKind, Outcome, Status, table::TableError};
use fixtures::Account;

use crate::world::{broadcast, time};

const AIR: &str = "2026-12-01T19:30:00Z";

fn outcome(settled_at: &str) -> Outcome {
    Outcome {
        settled_at: time(settled_at),
        attempts: 0,
        on_air_error_ms: None,
        destinations: Vec::new(),
        failure: None,
    }
}

#[tokio::test]
async fn each_settlement_is_told_once() {
    let account = Account::open().await;
    let table = &account.table;
    let one = broadcast(AIR, 1);
    table.put_new(&one).await.unwrap();
    assert_eq!(table.untold(&one.id).await.unwrap(), None);

    // WHEN it is settled, THEN that is to be told until it is remembered
    let failed = outcome("2026-12-01T19:31:00.123456789Z");
    table
        .settle(&one.id, None, Status::Failed, &failed)
        .await
        .unwrap();
    for _ in 0..2 {
        let (found, untold) = table.untold(&one.id).await.unwrap().unwrap();
        assert_eq!((found.status, untold), (Status::Failed, failed.clone()));
    }
    table.remember_told(&one.id, &failed).await.unwrap();
    assert_eq!(table.untold(&one.id).await.unwrap(), None);

    // WHEN it is opened and settled again, THEN that is to be told, and what is remembered late of
    // the first time makes no difference
    table.open_attempt(&one.id, "arn", time(AIR)).await.unwrap();
    assert_eq!(table.untold(&one.id).await.unwrap(), None);
    let aired = outcome("2026-12-01T19:40:00Z");
    table
        .settle(&one.id, Some(1), Status::Aired, &aired)
        .await
        .unwrap();
    table.remember_told(&one.id, &failed).await.unwrap();
    let (_, untold) = table.untold(&one.id).await.unwrap().unwrap();
    assert_eq!(untold, aired);

    let nobody = "20200101-0000-aaaa".parse().unwrap();
    assert_eq!(table.untold(&nobody).await.unwrap(), None);
}

#[tokio::test]
async fn why_keys_were_refused_is_noted_until_they_are_replaced() {
    let account = Account::open().await;
    let table = &account.table;
    let one = broadcast(AIR, 1);
    table.put_new(&one).await.unwrap();
    let failure = |message: &str| Failure::new(FailureKind::TokenRejected, message);
    let mut failures = BTreeMap::from([
        ("a-b".to_owned(), failure("refused")),
        ("c".to_owned(), failure("refused, too")),
    ]);
    let noted = async || {
        let now = table.get(&one.id).await.unwrap();
        assert_eq!(now.backup_failures, now.key_failures);
        now.key_failures
    };
    let note = async |failures: &BTreeMap<String, Failure>| {
        table.note_key_failures(&one.id, failures).await.unwrap();
        table.note_backup_failures(&one.id, failures).await.unwrap();
    };

    table.forget_key_failure(&one.id, "a-b").await.unwrap();
    note(&failures).await;
    assert_eq!(noted().await, failures);
    table.forget_key_failure(&one.id, "a-b").await.unwrap();
    failures.remove("a-b");
    assert_eq!(noted().await, failures);
    note(&BTreeMap::new()).await;
    assert_eq!(table.get(&one.id).await.unwrap(), one);

    let nobody = "20200101-0000-aaaa".parse().unwrap();
    let unknown = table.note_key_failures(&nobody, &failures).await;
    assert!(matches!(unknown, Err(TableError::NotFound(_))));
    assert_eq!(table.find(&nobody).await.unwrap(), None);
}
