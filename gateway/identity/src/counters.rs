//! What the metrics page counts.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::SignInError;

/// Sign-ins since the start, by provider and outcome. Providers are named by the file's keys and `password`, outcomes by
/// their codes, so there are never many.
#[derive(Debug, Default)]
pub struct Counters(Mutex<BTreeMap<(String, &'static str), u64>>);

/// How often one outcome came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInCount {
    /// The provider's key, `password`, or empty where no provider of ours was named.
    pub provider_key: String,
    /// `ok`, or the code of the failure.
    pub code: &'static str,
    /// How often.
    pub count: u64,
}

impl Counters {
    /// Counts a sign-in that succeeded.
    pub fn signed_in(&self, provider_key: &str) {
        self.add(provider_key, "ok");
    }

    /// Counts one that did not. The key must be one of the file's, not a stranger's text.
    pub fn refused(&self, provider_key: Option<&str>, error: SignInError) {
        self.add(provider_key.unwrap_or_default(), error.code());
    }

    /// All counts, in the order of keys and codes.
    pub fn sign_ins(&self) -> Vec<SignInCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((provider_key, code), count)| SignInCount {
                provider_key: provider_key.clone(),
                code,
                count: *count,
            })
            .collect()
    }

    fn add(&self, provider_key: &str, code: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((provider_key.to_owned(), code)).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_provider_and_outcome() {
        let counters = Counters::default();
        counters.signed_in("okta");
        counters.signed_in("okta");
        counters.refused(Some("okta"), SignInError::Denied);
        counters.refused(None, SignInError::StateInvalid);
        let seen: Vec<_> = counters
            .sign_ins()
            .into_iter()
            .map(|c| (c.provider_key, c.code, c.count))
            .collect();
        assert_eq!(
            seen,
            [
                (String::new(), "state_invalid", 1),
                ("okta".to_owned(), "denied", 1),
                ("okta".to_owned(), "ok", 2),
            ]
        );
    }
}
