//! The operations on parameters.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Vault, names,
    names::Reference,
    rows::{self, Parameter, SECURE},
};
use crate::{
    arn,
    clock::Clock,
    ecs::epoch_seconds,
    error::AwsError,
    page::{Page, page},
    store::Store,
};

/// The key's name as AWS shows it for the account's own one.
const DEFAULT_KEY: &str = "alias/aws/ssm";

/// The largest value of a standard and of an advanced parameter, in bytes.
const STANDARD_LIMIT: usize = 4096;
const ADVANCED_LIMIT: usize = 8192;

/// The service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Ssm {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) vault: Arc<Vault>,
}

impl Ssm {
    /// Answers `AmazonSSM.<operation>`.
    pub(crate) async fn handle(&self, operation: &str, body: Value) -> Result<Value, AwsError> {
        match operation {
            "PutParameter" => self.put(&body).await,
            "GetParameter" => self.get(&body).await,
            "GetParameters" => self.get_several(&body).await,
            "GetParametersByPath" => self.get_by_path(&body).await,
            "DescribeParameters" => self.describe(&body).await,
            "DeleteParameter" => self.delete(&body).await,
            "DeleteParameters" => self.delete_several(&body).await,
            _ => Err(AwsError::unknown_operation("ssm", operation)),
        }
    }

    async fn put(&self, body: &Value) -> Result<Value, AwsError> {
        let name = text(body, "Name")?.to_owned();
        names::check(&name)?;
        let value = text(body, "Value")?;
        let kind = body["Type"].as_str().map(str::to_owned);
        if kind
            .as_deref()
            .is_some_and(|kind| !matches!(kind, "String" | "StringList" | SECURE))
        {
            return Err(AwsError::validation(
                "Type must be String, StringList or SecureString",
            ));
        }
        let limit = match body["Tier"].as_str() {
            Some("Advanced" | "Intelligent-Tiering") => ADVANCED_LIMIT,
            _ => STANDARD_LIMIT,
        };
        if value.is_empty() || value.len() > limit {
            return Err(AwsError::validation(format!(
                "a parameter's value has from 1 to {limit} bytes"
            )));
        }
        let tier = if value.len() > STANDARD_LIMIT || body["Tier"] == "Advanced" {
            "Advanced"
        } else {
            "Standard"
        };
        // Before SQLite gets to see it, and whether or not it is to be secure: which type the
        // parameter keeps is only known within the transaction.
        let sealed = self
            .vault
            .seal(&name, value)
            .map_err(|error| AwsError::internal(&error))?;
        let plain = (kind.as_deref() != Some(SECURE)).then(|| value.to_owned());
        let overwrite = body["Overwrite"].as_bool().unwrap_or(false);
        let optional = |member: &str| body[member].as_str().map(str::to_owned);
        let (description, key_id) = (optional("Description"), optional("KeyId"));
        let data_type = optional("DataType").unwrap_or_else(|| "text".to_owned());
        let modified_at = self.clock.now();

        let version = self
            .store
            .transaction(move |transaction| {
                let before = rows::get(transaction, &name)?;
                if before.is_some() && !overwrite {
                    return Err(AwsError::new(
                        "ParameterAlreadyExists",
                        "The parameter already exists. To overwrite this value, set the overwrite \
                         option in the request to true.",
                    ));
                }
                let kind = kind
                    .or_else(|| before.as_ref().map(|before| before.kind.clone()))
                    .ok_or_else(|| {
                        AwsError::validation(
                            "A parameter type is required when you create a parameter.",
                        )
                    })?;
                let secure = kind == SECURE;
                let version = before.as_ref().map_or(1, |before| before.version + 1);
                let parameter = Parameter {
                    value: match plain {
                        Some(plain) if !secure => plain,
                        _ => sealed,
                    },
                    name,
                    kind,
                    version,
                    description: description
                        .or_else(|| before.and_then(|before| before.description)),
                    key_id: secure.then(|| key_id.unwrap_or_else(|| DEFAULT_KEY.to_owned())),
                    data_type,
                    tier: tier.to_owned(),
                    modified_at,
                };
                rows::put(transaction, &parameter)?;
                Ok(version)
            })
            .await?;
        Ok(json!({ "Version": version, "Tier": tier }))
    }

