//! Models, routes and providers, and how they fare: for the pages and the API.

mod test_call;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use gateway_config::Timeouts;
use gateway_domain::{RequestId, access::Action, ledger::Pricing, money::Price};
use gateway_identity::{Caller, ServiceError};

pub use test_call::test_call;

use crate::{
    Plane,
    models::{Model, Provider, Route},
    price,
};

/// A model that callers may ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelStatus {
    /// What callers ask for.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it is to be had, in the order of their turn.
    pub routes: Vec<RouteStatus>,
}

/// One of a model's routes.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteStatus {
    /// The provider's id.
    pub provider: String,
    /// The word under the provider's `type`.
    pub provider_type: &'static str,
    /// The model as the provider names it.
    pub upstream_model: String,
    /// The lowest first.
    pub priority: u32,
    /// Its share among routes of one priority.
    pub weight: u32,
    /// What it costs now, and who says so; `None`: nobody knows.
    pub price: Option<(Price, Pricing)>,
    /// How it fares.
    pub health: Health,
    /// When it last answered a call.
    pub last_success: Option<DateTime<Utc>>,
    /// When it last failed, and why.
    pub last_failure: Option<(DateTime<Utc>, String)>,
}

/// How a route fares, as far as this process has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It was not called yet.
    Untried,
    /// It answers.
    Ready,
    /// It failed and is left alone for a while.
    CoolingDown {
        /// Until when.
        until: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// It cannot be called as the file describes it.
    Broken {
        /// Why.
        reason: String,
    },
}

/// One of the file's providers.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderStatus {
    /// Its id.
    pub id: String,
    /// The word under `type`.
    pub kind: &'static str,
    /// Where it is called.
    pub base_url: String,
    /// How long is waited for what.
    pub timeouts: Timeouts,
    /// How many routes lead to it.
    pub routes: usize,
    /// Why it cannot be called, when it cannot.
    pub broken: Option<String>,
    /// When it last answered a call.
    pub last_success: Option<DateTime<Utc>>,
    /// When it last failed, and why.
    pub last_failure: Option<(DateTime<Utc>, String)>,
}

/// How a test call went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Whether the provider answered as it should.
    pub ok: bool,
    /// Its status, when it sent one.
    pub status: Option<u16>,
    /// How long it took.
    pub milliseconds: u64,
    /// What happened, in words; no secret.
    pub message: String,
    /// Under which the request log has it.
    pub request_id: RequestId,
}

/// The models and their routes. For every signed-in person.
pub fn models(plane: &Plane, _: &Caller) -> Result<Vec<ModelStatus>, ServiceError> {
    let now = plane.ctx().now();
    let models = plane.models();
    let status = |model: &Arc<Model>| ModelStatus {
        id: model.id.clone(),
        name: model.name.clone(),
        routes: model.routes.iter().map(|found| route(found, now)).collect(),
    };
    Ok(models.all.iter().map(status).collect())
}

fn route(route: &Arc<Route>, now: DateTime<Utc>) -> RouteStatus {
    let look = route.health.look(now);
    let health = match (&route.provider.upstream, look.cooling) {
        (Err(reason), _) => Health::Broken {
            reason: reason.clone(),
        },
        (Ok(_), Some((until, reason))) => Health::CoolingDown { until, reason },
        (Ok(_), None) if look.last_success.is_none() && look.last_failure.is_none() => {
            Health::Untried
        }
        (Ok(_), None) => Health::Ready,
    };
    RouteStatus {
        provider: route.provider.settings.id.clone(),
        provider_type: route.provider.kind,
        upstream_model: route.upstream_model.clone(),
        priority: route.priority,
        weight: route.weight,
        price: price::of(route, now, None, 0),
        health,
        last_success: look.last_success,
        last_failure: look.last_failure,
    }
}

/// The providers. For those who may read providers.
pub fn providers(plane: &Plane, caller: &Caller) -> Result<Vec<ProviderStatus>, ServiceError> {
    caller.require(Action::ReadProviders)?;
    let now = plane.ctx().now();
    let models = plane.models();
    let status = |provider: &Arc<Provider>| {
        let id = &provider.settings.id;
        let looks: Vec<_> = plane
            .healths()
            .of_provider(id)
            .iter()
            .map(|health| health.look(now))
            .collect();
        let routes = models.all.iter().flat_map(|model| &model.routes);
        ProviderStatus {
            id: id.clone(),
            kind: provider.kind,
            base_url: provider.settings.base_url().to_string(),
            timeouts: provider.settings.timeouts,
            routes: routes
                .filter(|route| route.provider.settings.id == *id)
                .count(),
            broken: provider.upstream.as_ref().err().cloned(),
            last_success: looks.iter().filter_map(|look| look.last_success).max(),
            last_failure: looks
                .iter()
                .filter_map(|look| look.last_failure.clone())
                .max_by_key(|(at, _)| *at),
        }
    };
    Ok(models.providers.iter().map(status).collect())
}
