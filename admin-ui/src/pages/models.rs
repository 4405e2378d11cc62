//! The models: for everybody what they cost, for those who look after the gateway how their routes fare.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    routing::get,
};
use gateway_domain::{access::Action, ledger::Pricing};
use gateway_identity::Context;
use gateway_inference::{
    Plane,
    status::{self, Health, ModelStatus, RouteStatus},
};
use serde::Deserialize;

use crate::{
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _, price_kinds},
    visitor::Visitor,
};

const PATH: &str = "/admin/models";
/// From how many models on the page offers to search.
const MANY: usize = 12;

#[derive(Template)]
#[template(path = "pages/models.html")]
pub(crate) struct ModelsPage {
    pub(crate) shell: Shell,
    pub(crate) models: Vec<ModelView>,
    /// Whether the routes are shown, with providers and health.
    pub(crate) shows_routes: bool,
    pub(crate) searches: bool,
    pub(crate) q: String,
}

/// A model with the words for it.
pub(crate) struct ModelView(pub(crate) ModelStatus);

/// What was searched for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    Router::new().route(PATH, get(list))
}

async fn list(
    State(plane): State<Plane>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<ModelsPage>, PageError> {
    let models = status::models(&plane, &visitor.caller)?;
    let searches = models.len() > MANY;
    let wanted = asked.q.trim().to_lowercase();
    let fits = |model: &ModelStatus| {
        let texts = [&model.id, &model.name];
        texts
            .iter()
            .any(|text| text.to_lowercase().contains(&wanted))
    };
    let found = models.into_iter().filter(fits).map(ModelView);
    Ok(Page::ok(ModelsPage {
        models: found.collect(),
        shows_routes: visitor.shell.may(Action::ReadProviders),
        searches,
        q: asked.q,
        shell: visitor.shell,
    }))
}

impl ModelView {
    /// Whether it has a name besides its id.
    pub(crate) fn is_named(&self) -> bool {
        self.0.name != self.0.id
    }

    /// What it costs: the prices of its routes, each once, the first in turn first.
    pub(crate) fn prices(&self) -> Vec<Vec<(&'static str, String)>> {
        let mut prices = Vec::new();
        for route in &self.0.routes {
            if let Some((price, _)) = &route.price {
                let kinds = price_kinds(price);
                if !prices.contains(&kinds) {
                    prices.push(kinds);
                }
            }
        }
        prices
    }

    /// How many of its routes nobody knows a price of.
    pub(crate) fn unpriced(&self) -> usize {
        let routes = self.0.routes.iter();
        routes.filter(|route| route.price.is_none()).count()
    }

    /// How it fares as a whole.
    pub(crate) fn state(&self) -> (&'static str, &'static str) {
        let count = |is: fn(&Health) -> bool| {
            let routes = self.0.routes.iter();
            routes.filter(|route| is(&route.health)).count()
        };
        let failing =
            count(|health| matches!(health, Health::CoolingDown { .. } | Health::Broken { .. }));
        let untried = count(|health| *health == Health::Untried);
        match self.0.routes.len() {
            all if failing == all => ("No route works", "bad"),
            _ if failing > 0 => ("Some routes fail", "warn"),
            all if untried == all => ("Not called yet", "plain"),
            _ => ("Ready", "ok"),
        }
    }
}

/// How a route fares and the tone of that. One failure does not keep it from being called, and is told all the same.
pub(crate) fn state_of(route: &RouteStatus) -> (&'static str, &'static str) {
    let failure = route.last_failure.as_ref().map(|(at, _)| *at);
    match &route.health {
        Health::Untried => ("Not called yet", "plain"),
        Health::Ready if failure > route.last_success => ("Last call failed", "warn"),
        Health::Ready => ("Ready", "ok"),
        Health::CoolingDown { .. } => ("Cooling down", "warn"),
        Health::Broken { .. } => ("Broken", "bad"),
    }
}

/// Where a route's price comes from, in words.
pub(crate) fn source_of(route: &RouteStatus) -> &'static str {
    match &route.price {
        Some((_, Pricing::Override)) => "this route’s own price",
        Some((_, Pricing::Priced)) => "catalogue",
        Some((_, Pricing::Unpriced)) | None => "no price known",
    }
}