    async fn get(&self, body: &Value) -> Result<Value, AwsError> {
        let text = text(body, "Name")?;
        let parameter = self.find(text).await?.ok_or_else(not_found)?;
        let parameter = self.show(&parameter, wants_decryption(body))?;
        Ok(json!({ "Parameter": parameter }))
    }

    async fn get_several(&self, body: &Value) -> Result<Value, AwsError> {
        let (mut found, mut invalid) = (Vec::new(), Vec::new());
        for name in strings(body, "Names", 10)? {
            match self.find(name).await? {
                Some(parameter) => found.push(self.show(&parameter, wants_decryption(body))?),
                None => invalid.push(name),
            }
        }
        Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
    }

    async fn get_by_path(&self, body: &Value) -> Result<Value, AwsError> {
        let path = text(body, "Path")?;
        if !path.starts_with('/') {
            return Err(AwsError::validation(
                "The parameter doesn't meet the parameter name requirements. The parameter name \
                 must begin with a forward slash \"/\".",
            ));
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let recursive = body["Recursive"].as_bool().unwrap_or(false);
        let mut parameters = self.all().await?;
        parameters.retain(|parameter| {
            parameter
                .name
                .strip_prefix(&prefix)
                .is_some_and(|rest| recursive || !rest.contains('/'))
        });
        let page = paged(parameters, body, 10)?;
        let shown: Vec<Value> = page
            .items
            .iter()
            .map(|parameter| self.show(parameter, wants_decryption(body)))
            .collect::<Result<_, _>>()?;
        Ok(with_next(json!({ "Parameters": shown }), page.next))
    }

    async fn describe(&self, body: &Value) -> Result<Value, AwsError> {
        let mut parameters = self.all().await?;
        for filter in body["ParameterFilters"].as_array().unwrap_or(&Vec::new()) {
            let filter = Filter::parse(filter)?;
            parameters.retain(|parameter| filter.matches(parameter));
        }
        let page = paged(parameters, body, 50)?;
        let described: Vec<Value> = page.items.iter().map(metadata).collect();
        Ok(with_next(json!({ "Parameters": described }), page.next))
    }

    async fn delete(&self, body: &Value) -> Result<Value, AwsError> {
        let name = text(body, "Name")?.to_owned();
        let deleted = self
            .store
            .transaction(move |transaction| Ok::<_, AwsError>(rows::delete(transaction, &name)?))
            .await?;
        if deleted {
            Ok(json!({}))
        } else {
            Err(not_found())
        }
    }

    async fn delete_several(&self, body: &Value) -> Result<Value, AwsError> {
        let names: Vec<String> = strings(body, "Names", 10)?
            .into_iter()
            .map(str::to_owned)
            .collect();
        let (deleted, invalid) = self
            .store
            .transaction(move |transaction| {
                let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
                for name in names {
                    if rows::delete(transaction, &name)? {
                        deleted.push(name);
                    } else {
                        invalid.push(name);
                    }
                }
                Ok::<_, AwsError>((deleted, invalid))
            })
            .await?;
        Ok(json!({ "DeletedParameters": deleted, "InvalidParameters": invalid }))
    }

    async fn find(&self, text: &str) -> Result<Option<Parameter>, AwsError> {
        let reference = Reference::parse(text);
        let (name, version) = (
            reference.name.to_owned(),
            reference.version.map(str::to_owned),
        );
        let parameter = self
            .store
            .transaction(move |transaction| Ok::<_, AwsError>(rows::get(transaction, &name)?))
            .await?;
        match (parameter, version) {
            (Some(parameter), Some(version)) if parameter.version.to_string() != version => {
                Err(AwsError::new(
                    "ParameterVersionNotFound",
                    format!(
                        "only the latest version, {}, is kept on this machine",
                        parameter.version
                    ),
                ))
            }
            (parameter, _) => Ok(parameter),
        }
    }

    async fn all(&self) -> Result<Vec<Parameter>, AwsError> {
        self.store
            .transaction(|transaction| Ok(rows::all(transaction)?))
            .await
    }

    /// The parameter in an answer; without `decrypt` a `SecureString` shows its ciphertext.
    fn show(&self, parameter: &Parameter, decrypt: bool) -> Result<Value, AwsError> {
        let value = if decrypt && parameter.kind == SECURE {
            self.vault
                .open(&parameter.name, &parameter.value)
                .map_err(|error| AwsError::new("InvalidKeyId", error.to_string()))?
        } else {
            parameter.value.clone()
        };
        Ok(json!({
            "ARN": arn::parameter(&parameter.name),
            "DataType": parameter.data_type,
            "LastModifiedDate": epoch_seconds(parameter.modified_at),
            "Name": parameter.name,
            "Type": parameter.kind,
            "Value": value,
            "Version": parameter.version,
        }))
    }
}

/// A parameter without its value.
fn metadata(parameter: &Parameter) -> Value {
    let mut metadata = json!({
        "ARN": arn::parameter(&parameter.name),
        "DataType": parameter.data_type,
        "LastModifiedDate": epoch_seconds(parameter.modified_at),
        "LastModifiedUser": format!("arn:aws:iam::{}:root", arn::ACCOUNT),
        "Name": parameter.name,
        "Policies": [],
        "Tier": parameter.tier,
        "Type": parameter.kind,
        "Version": parameter.version,
    });
    if let Some(description) = &parameter.description {
        metadata["Description"] = json!(description);
    }
    if let Some(key_id) = &parameter.key_id {
        metadata["KeyId"] = json!(key_id);
    }
    metadata
}

/// One of `ParameterFilters`.
struct Filter {
    key: String,
    begins_with: bool,
    values: Vec<String>,
}

impl Filter {
    fn parse(filter: &Value) -> Result<Self, AwsError> {
        let key = text(filter, "Key")?;
        let option = filter["Option"].as_str().unwrap_or("Equals");
        let begins_with = match (key, option) {
            ("Name" | "Type" | "KeyId" | "DataType" | "Tier", "Equals") => false,
            ("Name", "BeginsWith") | ("Path", "Recursive") => true,
            ("Path", "OneLevel") => false,
            _ => {
                return Err(AwsError::new(
                    "InvalidFilterKey",
                    format!("the filter {key} {option} is not served on this machine"),
                ));
            }
        };
        Ok(Self {
            key: key.to_owned(),
            begins_with,
            values: strings(filter, "Values", 50)?
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })
    }

