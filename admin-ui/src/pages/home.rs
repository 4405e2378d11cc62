//! The first page: who one is here, and for those who look after the gateway what is going on.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, State},
    routing::get,
};
use chrono::{Days, NaiveTime};
use gateway_domain::{KeyOwner, Membership, User, UserId, UserStatus, access::Action, audit};
use gateway_identity::{
    Caller, Context, Paging, ServiceError,
    api_keys::{self, KeyFilter, KeyState},
    audit_service, people, providers, session_service,
};
use gateway_ledger::{
    requests::{self, RequestView, StatusFilter},
    usage::{self, UsageRow},
};

use super::{providers::ProviderView, usage::total};
use crate::{
    entry::EntryView,
    page::{Page, PageError},
    shell::Shell,
    view::{Amount as _, Label as _, Moment as _},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "pages/home.html")]
pub(crate) struct HomePage {
    pub(crate) shell: Shell,
    pub(crate) user: User,
    pub(crate) teams: Vec<Membership>,
    pub(crate) sessions: String,
    /// What a newcomer does next.
    pub(crate) step: Option<Step>,
    /// What the person used in the last 30 days.
    pub(crate) own: UsageRow,
    pub(crate) overview: Option<Overview>,
}

/// What a newcomer does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is no working key yet.
    MakeKey,
    /// No key was used yet.
    Connect,
}

/// How today went so far, in UTC.
pub(crate) struct Today {
    pub(crate) usage: UsageRow,
    /// The latest requests that failed, and how many did.
    pub(crate) failed: Vec<RequestView>,
    pub(crate) failures: String,
}

/// What those who look after the gateway see besides.
pub(crate) struct Overview {
    pub(crate) today: Today,
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
    let own_id = session.user.id;
    Ok(Page::ok(HomePage {
        step: step(&ctx, &caller, own_id).await?,
        own: used(&ctx, &caller, Some(KeyOwner::User(own_id)), 30).await?,
        shell,
        user: session.user.clone(),
        teams: session.teams.clone(),
        sessions: format!("{}{more}", own.items.len()),
        overview,
    }))
}

async fn step(ctx: &Context, caller: &Caller, own: UserId) -> Result<Option<Step>, ServiceError> {
    let filter = KeyFilter {
        owner: Some(KeyOwner::User(own)),
        ..KeyFilter::default()
    };
    let keys = api_keys::list(ctx, caller, &filter, &Paging::default()).await?;
    let works = |state| state == KeyState::Active;
    if keys
        .items
        .iter()
        .any(|info| info.key.last_used_at.is_some())
    {
        return Ok(None);
    }
    let has_key = keys.items.iter().any(|info| works(info.state));
    Ok(Some(if has_key {
        Step::Connect
    } else {
        Step::MakeKey
    }))
}

/// The sums of the last days, today included.
async fn used(
    ctx: &Context,
    caller: &Caller,
    owner: Option<KeyOwner>,
    days: u64,
) -> Result<UsageRow, ServiceError> {
    let to = ctx.now().date_naive();
    let filter = usage::Filter {
        from: to.checked_sub_days(Days::new(days - 1)).unwrap_or(to),
        to,
        owner,
        team: None,
        model: None,
    };
    Ok(total(&usage::summary(ctx, caller, &filter, &[]).await?))
}

async fn today(ctx: &Context, caller: &Caller) -> Result<Today, ServiceError> {
    const SHOWN: usize = 5;
    let midnight = ctx.now().date_naive().and_time(NaiveTime::MIN).and_utc();
    let filter = requests::Filter {
        from: Some(midnight),
        status: Some(StatusFilter::Failed),
        ..requests::Filter::default()
    };
    let latest = Paging {
        cursor: None,
        limit: Some(200),
    };
    let failed = requests::list(ctx, caller, &filter, &latest).await?;
    let more = if failed.next.is_some() { "+" } else { "" };
    Ok(Today {
        usage: used(ctx, caller, None, 1).await?,
        failures: format!("{}{more}", failed.items.len()),
        failed: failed.items.into_iter().take(SHOWN).collect(),
    })
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
        today: today(ctx, caller).await?,
        people: people.collect(),
        providers: statuses.into_iter().map(ProviderView::from).collect(),
        failures: failures.items.into_iter().map(EntryView::from).collect(),
    })
}
