//! What a route's tokens cost.

use chrono::{DateTime, Utc};
use gateway_domain::{
    ledger::{Pricing, UsageKind},
    money::{NanoUsd, Price, Tokens},
};
use gateway_llm::catalogue::{Tier, bundled};

use crate::models::Route;

/// What was used, and who says so.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub tokens: Tokens,
    pub kind: UsageKind,
    /// `service_tier` as answered.
    pub tier: Option<String>,
}

impl Used {
    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            tokens: Tokens::default(),
            kind: UsageKind::None,
            tier: None,
        }
    }

    /// What the upstream says.
    pub(crate) fn reported(tokens: Tokens, tier: Option<String>) -> Self {
        Self {
            tokens,
            kind: UsageKind::Reported,
            tier,
        }
    }

    /// The best guess.
    pub(crate) fn estimated(input: u64, output: u64) -> Self {
        Self {
            tokens: Tokens {
                input,
                output,
                ..Tokens::default()
            },
            kind: UsageKind::Estimated,
            tier: None,
        }
    }
}

/// The price of a route's call: the file's own, else the catalogue's for the day, the tier and the length of the prompt.
pub(crate) fn of(
    route: &Route,
    at: DateTime<Utc>,
    tier: Option<&str>,
    prompt: u64,
) -> Option<(Price, Pricing)> {
    if let Some(price) = route.price {
        return Some((price, Pricing::Override));
    }
    bundled()
        .price(
            route.provider.kind,
            &route.upstream_model,
            at,
            Tier::answered(tier),
            prompt,
        )
        .map(|price| (price, Pricing::Priced))
}

/// What was used costs.
pub(crate) fn cost(route: &Route, at: DateTime<Utc>, used: &Used) -> (NanoUsd, Pricing) {
    let tokens = &used.tokens;
    let prompt = tokens
        .input
        .saturating_add(tokens.cache_read)
        .saturating_add(tokens.cache_write);
    match of(route, at, used.tier.as_deref(), prompt) {
        Some((price, pricing)) => (price.cost(tokens), pricing),
        None => (NanoUsd::default(), Pricing::Unpriced),
    }
}
