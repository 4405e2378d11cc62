//! What the ledger promises, on both databases.

mod faults;
mod journal;
mod killed;
mod model;
mod reading;
mod samples;
mod world;
mod writing;
