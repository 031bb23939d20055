//! Parameter names, and the ways to refer to one.

use crate::{arn, error::AwsError};

/// Checks a name that a parameter is to get.
pub(super) fn check(name: &str) -> Result<(), AwsError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    if name.is_empty() || name.len() > 1011 || !name.chars().all(legal) {
        return Err(AwsError::validation(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a \
             path, it can consist of sub-paths divided by slash symbol; each sub-path can be \
             formed as a mix of letters, numbers and the following 3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(AwsError::validation(
            "Parameter name must be a fully qualified name.",
        ));
    }
    let levels = name.split('/').filter(|level| !level.is_empty()).count();
    if levels > 15 {
        return Err(AwsError::new(
            "HierarchyLevelLimitExceededException",
            "A parameter name has at most 15 levels.",
        ));
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(AwsError::validation(format!(
            "No access to reserved parameter name: {name}."
        )));
    }
    Ok(())
}

/// A reference to a parameter: its name, or its ARN, and perhaps a version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) name: &'a str,
    pub(super) version: Option<&'a str>,
}

impl<'a> Reference<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let prefix = arn::parameter("");
        let text = match text.strip_prefix(prefix.as_str()) {
            // The ARN of /a/b is …:parameter/a/b, that of a is …:parameter/a.
            Some(name) if name.contains('/') => &text[prefix.len() - 1..],
            Some(name) => name,
            None => text,
        };
        match text.split_once(':') {
            Some((name, version)) => Self {
                name,
                version: Some(version),
            },
            None => Self {
                name: text,
                version: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(name: &str, legal: bool) {
        assert_eq!(check(name).is_ok(), legal, "{name}");
    }

    #[test]
    fn names() {
        check_name("plain", true);
        check_name("/matinee/keys/20261201-1930-ab2c/0", true);
        check_name("", false);
        check_name("a b", false);
        check_name("not/qualified", false);
        check_name("/aws/reserved", false);
        check_name("ssm-reserved", false);
        check_name(&"/a".repeat(16), false);
    }

    #[track_caller]
    fn check_reference(text: &str, name: &str, version: Option<&str>) {
        assert_eq!(Reference::parse(text), Reference { name, version });
    }

    #[test]
    fn references() {
        check_reference("/a/b", "/a/b", None);
        check_reference("/a/b:3", "/a/b", Some("3"));
        check_reference(&arn::parameter("/a/b"), "/a/b", None);
        check_reference(&arn::parameter("a"), "a", None);
    }
}
