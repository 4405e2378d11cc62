//! Exactly one row for every call of an upstream.
//!
//! A call is written into a journal on the local disk before it is made and when it is over; from there its rows go to
//! the database in batches, off the request path. What a process that was killed had not settled, the next start
//! settles. [`requests`] and [`usage`] read what was written.

mod clean;
mod journal;
mod ledger;
mod recovery;
pub mod requests;
pub mod retention;
mod rows;
mod scope;
mod sink;
mod stats;
#[cfg(test)]
mod tests;
pub mod usage;
mod writer;

pub use ledger::{Ledger, LedgerError};
pub use rows::{Opened, Payload};
pub use stats::Stats;
