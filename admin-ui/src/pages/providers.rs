//! The identity providers: what the file says and how they fare.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Path, State},
    routing::get,
};
use gateway_identity::{
    Context,
    providers::{self, ProviderStatus},
};
use gateway_store::login_flows::FlowKind;

use crate::{
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _, duration},
    visitor::Visitor,
};

/// A provider with the words for its state.
#[derive(Clone, Debug)]
pub(crate) struct ProviderView {
    pub(crate) status: ProviderStatus,
}

impl From<ProviderStatus> for ProviderView {
    fn from(status: ProviderStatus) -> Self {
        Self { status }
    }
}

impl ProviderView {
    pub(crate) fn is_oidc(&self) -> bool {
        self.status.kind == FlowKind::Oidc
    }

    pub(crate) fn protocol(&self) -> &'static str {
        if self.is_oidc() {
            "OpenID Connect"
        } else {
            "OAuth (GitHub)"
        }
    }

    /// Its state and the tone of that.
    fn verdict(&self) -> (&'static str, &'static str) {
        let Some(health) = self.status.health.as_ref().filter(|_| self.status.enabled) else {
            return if self.status.enabled {
                ("Enabled", "ok")
            } else {
                ("Disabled", "plain")
            };
        };
        let fetches = [&health.discovery, &health.jwks];
        let failed = fetches
            .iter()
            .any(|fetch| fetch.as_ref().is_some_and(|fetch| !fetch.ok));
        if health.misconfigured {
            return ("Misconfigured", "bad");
        }
        match (health.stale, failed) {
            (true, _) => ("Out of reach, stored copies in use", "warn"),
            (false, true) => ("Failing", "bad"),
            (false, false) if fetches.iter().all(|fetch| fetch.is_none()) => {
                ("Not used yet", "plain")
            }
            (false, false) => ("Healthy", "ok"),
        }
    }

    pub(crate) fn state(&self) -> &'static str {
        self.verdict().0
    }

    pub(crate) fn tone(&self) -> &'static str {
        self.verdict().1
    }
}

#[derive(Template)]
#[template(path = "pages/providers.html")]
pub(crate) struct ProvidersPage {
    pub(crate) shell: Shell,
    pub(crate) providers: Vec<ProviderView>,
}

#[derive(Template)]
#[template(path = "pages/provider.html")]
pub(crate) struct ProviderPage {
    pub(crate) shell: Shell,
    pub(crate) provider: ProviderView,
    /// How long sessions last at most.
    pub(crate) limits: Option<String>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .route("/admin/providers", get(list))
        .route("/admin/providers/{key}", get(show))
}

async fn list(
    State(ctx): State<Context>,
    visitor: Visitor,
) -> Result<Page<ProvidersPage>, PageError> {
    let statuses = providers::statuses(&ctx, &visitor.caller).await?;
    Ok(Page::ok(ProvidersPage {
        shell: visitor.shell,
        providers: statuses.into_iter().map(ProviderView::from).collect(),
    }))
}

async fn show(
    State(ctx): State<Context>,
    visitor: Visitor,
    Path(key): Path<String>,
) -> Result<Page<ProviderPage>, PageError> {
    let status = providers::status(&ctx, &visitor.caller, &key).await?;
    let limits = ctx.live().config.auth.session;
    Ok(Page::ok(ProviderPage {
        shell: visitor.shell,
        provider: status.into(),
        limits: Some(format!(
            "{} idle, {} in all",
            duration(limits.idle),
            duration(limits.absolute)
        )),
    }))
}
