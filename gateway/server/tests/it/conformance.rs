//! Section A of the catalogue: what the OpenID Foundation's suite asks of a relying party.

mod keys;
mod protocol;
mod tokens;
