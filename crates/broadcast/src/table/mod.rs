//! The table of broadcasts in DynamoDB.
//!
//! | PK | SK | item |
//! |---|---|---|
//! | `BROADCAST#<id>` | `BROADCAST` | the broadcast |
//! | `BROADCAST#<id>` | `ATTEMPT#0001` | one attempt |
//! | `KEY#<two bytes of a hash>` | `<air time>#<id>#<destination>` | who may have a stream key |
//!
//! The index `ByMonth` lists broadcasts by the month of their air time and then by air time. It
//! leaves out the progress: a month is one partition of the index, and all shows that are on air
//! write their progress every five seconds.
//! Every change of status is a write on the condition that the change is a legal one, and what an
//! attempt writes has the condition that no newer attempt was opened, and no newer streamer has
//! claimed it, so that two can never both have their way.

mod attempt;
mod claim;
mod error;
mod item;
mod key_failures;
mod key_use;
mod read;
mod remove;
mod schema;
mod told;
mod write;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

pub use attempt::Attempt;
pub use claim::Claim;
pub use error::TableError;
pub use key_use::KeyUse;

/// The name of the table where none is said.
pub const DEFAULT_NAME: &str = "matinee";

/// The table.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table of a name in an account and region.
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            name: name.into(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
