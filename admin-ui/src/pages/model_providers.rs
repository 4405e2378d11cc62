//! The model providers: what the file says, how they fare, and one test call.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gateway_domain::access::Action;
use gateway_identity::Context;
use gateway_inference::{
    Plane,
    status::{self, ProviderStatus, RouteStatus, TestResult},
};
use serde::Deserialize;

use crate::{
    errors::Errors,
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _},
    visitor::{Posted, Visitor},
};

const PATH: &str = "/admin/model-providers";

#[derive(Template)]
#[template(path = "pages/model_providers.html")]
pub(crate) struct ModelProvidersPage {
    pub(crate) shell: Shell,
    pub(crate) providers: Vec<ProviderStatus>,
}

#[derive(Template)]
#[template(path = "pages/model_provider.html")]
pub(crate) struct ModelProviderPage {
    pub(crate) shell: Shell,
    pub(crate) provider: ProviderStatus,
    /// Its routes, each with the model that it is one of.
    pub(crate) routes: Vec<(String, RouteStatus)>,
    /// What a test call that was just sent brought.
    pub(crate) tested: Option<TestResult>,
    /// The model that the form tests.
    pub(crate) chosen: String,
    pub(crate) errors: Errors,
}

/// Which model to test.
#[derive(Deserialize)]
struct Test {
    #[serde(default)]
    model: String,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    Router::new()
        .route(PATH, get(list))
        .route("/admin/model-providers/{id}", get(show))
        .route("/admin/model-providers/{id}/test", post(test))
}

/// A provider's state and the tone of that.
pub(crate) fn state(provider: &ProviderStatus) -> (&'static str, &'static str) {
    let success = provider.last_success;
    let failure = provider.last_failure.as_ref().map(|(at, _)| *at);
    match (&provider.broken, success, failure) {
        (Some(_), _, _) => ("Broken", "bad"),
        (None, None, None) => ("Not called yet", "plain"),
        (None, success, failure) if failure > success => ("Last call failed", "warn"),
        _ => ("Ready", "ok"),
    }
}

impl ModelProviderPage {
    /// The upstream models that its routes name, each once.
    pub(crate) fn upstream_models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = Vec::new();
        for (_, route) in &self.routes {
            if !models.contains(&route.upstream_model.as_str()) {
                models.push(&route.upstream_model);
            }
        }
        models
    }

    /// Whether the one who looks may send a test call.
    pub(crate) fn may_test(&self) -> bool {
        self.shell.may(Action::TestProviders)
    }
}

async fn list(
    State(plane): State<Plane>,
    visitor: Visitor,
) -> Result<Page<ModelProvidersPage>, PageError> {
    let providers = status::providers(&plane, &visitor.caller)?;
    Ok(Page::ok(ModelProvidersPage {
        shell: visitor.shell,
        providers,
    }))
}

async fn show(
    State(plane): State<Plane>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Page<ModelProviderPage>, PageError> {
    page(&plane, visitor, &id).map(Page::ok)
}

async fn test(
    State(plane): State<Plane>,
    Path(id): Path<String>,
    Posted { visitor, form }: Posted<Test>,
) -> Result<Response, PageError> {
    let model = Some(form.model.as_str()).filter(|model| !model.is_empty());
    let result = status::test_call(&plane, &visitor.caller, &id, model).await;
    let mut page = page(&plane, visitor, &id)?;
    page.chosen = form.model;
    let status = match result {
        Ok(tested) => {
            page.tested = Some(tested);
            StatusCode::OK
        }
        Err(error) => {
            let (status, errors) = Errors::told(error, &["model"])?;
            page.errors = errors;
            status
        }
    };
    Ok(Page(status, page).into_response())
}

fn page(plane: &Plane, visitor: Visitor, id: &str) -> Result<ModelProviderPage, PageError> {
    let Visitor { caller, shell, .. } = visitor;
    let mut providers = status::providers(plane, &caller)?.into_iter();
    let provider = providers.find(|provider| provider.id == id);
    let provider = provider.ok_or_else(|| PageError::not_found("model provider"))?;
    let models = status::models(plane, &caller)?.into_iter();
    let routes = models.flat_map(|model| {
        let id = model.id;
        let routes = model.routes.into_iter();
        routes.map(move |route| (id.clone(), route))
    });
    let routes = routes.filter(|(_, route)| route.provider == provider.id);
    Ok(ModelProviderPage {
        routes: routes.collect(),
        provider,
        tested: None,
        chosen: String::new(),
        errors: Errors::default(),
        shell,
    })
}
