//! The first page: who one is here, and for those who look after the gateway what is going on.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, State},
    routing::get,
};
use gateway_domain::{Membership, User, UserStatus, access::Action, audit};
use gateway_identity::{
    Caller, Context, Paging, ServiceError, audit_service, people, providers, session_service,
};

use super::providers::ProviderView;
use crate::{
    entry::EntryView,
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "pages/home.html")]
pub(crate) struct HomePage {
    pub(crate) shell: Shell,
    pub(crate) user: User,
    pub(crate) teams: Vec<Membership>,
    pub(crate) sessions: String,
    pub(crate) overview: Option<Overview>,
}

/// What those who look after the gateway see besides.
pub(crate) struct Overview {
    pub(crate) people: Vec<(UserStatus, i64)>,
    pub(crate) providers: Vec<ProviderView>,
    pub(crate) failures: Vec<EntryView>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new().route("/admin", get(show))
}

async fn show(State(ctx): State<Context>, visitor: Visitor) -> Result<Page<HomePage>, PageError> {
    let Visitor {
        caller,
        session,
        shell,
    } = visitor;
    let own = session_service::list_own(&ctx, &caller, &Paging::default()).await?;
    let more = if own.next.is_some() { "+" } else { "" };
    let overview = if shell.may(Action::ListPeople { team: None }) {
        Some(overview(&ctx, &caller).await?)
    } else {
        None
    };
    Ok(Page::ok(HomePage {
        shell,
        user: session.user.clone(),
        teams: session.teams.clone(),
        sessions: format!("{}{more}", own.items.len()),
        overview,
    }))
}

async fn overview(ctx: &Context, caller: &Caller) -> Result<Overview, ServiceError> {
    let refused = audit_service::Filter {
        action: Some(audit::Action::SignInFailed.as_str().to_owned()),
        ..audit_service::Filter::default()
    };
    let latest = Paging {
        cursor: None,
        limit: Some(5),
    };
    let failures = audit_service::list(ctx, caller, &refused, &latest).await?;
    let counted = people::count_by_status(ctx, caller).await?;
    let count = |status| counted.iter().find(|(of, _)| *of == status);
    let people = UserStatus::ALL
        .iter()
        .map(|&status| (status, count(status).map_or(0, |(_, count)| *count)));
    let statuses = providers::statuses(ctx, caller).await?;
    Ok(Overview {
        people: people.collect(),
        providers: statuses.into_iter().map(ProviderView::from).collect(),
        failures: failures.items.into_iter().map(EntryView::from).collect(),
    })
}
