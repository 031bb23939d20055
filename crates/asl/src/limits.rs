//! The limits of Step Functions. Source: Developer Guide, "Service quotas".

/// The most that a state may take or give, and a variable hold: 256 KiB of JSON in UTF-8.
pub const PAYLOAD_BYTES: usize = 262_144;

/// How deep arrays and objects may lie within one another. Ours: an execution is stored as JSON and
/// read again, by a reader that refuses 128 levels, and its own fields take some of these.
pub const NESTED_LEVELS: usize = 100;

/// The most that all variables of an execution may hold together: 10 MiB.
pub const VARIABLES_BYTES: usize = 10 * 1024 * 1024;

/// The most events of one execution's history.
pub const HISTORY_EVENTS: u64 = 25_000;

/// The longest name of a state, a variable or an execution, in characters.
pub const NAME_CHARACTERS: usize = 80;

/// The longest wait and the longest timeout, in seconds.
pub const LONGEST_SECONDS: u64 = 99_999_999;
