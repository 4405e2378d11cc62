//! One's own sessions.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use gateway_domain::SessionId;
use gateway_identity::{
    Context, Paging, account,
    session_service::{self, Session},
};
use serde::Deserialize;

use crate::{
    notice::Notice,
    page::{Page, PageError, done},
    shell::Shell,
    view::{Label as _, Moment as _, address},
    visitor::{Posted, Visitor},
};

const PATH: &str = "/admin/sessions";

#[derive(Template)]
#[template(path = "pages/sessions.html")]
pub(crate) struct SessionsPage {
    pub(crate) shell: Shell,
    pub(crate) sessions: Vec<Session>,
    pub(crate) first: Option<&'static str>,
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct Together {
    keep_current: bool,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new()
        .route(PATH, get(list))
        .route("/admin/sessions/revoke", post(revoke_together))
        .route("/admin/sessions/{id}/revoke", post(revoke))
}

async fn list(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<SessionsPage>, PageError> {
    let first = asked.cursor.as_ref().map(|_| PATH);
    let paging = Paging::after(asked.cursor);
    let page = session_service::list_own(&ctx, &visitor.caller, &paging).await?;
    Ok(Page::ok(SessionsPage {
        shell: visitor.shell,
        sessions: page.items,
        first,
        next: page
            .next
            .map(|cursor| address(PATH, &[("cursor", Some(&cursor))])),
    }))
}

async fn revoke(
    State(ctx): State<Context>,
    Path(id): Path<SessionId>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    session_service::revoke(&ctx, &visitor.caller, id).await?;
    Ok(done(PATH, Notice::SessionEnded))
}

async fn revoke_together(
    State(ctx): State<Context>,
    Posted { visitor, form }: Posted<Together>,
) -> Result<Response, PageError> {
    if form.keep_current {
        let own = visitor.session.user.id;
        session_service::revoke_all(&ctx, &visitor.caller, own, true).await?;
        return Ok(done(PATH, Notice::OthersEnded));
    }
    account::sign_out(&ctx, &visitor.caller, true).await?;
    Ok(Redirect::to("/admin/login").into_response())
}
