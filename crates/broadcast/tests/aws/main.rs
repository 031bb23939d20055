//! The table and the key store, over the wire, against one machine's region.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod keys;
mod notes;
mod table;
mod world;
