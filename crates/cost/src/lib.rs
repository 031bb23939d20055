//! What broadcasts cost on AWS.
//!
//! [`Usage`] says what is broadcast, `prices.json` what things cost, [`measures`] what Matinee uses
//! them for; [`bill`] puts them together, line by line. No I/O, no clock.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod item;
mod prices;

mod usage;

pub mod measures;
mod quantities;

mod bill;

pub mod text;

pub use bill::{Bill, FreeTier, Line, bill};
pub use item::{Item, Part};
pub use prices::{Price, PriceList, PriceListError, RegionPrices, UnknownRegion};
pub use usage::{Archive, Archived, Origin, Usage, UsageError};
