//! The file's models and providers, made ready to be called.

use std::{collections::HashMap, sync::Arc};

use gateway_config::{Config, ModelProvider};
use gateway_domain::{Clock, ledger::Surface, money::Price};
use gateway_llm::providers::{Plan, Upstream};

use crate::{
    health::{Health, Healths},
    same::same_provider,
};

/// What a configuration says of models. Replaced as a whole when another one is in force.
pub(crate) struct Models {
    pub config: Arc<Config>,
    by_id: HashMap<String, Arc<Model>>,
    /// As the file has them.
    pub all: Vec<Arc<Model>>,
    pub providers: Vec<Arc<Provider>>,
}

/// What callers ask for.
pub(crate) struct Model {
    pub id: String,
    pub name: String,
    /// In the order of their turn.
    pub routes: Vec<Arc<Route>>,
}

/// Where a model is to be had.
pub(crate) struct Route {
    pub provider: Arc<Provider>,
    pub upstream_model: String,
    pub priority: u32,
    pub weight: u32,
    pub price: Option<Price>,
    pub health: Arc<Health>,
    plans: [Option<Plan>; 5],
}

/// Who has models.
pub(crate) struct Provider {
    pub settings: ModelProvider,
    /// The word under `type`.
    pub kind: &'static str,
    /// Or why it cannot be called.
    pub upstream: Result<Upstream, String>,
}

impl Models {
    /// Providers that `former` describes in the same way are taken over with their connections.
    pub(crate) fn new(
        config: Arc<Config>,
        clock: &Arc<dyn Clock>,
        healths: &Healths,
        former: Option<&Self>,
    ) -> Self {
        let providers: Vec<Arc<Provider>> = config
            .providers
            .iter()
            .map(|settings| {
                let known = former.and_then(|former| former.provider(&settings.id));
                match known.filter(|known| same_provider(&known.settings, settings)) {
                    Some(known) => Arc::clone(known),
                    None => Arc::new(Provider::new(settings, clock)),
                }
            })
            .collect();
        let all: Vec<Arc<Model>> = config
            .models
            .iter()
            .map(|model| Arc::new(Model::new(model, &providers, healths)))
            .collect();
        let by_id = all
            .iter()
            .map(|model| (model.id.clone(), Arc::clone(model)))
            .collect();
        Self {
            config,
            by_id,
            all,
            providers,
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Model>> {
        self.by_id.get(id)
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&Arc<Provider>> {
        self.providers
            .iter()
            .find(|provider| provider.settings.id == id)
    }
}

impl Model {
    fn new(model: &gateway_config::Model, providers: &[Arc<Provider>], healths: &Healths) -> Self {
        let mut routes: Vec<Arc<Route>> = model
            .routes
            .iter()
            .filter_map(|route| {
                let provider = providers
                    .iter()
                    .find(|provider| provider.settings.id == route.provider)?;
                Some(Arc::new(Route::new(provider, route, healths)))
            })
            .collect();
        routes.sort_by_key(|route| route.priority);
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            routes,
        }
    }
}

impl Provider {
    fn new(settings: &ModelProvider, clock: &Arc<dyn Clock>) -> Self {
        let upstream = Upstream::build(settings, Arc::clone(clock)).map_err(|error| {
            let reason = error.to_string();
            tracing::error!(
                provider = settings.id,
                reason,
                "a model provider cannot be called as the file describes it"
            );
            reason
        });
        Self {
            kind: settings.type_name(),
            settings: settings.clone(),
            upstream,
        }
    }

    /// Whether it understands what only `OpenAI` does.
    pub(crate) fn is_openai(&self) -> bool {
        matches!(self.kind, "openai" | "azure_openai")
    }
}

impl Route {
    fn new(provider: &Arc<Provider>, route: &gateway_config::Route, healths: &Healths) -> Self {
        Self {
            priority: route.priority,
            weight: route.weight,
            price: route.price,
            ..Self::bare(provider, &route.upstream_model, healths)
        }
    }

    /// A way to a model that need not be in the file: for test calls.
    pub(crate) fn bare(provider: &Arc<Provider>, upstream_model: &str, healths: &Healths) -> Self {
        let plans = match &provider.upstream {
            Ok(upstream) => [
                Surface::Chat,
                Surface::Responses,
                Surface::Messages,
                Surface::CountTokens,
                Surface::Embeddings,
            ]
            .map(|surface| upstream.plan(surface, upstream_model)),
            Err(_) => [None; 5],
        };
        Self {
            health: healths.of(&provider.settings.id, upstream_model),
            provider: Arc::clone(provider),
            upstream_model: upstream_model.to_owned(),
            priority: 100,
            weight: 1,
            price: None,
            plans,
        }
    }

    /// How it would serve a surface, if it can.
    pub(crate) fn plan(&self, surface: Surface) -> Option<Plan> {
        self.plans[match surface {
            Surface::Chat => 0,
            Surface::Responses => 1,
            Surface::Messages => 2,
            Surface::CountTokens => 3,
            Surface::Embeddings => 4,
        }]
    }
}
