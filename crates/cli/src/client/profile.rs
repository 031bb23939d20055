//! Where the API is and who asks: the AWS profile that `matinee up` writes.

use std::{fs, io, path::Path};

use aws_credential_types::Credentials;

use crate::error::CliError;

/// What `matinee up` writes for aws-cli and for us.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) endpoint: String,
    pub(super) region: String,
    pub(super) credentials: Credentials,
}

impl Profile {
    /// Reads `aws/config` and `aws/credentials` of a data directory.
    pub(super) fn read(data_dir: &Path) -> Result<Self, CliError> {
        let config = read(data_dir, "aws/config")?;
        let credentials = read(data_dir, "aws/credentials")?;
        let wanted = |text: &str, file: &str, name: &str| {
            setting(text, name).map(str::to_owned).ok_or_else(|| {
                CliError::internal(format!(
                    "{} has no {name}; start `matinee up` again, which writes it",
                    data_dir.join(file).display()
                ))
            })
        };
        Ok(Self {
            endpoint: wanted(&config, "aws/config", "endpoint_url")?
                .trim_end_matches('/')
                .to_owned(),
            region: wanted(&config, "aws/config", "region")?,
            credentials: Credentials::new(
                wanted(&credentials, "aws/credentials", "aws_access_key_id")?,
                wanted(&credentials, "aws/credentials", "aws_secret_access_key")?,
                None,
                None,
                "matinee",
            ),
        })
    }
}

fn read(data_dir: &Path, file: &str) -> Result<String, CliError> {
    let path = data_dir.join(file);
    fs::read_to_string(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CliError::unavailable(format!(
            "`matinee up` has not run with the data directory {}; start it in another terminal, \
             or choose its directory with --data-dir",
            data_dir.display()
        )),
        _ => CliError::internal(format!("cannot read {}: {error}", path.display())),
    })
}

/// The value of a setting of the profile `default`.
fn setting<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .map(str::trim)
        .skip_while(|line| *line != "[default]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_default_profile() {
        let text = "[other]\nregion = a\n[default]\nregion = us-east-1\nkey = a=b/c=\n[x]\nz = 1\n";
        assert_eq!(setting(text, "region"), Some("us-east-1"));
        assert_eq!(setting(text, "key"), Some("a=b/c="));
        assert_eq!(setting(text, "z"), None);
        assert_eq!(setting("region = a", "region"), None);
    }
}
