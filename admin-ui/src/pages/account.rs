//! One's own account.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, State},
    routing::get,
};
use gateway_domain::{Identity, Membership, User};
use gateway_identity::{Context, people};

use crate::{
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "pages/account.html")]
pub(crate) struct AccountPage {
    pub(crate) shell: Shell,
    pub(crate) user: User,
    pub(crate) teams: Vec<Membership>,
    pub(crate) identities: Vec<Identity>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new().route("/admin/account", get(show))
}

async fn show(
    State(ctx): State<Context>,
    visitor: Visitor,
) -> Result<Page<AccountPage>, PageError> {
    let own = visitor.session.user.id;
    let person = people::get(&ctx, &visitor.caller, own).await?;
    Ok(Page::ok(AccountPage {
        shell: visitor.shell,
        user: person.user,
        teams: person.teams,
        identities: person.identities,
    }))
}
