//! One-time links. To open one changes nothing: mail scanners do it before people. To send its form uses it up.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use gateway_domain::{OneTimePurpose, Secret};
use gateway_edge::{PreSessionForm, RequestInfo, presented_session};
use gateway_identity::{
    Context, ServiceError,
    account::{self, Redemption},
    one_time::{self, LinkView},
    session_store,
};
use serde::Deserialize;
use tower_sessions::Session;

use super::password::agreed;
use crate::{
    errors::Errors,
    page::{Page, PageError},
    shell::Shell,
    visitor::Guest,
};

/// The fields beside which something can be told.
const FIELDS: [&str; 4] = ["email", "name", "password", "repeated"];

#[derive(Template)]
#[template(path = "pages/link.html")]
pub(crate) struct LinkPage {
    pub(crate) shell: Shell,
    pub(crate) errors: Errors,
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) button: &'static str,
    /// Where the form goes: the page's own address.
    pub(crate) action: String,
    /// Whose account it is, when there is one already.
    pub(crate) address: Option<String>,
    pub(crate) asks_email: bool,
    pub(crate) asks_password: bool,
    pub(crate) email: String,
    pub(crate) name: String,
}

#[derive(Template)]
#[template(path = "pages/link_dead.html")]
pub(crate) struct DeadLinkPage {
    pub(crate) shell: Shell,
}

#[derive(Default, Deserialize)]
struct FilledIn {
    email: Option<String>,
    name: Option<String>,
    password: Option<String>,
    repeated: Option<String>,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    // The same with a slash at its end: led to the sign-in page, its visitor would take the secret along.
    Router::new()
        .route("/admin/link/{token}", get(show).post(redeem))
        .route("/admin/link/{token}/", get(show).post(redeem))
}

async fn show(
    State(ctx): State<Context>,
    Path(token): Path<String>,
    guest: Guest,
) -> Result<Response, PageError> {
    let link = one_time::inspect(&ctx, &token).await?;
    Ok(answer(
        guest,
        StatusCode::OK,
        link,
        &token,
        Errors::default(),
        FilledIn::default(),
    ))
}

async fn redeem(
    State(ctx): State<Context>,
    Path(token): Path<String>,
    session: Session,
    info: RequestInfo,
    guest: Guest,
    // Not the form of somebody signed in, even of such: who must choose a new password first does so here.
    PreSessionForm(form): PreSessionForm<FilledIn>,
) -> Result<Response, PageError> {
    let done = async {
        let password = match &form.password {
            Some(password) => {
                let repeated = form.repeated.as_deref().unwrap_or_default();
                Some(agreed(password.clone(), repeated)?)
            }
            None => None,
        };
        let filled_in = redemption(&form, password.as_ref());
        let previous = presented_session(&session);
        account::redeem_link(&ctx, &token, filled_in, &info.origin, previous).await
    };
    let error = match done.await {
        Ok(opened) => {
            session_store::adopt(&session, &opened)
                .await
                .map_err(|error| ServiceError::Internal(error.to_string()))?;
            return Ok(Redirect::to("/admin").into_response());
        }
        Err(ServiceError::NotFound(_)) => {
            let nothing = FilledIn::default();
            return Ok(answer(
                guest,
                StatusCode::NOT_FOUND,
                None,
                &token,
                Errors::default(),
                nothing,
            ));
        }
        Err(error) => error,
    };
    let (status, errors) = Errors::told(error, &FIELDS)?;
    let link = one_time::inspect(&ctx, &token).await?;
    Ok(answer(guest, status, link, &token, errors, form))
}

fn redemption<'a>(form: &'a FilledIn, password: Option<&'a Secret>) -> Redemption<'a> {
    Redemption {
        password,
        email: form.email.as_deref(),
        name: form.name.as_deref(),
    }
}

fn answer(
    Guest { shell, ticket }: Guest,
    status: StatusCode,
    link: Option<LinkView>,
    token: &str,
    errors: Errors,
    form: FilledIn,
) -> Response {
    let Some(link) = link else {
        let page = Page(StatusCode::NOT_FOUND, DeadLinkPage { shell });
        return (ticket, page).into_response();
    };
    let action = format!("{}{token}", one_time::PATH);
    let page = LinkPage::new(shell, link, action, errors);
    let page = LinkPage {
        email: form.email.unwrap_or_default(),
        name: form.name.unwrap_or_default(),
        ..page
    };
    (ticket, Page(status, page)).into_response()
}

impl LinkPage {
    pub(crate) fn new(shell: Shell, link: LinkView, action: String, errors: Errors) -> Self {
        let (title, lead, button) = match link.purpose {
            OneTimePurpose::Invite => (
                "Welcome",
                "You are invited. Choose a password to sign in with.",
                "Set the password and sign in",
            ),
            OneTimePurpose::Reset => (
                "Choose a new password",
                "Your other sessions end when the password changes.",
                "Set the password and sign in",
            ),
            OneTimePurpose::Setup => (
                "Set up this gateway",
                "Make the first administrator. Everybody else is invited by them or comes through an identity provider.",
                "Create the administrator",
            ),
            OneTimePurpose::BreakGlass => (
                "Emergency sign-in",
                "For when the identity provider is out of order. The audit log keeps that this link was used.",
                "Sign in",
            ),
        };
        Self {
            shell,
            errors,
            title,
            lead,
            button,
            action,
            address: link.email,
            asks_email: link.purpose == OneTimePurpose::Setup,
            asks_password: link.purpose != OneTimePurpose::BreakGlass,
            email: String::new(),
            name: String::new(),
        }
    }
}
