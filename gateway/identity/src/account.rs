//! People and their own way in: by password, by a one-time link, and out again.
//!
//! A wrong password, an unknown address, a person who signs in otherwise and one who may not come in at all get the same
//! answer after the same time. Guessing is slowed down per account *and* address, so that nobody who guesses from
//! elsewhere keeps the owner out.

mod ladder;
mod links;
mod own;
mod sign_in;

pub use links::{Redemption, redeem_link};
pub use own::{change_password, sign_out};
pub use sign_in::{PasswordFailure, sign_in_with_password};

use gateway_domain::{
    Origin, User,
    audit::{Action, NewEntry, Party},
};
use serde_json::Value;

/// An entry about a person by themselves.
fn by_themselves<'a>(
    user: &User,
    action: Action,
    before: Option<Value>,
    after: Option<Value>,
    origin: &'a Origin,
) -> NewEntry<'a> {
    let party = Party::new("user", user.id, user.email.clone());
    NewEntry {
        actor: party.clone(),
        action,
        target: party,
        before,
        after,
        provider_key: None,
        origin,
    }
}
