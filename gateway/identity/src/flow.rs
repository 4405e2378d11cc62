//! A sign-in through a provider, from the button to the session.
//!
//! [`start`] keeps a flow in the database and hands the browser a cookie; [`finish`] takes the provider's answer from the
//! same browser, once. Neither half suffices: the row holds hashes and a salt, the cookie a secret, and the nonce and
//! the PKCE verifier come from both ([`secrets`]).

mod callback;
mod exchange;
mod finish;
mod record;
mod secrets;
mod start;

use gateway_domain::sso::Assertion;
pub use gateway_store::login_flows::FlowKind;

pub use finish::{Callback, Finished, SignedIn, finish};
pub use secrets::{FlowCookie, LIFETIME, flow_cookie_prefix};
pub use start::{Start, Started, Target, start};

use crate::SignInFailure;

/// Who a provider says it is.
pub(crate) struct Verified {
    /// What it said, after every check of the protocol.
    pub assertion: Assertion,
    /// Why there is no address to find a stranger by. Told only to those who would have needed one.
    pub without_email: Option<SignInFailure>,
}
