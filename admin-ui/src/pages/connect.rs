//! "Connect a client": settings ready to paste, with the real address and a model that one may use.

mod clients;

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    routing::get,
};
use gateway_identity::Context;
use gateway_inference::{Plane, status};
use serde::Deserialize;

pub(crate) use clients::{CLIENTS, Client, Snippet, curl};

use crate::{
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, address},
    visitor::Visitor,
};

const PATH: &str = "/admin/connect";

#[derive(Template)]
#[template(path = "pages/connect.html")]
pub(crate) struct ConnectPage {
    pub(crate) shell: Shell,
    /// What is shown.
    pub(crate) client: Client,
    pub(crate) snippets: Vec<Snippet>,
    /// The models to choose from.
    pub(crate) models: Vec<String>,
    pub(crate) model: String,
}

/// Which client, and which model.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    client: String,
    model: String,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    Router::new().route(PATH, get(show))
}

impl ConnectPage {
    /// The same page for another client.
    pub(crate) fn to(&self, client: &Client) -> String {
        let model = Some(self.model.as_str());
        address(PATH, &[("client", Some(client.key)), ("model", model)])
    }
}

async fn show(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<ConnectPage>, PageError> {
    let models = status::models(&plane, &visitor.caller)?.into_iter();
    let models: Vec<String> = models.map(|model| model.id).collect();
    let client = CLIENTS.iter().find(|client| client.key == asked.client);
    let client = *client.unwrap_or(&CLIENTS[0]);
    // What is not to be had is not written into anybody's settings.
    let asked = models.iter().find(|model| **model == asked.model);
    let model = asked.or_else(|| preferred(&client, &models));
    let model = model.cloned().unwrap_or_default();
    let live = ctx.live();
    let base = live.config.server.public_base_url.to_string();
    Ok(Page::ok(ConnectPage {
        shell: visitor.shell,
        snippets: client.snippets(
            &base,
            Some(model.as_str()).filter(|model| !model.is_empty()),
        ),
        client,
        models,
        model,
    }))
}

/// The model that a client is likeliest to be used with.
fn preferred<'a>(client: &Client, models: &'a [String]) -> Option<&'a String> {
    let likely = models
        .iter()
        .find(|model| client.likes.iter().any(|part| model.contains(part)));
    likely.or(models.first())
}
