//! Models and their providers as JSON has them.

use chrono::{DateTime, Utc};
use gateway_domain::{ledger::Pricing, money};
use gateway_inference::status::{self, Health, ModelStatus, ProviderStatus, RouteStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::objects::{pricing, route_state};

/// A model that can be called.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Model {
    /// What callers ask for.
    id: String,
    /// What people call it.
    name: String,
    /// What its first route with a price costs; null: nobody knows.
    price: Option<Price>,
    /// Where it is to be had, in the order of their turn; null for those who may not see the model providers.
    routes: Option<Vec<Route>>,
}

/// One of a model's routes.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Route {
    provider: String,
    provider_type: &'static str,
    upstream_model: String,
    /// The lowest first.
    priority: u32,
    /// Its share among routes of one priority.
    weight: u32,
    price: Option<Price>,
    /// Where the price comes from.
    #[schema(schema_with = pricing)]
    pricing: Pricing,
    health: RouteHealth,
    last_success_at: Option<DateTime<Utc>>,
    last_failure: Option<Failure>,
}

/// Dollars a million tokens, as decimals. Kinds that have no price of their own are null: they cost what they are part
/// of.
#[derive(Serialize, ToSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "the same names as in the configuration file"
)]
pub(in crate::api) struct Price {
    input_usd_per_million: String,
    output_usd_per_million: String,
    cache_read_usd_per_million: Option<String>,
    cache_write_usd_per_million: Option<String>,
    reasoning_usd_per_million: Option<String>,
}

/// How a route fares, as far as the process that answers has seen.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct RouteHealth {
    #[schema(schema_with = route_state)]
    state: &'static str,
    /// Until when it is left alone.
    until: Option<DateTime<Utc>>,
    reason: Option<String>,
}

/// The last call that failed.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Failure {
    at: DateTime<Utc>,
    reason: String,
}

/// A model provider of the configuration file.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ModelProvider {
    id: String,
    r#type: &'static str,
    base_url: String,
    timeouts: ProviderTimeouts,
    /// How many routes lead to it.
    routes: usize,
    /// Why it cannot be called as the file describes it; null: it can.
    broken: Option<String>,
    last_success_at: Option<DateTime<Utc>>,
    last_failure: Option<Failure>,
}

/// How long is waited for what.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "each names its unit")]
pub(in crate::api) struct ProviderTimeouts {
    connect_ms: u64,
    first_byte_ms: u64,
    idle_ms: u64,
}

/// How a test call went.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct TestResult {
    ok: bool,
    /// What the provider answered, if it did.
    status: Option<u16>,
    milliseconds: u64,
    /// What happened, in words.
    message: String,
    /// Under which the request log has it.
    request_id: Uuid,
}

impl Model {
    pub(super) fn of(model: ModelStatus, sees_routes: bool) -> Self {
        let mut prices = model.routes.iter().filter_map(|route| route.price.as_ref());
        Self {
            price: prices.next().map(|(price, _)| price.into()),
            id: model.id,
            name: model.name,
            routes: sees_routes.then(|| model.routes.into_iter().map(Into::into).collect()),
        }
    }
}

impl From<RouteStatus> for Route {
    fn from(route: RouteStatus) -> Self {
        Self {
            provider: route.provider,
            provider_type: route.provider_type,
            upstream_model: route.upstream_model,
            priority: route.priority,
            weight: route.weight,
            pricing: route
                .price
                .as_ref()
                .map_or(Pricing::Unpriced, |(_, pricing)| *pricing),
            price: route.price.as_ref().map(|(price, _)| price.into()),
            health: route.health.into(),
            last_success_at: route.last_success,
            last_failure: route.last_failure.map(Into::into),
        }
    }
}

impl From<&money::Price> for Price {
    fn from(price: &money::Price) -> Self {
        let text = |rate: Option<money::Rate>| rate.map(|rate| rate.to_string());
        Self {
            input_usd_per_million: price.input.to_string(),
            output_usd_per_million: price.output.to_string(),
            cache_read_usd_per_million: text(price.cache_read),
            cache_write_usd_per_million: text(price.cache_write),
            reasoning_usd_per_million: text(price.reasoning),
        }
    }
}

impl From<Health> for RouteHealth {
    fn from(health: Health) -> Self {
        let (state, until, reason) = match health {
            Health::Untried => ("untried", None, None),
            Health::Ready => ("ready", None, None),
            Health::CoolingDown { until, reason } => ("cooling_down", Some(until), Some(reason)),
            Health::Broken { reason } => ("broken", None, Some(reason)),
        };
        Self {
            state,
            until,
            reason,
        }
    }
}

impl From<(DateTime<Utc>, String)> for Failure {
    fn from((at, reason): (DateTime<Utc>, String)) -> Self {
        Self { at, reason }
    }
}

impl From<ProviderStatus> for ModelProvider {
    fn from(provider: ProviderStatus) -> Self {
        let ms = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            id: provider.id,
            r#type: provider.kind,
            base_url: provider.base_url,
            timeouts: ProviderTimeouts {
                connect_ms: ms(provider.timeouts.connect),
                first_byte_ms: ms(provider.timeouts.first_byte),
                idle_ms: ms(provider.timeouts.idle),
            },
            routes: provider.routes,
            broken: provider.broken,
            last_success_at: provider.last_success,
            last_failure: provider.last_failure.map(Into::into),
        }
    }
}

impl From<status::TestResult> for TestResult {
    fn from(result: status::TestResult) -> Self {
        Self {
            ok: result.ok,
            status: result.status,
            milliseconds: result.milliseconds,
            message: result.message,
            request_id: result.request_id.uuid(),
        }
    }
}
