//! Section K of the catalogue: GitHub.

mod accounts;
mod faults;
