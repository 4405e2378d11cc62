//! Section D of the catalogue: keys, headers, claims and clocks.

mod claims;
mod keys;