    fn matches(&self, parameter: &Parameter) -> bool {
        self.values.iter().any(|value| match self.key.as_str() {
            "Name" if self.begins_with => parameter.name.starts_with(value.as_str()),
            "Name" => parameter.name == *value,
            "Type" => parameter.kind == *value,
            "KeyId" => parameter.key_id.as_ref() == Some(value),
            "DataType" => parameter.data_type == *value,
            "Tier" => parameter.tier == *value,
            _ => parameter
                .name
                .strip_prefix(&format!("{}/", value.trim_end_matches('/')))
                .is_some_and(|rest| self.begins_with || !rest.contains('/')),
        })
    }
}

fn paged(
    parameters: Vec<Parameter>,
    body: &Value,
    most: usize,
) -> Result<Page<Parameter>, AwsError> {
    let size = match body["MaxResults"].as_u64() {
        None => most,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=most).contains(size))
            .ok_or_else(|| AwsError::validation(format!("MaxResults must be from 1 to {most}")))?,
    };
    page(parameters, size, body["NextToken"].as_str(), |parameter| {
        parameter.name.clone()
    })
}

fn with_next(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}

fn wants_decryption(body: &Value) -> bool {
    body["WithDecryption"].as_bool().unwrap_or(false)
}

fn text<'a>(body: &'a Value, member: &str) -> Result<&'a str, AwsError> {
    body[member]
        .as_str()
        .ok_or_else(|| AwsError::validation(format!("{member} is missing")))
}

fn strings<'a>(body: &'a Value, member: &str, most: usize) -> Result<Vec<&'a str>, AwsError> {
    body[member]
        .as_array()
        .and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
        .filter(|items| (1..=most).contains(&items.len()))
        .ok_or_else(|| AwsError::validation(format!("{member} must be from 1 to {most} strings")))
}

fn not_found() -> AwsError {
    AwsError::new("ParameterNotFound", "")
}
