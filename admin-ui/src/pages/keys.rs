//! The keys of the data plane: one's own, and for those who look after others theirs.

mod all;
mod choices;
mod new;
mod one;

use std::borrow::Cow;

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Query, State},
    routing::{get, post},
};
use gateway_domain::{ApiKey, ApiKeyId, KeyOwner};
use gateway_identity::{
    Context, Paging,
    api_keys::{self, KeyFilter, KeyInfo, KeyState},
};
use gateway_inference::Plane;
use serde::Deserialize;

#[cfg(test)]
pub(crate) use all::{AllKeysPage, Asked as AllAsked};
#[cfg(test)]
pub(crate) use choices::{KeyForm, ModelChoice};
#[cfg(test)]
pub(crate) use new::{KeyShownPage, NewKeyPage, OwnerChoice};
#[cfg(test)]
pub(crate) use one::KeyPage;

use crate::{
    page::{Page, PageError},
    shell::Shell,
    view::{Label, Moment as _, address},
    visitor::Visitor,
};

const PATH: &str = "/admin/keys";
const ALL: &str = "/admin/keys/all";

#[derive(Template)]
#[template(path = "pages/keys.html")]
pub(crate) struct KeysPage {
    pub(crate) shell: Shell,
    pub(crate) keys: Vec<KeyInfo>,
    pub(crate) shows_owner: bool,
    pub(crate) first: Option<&'static str>,
    pub(crate) next: Option<String>,
}

/// What can become of a key, as a filter offers it.
pub(crate) const STATES: [KeyState; 4] = [
    KeyState::Active,
    KeyState::Expired,
    KeyState::Revoked,
    KeyState::OwnerDisabled,
];

/// Which page of a list.
#[derive(Default, Deserialize)]
struct Asked {
    cursor: Option<String>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
    Plane: FromRef<S>,
{
    Router::new()
        .route(PATH, get(list))
        .route(ALL, get(all::list))
        .route("/admin/keys/new", get(new::show).post(new::create))
        .route("/admin/keys/{id}", get(one::show).post(one::change))
        .route("/admin/keys/{id}/rotate", post(one::rotate))
        .route("/admin/keys/{id}/revoke", post(one::revoke))
}

/// A key's page.
pub(crate) fn path_of(id: ApiKeyId) -> String {
    format!("{PATH}/{id}")
}

async fn list(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<KeysPage>, PageError> {
    let own = KeyFilter {
        owner: Some(KeyOwner::User(visitor.session.user.id)),
        ..KeyFilter::default()
    };
    let first = asked.cursor.as_ref().map(|_| PATH);
    let page = api_keys::list(&ctx, &visitor.caller, &own, &Paging::after(asked.cursor)).await?;
    Ok(Page::ok(KeysPage {
        shell: visitor.shell,
        keys: page.items,
        shows_owner: false,
        first,
        next: page
            .next
            .map(|cursor| address(PATH, &[("cursor", Some(&cursor))])),
    }))
}

impl Label for KeyState {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Active => "Active".into(),
            Self::Expired => "Expired".into(),
            Self::Revoked => "Revoked".into(),
            Self::OwnerDisabled => "Owner disabled".into(),
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Active => "ok",
            Self::Expired => "warn",
            Self::Revoked | Self::OwnerDisabled => "bad",
        }
    }
}

/// Which models a key may call, in a table's cell.
pub(crate) fn models_of(key: &ApiKey) -> String {
    const SHOWN: usize = 3;
    let Some(models) = &key.models else {
        return "All models".to_owned();
    };
    let named = models.iter().take(SHOWN).map(String::as_str);
    let named = named.collect::<Vec<_>>().join(", ");
    match models.len().saturating_sub(SHOWN) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
