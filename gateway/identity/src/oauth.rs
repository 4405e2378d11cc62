//! Sign-in through OAuth 2.0, which says nothing about who somebody is: GitHub's API does.

mod github;

pub(crate) use github::Exchange;
pub use github::Github;
