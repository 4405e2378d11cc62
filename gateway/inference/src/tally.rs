//! What is counted since the start, for the metrics: few labels, whatever callers send.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use gateway_domain::{
    ledger::{Attempt, Outcome, RequestRecord, Surface},
    money::{NanoUsd, Tokens},
};

/// The counters.
#[derive(Default)]
pub struct Tally {
    requests: Mutex<BTreeMap<(Surface, &'static str), u64>>,
    attempts: Mutex<BTreeMap<String, BTreeMap<Outcome, Sum>>>,
}

/// What attempts add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub attempts: u64,
    /// What they used.
    pub tokens: Tokens,
    /// What they cost.
    pub cost: NanoUsd,
}

impl Tally {
    /// Counts a request that is over.
    pub(crate) fn request(&self, record: &RequestRecord) {
        let outcome = match (record.status, record.error_code.as_deref()) {
            (_, Some("client_abort")) => "client_abort",
            (200..400, None) => "ok",
            (200..400, Some(_)) => "broken_off",
            (400..500, _) => "refused",
            _ => "failed",
        };
        self.count(record.surface, outcome);
    }

    /// Counts a request without a valid key.
    pub(crate) fn unauthenticated(&self, surface: Surface) {
        self.count(surface, "unauthenticated");
    }

    /// Counts a request that was refused because it could not be written down.
    pub(crate) fn unwritten(&self, surface: Surface) {
        self.count(surface, "unwritten");
    }

    fn count(&self, surface: Surface, outcome: &'static str) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((surface, outcome)).or_default() += 1;
    }

    pub(crate) fn attempt(&self, attempt: &Attempt) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if !attempts.contains_key(&attempt.provider) {
            attempts.insert(attempt.provider.clone(), BTreeMap::new());
        }
        if let Some(of_provider) = attempts.get_mut(&attempt.provider) {
            let sum = of_provider.entry(attempt.outcome).or_default();
            sum.attempts += 1;
            sum.tokens = sum.tokens + attempt.tokens;
            sum.cost = sum.cost + attempt.cost;
        }
    }

    /// Requests by surface and how they ended: `ok`, `broken_off`, `client_abort`, `refused`, `failed`,
    /// `unauthenticated`, `unwritten`.
    pub fn requests(&self) -> Vec<(Surface, &'static str, u64)> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests
            .iter()
            .map(|((surface, outcome), count)| (*surface, *outcome, *count))
            .collect()
    }

    /// Attempts by provider and how they ended.
    pub fn attempts(&self) -> Vec<(String, Outcome, Sum)> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts
            .iter()
            .flat_map(|(provider, outcomes)| {
                outcomes
                    .iter()
                    .map(|(outcome, sum)| (provider.clone(), *outcome, *sum))
            })
            .collect()
    }
}
