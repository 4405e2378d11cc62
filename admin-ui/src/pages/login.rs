//! The sign-in page.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    response::{IntoResponse, Response},
    routing::get,
};
use gateway_domain::{RequestId, ReturnTo};
use gateway_identity::{Context, SignInError};
use serde::Deserialize;

use crate::{page::Page, shell::Shell, view::address, visitor::Guest};

#[derive(Template)]
#[template(path = "pages/login.html")]
pub(crate) struct LoginPage {
    pub(crate) shell: Shell,
    pub(crate) providers: Vec<ProviderButton>,
    pub(crate) failure: Option<Failure>,
    pub(crate) reference: Option<RequestId>,
    pub(crate) return_to: ReturnTo,
    /// Whether the password form stands open beside the providers: it was just used.
    pub(crate) password_first: bool,
    /// Whether the person comes from signing out.
    pub(crate) signed_out: bool,
}

/// A provider to sign in with.
pub(crate) struct ProviderButton {
    pub(crate) label: String,
    pub(crate) start_url: String,
}

/// Why the last attempt failed.
pub(crate) struct Failure {
    pub(crate) sentence: &'static str,
    pub(crate) advice: &'static str,
}

#[derive(Deserialize)]
struct Asked {
    sso_error: Option<String>,
    /// Of the password form.
    error: Option<String>,
    signed_out: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    redirect_to: Option<String>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new().route("/admin/login", get(show))
}

async fn show(
    State(ctx): State<Context>,
    Guest { shell, ticket }: Guest,
    Query(asked): Query<Asked>,
) -> Response {
    let return_to = ReturnTo::parse(asked.redirect_to.as_deref().unwrap_or_default());
    let error = asked.sso_error.or(asked.error);
    let page = LoginPage {
        shell,
        providers: providers(&ctx, &return_to),
        failure: error.as_deref().map(Failure::of),
        reference: asked.reference.and_then(|text| text.parse().ok()),
        password_first: error.as_deref() == Some(WRONG_PASSWORD),
        signed_out: asked.signed_out.is_some(),
        return_to,
    };
    (ticket, Page::ok(page)).into_response()
}

fn providers(ctx: &Context, return_to: &ReturnTo) -> Vec<ProviderButton> {
    let live = ctx.live();
    let enabled = live
        .providers
        .all()
        .filter(|provider| provider.is_enabled());
    let button = |provider: &gateway_identity::providers::IdentityProvider| {
        let start = provider.start_path();
        let back = Some(return_to.as_str()).filter(|_| !return_to.is_default());
        let back = address("", &[("redirect_to", back)]).replacen('?', "&", 1);
        ProviderButton {
            label: provider.label().to_owned(),
            start_url: format!("{start}{back}"),
        }
    };
    enabled.map(button).collect()
}

const WRONG_PASSWORD: &str = "invalid_credentials";

impl Failure {
    /// The words for a code. What is no code of ours is told in general words and never shown.
    pub(crate) fn of(code: &str) -> Self {
        if code == WRONG_PASSWORD {
            return Self {
                sentence: "The address or the password is wrong.",
                advice: "Try again, or sign in with your identity provider.",
            };
        }
        match SignInError::from_code(code) {
            Some(error) => Self {
                sentence: error.sentence(),
                advice: error.advice(),
            },
            None => Self {
                sentence: "The sign-in did not succeed.",
                advice: "Start again from this page.",
            },
        }
    }
}
