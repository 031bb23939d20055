//! The operations on topics.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use uuid::Uuid;

use super::{
    notification,
    publication::{Publication, not_found},
    rows,
};
use crate::{
    arn,
    clock::Clock,
    error::AwsError,
    front::Answer,
    lambda::{Invocations, RetryFor},
    page::page,
    query::{self, Form, escape},
    store::{Store, StoreError},
};

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
const PAGE: usize = 100;

/// Topic → the functions that get what is published to it.
pub(crate) type Subscribers = BTreeMap<String, Vec<String>>;

/// The service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sns {
    store: Store,
    clock: Clock,
    invocations: Invocations,
    subscribers: Arc<Subscribers>,
}

impl Sns {
    /// Makes the topics that are subscribed to.
    pub(crate) async fn open(
        store: Store,
        clock: Clock,
        invocations: Invocations,
        subscribers: Subscribers,
    ) -> Result<Self, StoreError> {
        let topics: Vec<String> = subscribers.keys().cloned().collect();
        store
            .transaction(move |transaction| {
                for topic in &topics {
                    rows::create(transaction, topic)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        Ok(Self {
            store,
            clock,
            invocations,
            subscribers: Arc::new(subscribers),
        })
    }

    /// Answers an action of the Query protocol.
    pub(crate) async fn handle(&self, body: &Bytes, request_id: &str) -> Result<Answer, AwsError> {
        let form = Form::read(body);
        let result = match form.action() {
            "CreateTopic" => self.create_topic(&form).await?,
            "ListTopics" => self.list_topics(&form).await?,
            "Publish" => self.publish(&form).await?,
            other => {
                return Err(AwsError::new(
                    "InvalidAction",
                    format!("sns {other} is not served on this machine"),
                ));
            }
        };
        Ok(query::answer(NAMESPACE, form.action(), &result, request_id))
    }

    /// A topic that is there is as good as made.
    async fn create_topic(&self, form: &Form) -> Result<String, AwsError> {
        let name = form.get("Name").unwrap_or_default().to_owned();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !(1..=256).contains(&name.len()) || !name.chars().all(allowed) {
            return Err(AwsError::new(
                "InvalidParameter",
                "Invalid parameter: Topic Name",
            ));
        }
        let topic = arn::topic(&name);
        self.store
            .transaction(move |transaction| {
                rows::create(transaction, &name)?;
                Ok::<_, AwsError>(())
            })
            .await?;
        Ok(format!("<TopicArn>{topic}</TopicArn>"))
    }

    async fn list_topics(&self, form: &Form) -> Result<String, AwsError> {
        let topics = self
            .store
            .transaction(|transaction| Ok::<_, AwsError>(rows::all(transaction)?))
            .await?;
        let token = form.get("NextToken").filter(|token| !token.is_empty());
        let page = page(topics, PAGE, token, Clone::clone)?;
        let members: String = page
            .items
            .iter()
            .map(|name| format!("<member><TopicArn>{}</TopicArn></member>", arn::topic(name)))
            .collect();
        let next = page
            .next
            .map(|token| format!("<NextToken>{}</NextToken>", escape(&token)))
            .unwrap_or_default();
        Ok(format!("<Topics>{members}</Topics>{next}"))
    }

    /// Answered for, it is handed to each subscriber until that has taken it.
    async fn publish(&self, form: &Form) -> Result<String, AwsError> {
        let publication = Publication::read(form)?;
        let id = Uuid::new_v4();
        let event = notification::event(&publication, &id, self.clock.now());
        let (invocations, subscribers) = (self.invocations.clone(), Arc::clone(&self.subscribers));
        self.store
            .transaction(move |transaction| {
                if !rows::exists(transaction, &publication.topic)? {
                    return Err(not_found());
                }
                for function in subscribers.get(&publication.topic).into_iter().flatten() {
                    invocations.enqueue(transaction, function, &event, RetryFor::ServiceEvent)?;
                }
                Ok(())
            })
            .await?;
        Ok(format!("<MessageId>{id}</MessageId>"))
    }
}
