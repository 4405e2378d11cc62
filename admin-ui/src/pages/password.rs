//! Changing one's own password, by choice or because one must.

use askama::Template;
use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use gateway_domain::Secret;
use gateway_identity::{Context, ServiceError, account};
use serde::Deserialize;

use crate::{
    errors::Errors,
    notice::Notice,
    page::{Page, PageError, done},
    shell::Shell,
    visitor::{Posted, Visitor},
};

/// What a new password must be like.
pub(crate) const RULE: &str = "At least 12 characters. A few words that belong together only for you are easier to keep than odd signs.";

/// The fields beside which something can be told.
const FIELDS: [&str; 3] = ["current", "password", "repeated"];

#[derive(Template)]
#[template(path = "pages/password.html")]
pub(crate) struct PasswordPage {
    pub(crate) shell: Shell,
    pub(crate) forced: bool,
    pub(crate) errors: Errors,
}

#[derive(Deserialize)]
struct Passwords {
    current: String,
    password: String,
    repeated: String,
}

pub(crate) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new().route("/admin/account/password", get(show).post(change))
}

/// Two fields for a new password, as one.
pub(crate) fn agreed(password: String, repeated: &str) -> Result<Secret, ServiceError> {
    if password != repeated {
        let sentence = "The two new passwords are not the same.";
        return Err(ServiceError::invalid("repeated", sentence));
    }
    Ok(Secret::new(password))
}

async fn show(visitor: Visitor) -> Result<Page<PasswordPage>, PageError> {
    if !visitor.session.user.sign_in.is_password() {
        return Err(PageError::not_found("page"));
    }
    Ok(page(visitor, StatusCode::OK, Errors::default()))
}

async fn change(
    State(ctx): State<Context>,
    Posted { visitor, form }: Posted<Passwords>,
) -> Result<Response, PageError> {
    let changed = async {
        let new = agreed(form.password, &form.repeated)?;
        let current = Secret::new(form.current);
        account::change_password(&ctx, &visitor.caller, &current, &new).await
    };
    match changed.await {
        Ok(()) => {
            let forced = visitor.session.must_change_password();
            let path = if forced { "/admin" } else { "/admin/account" };
            Ok(done(path, Notice::PasswordChanged))
        }
        Err(error) => {
            let (status, errors) = Errors::told(error, &FIELDS)?;
            Ok(page(visitor, status, errors).into_response())
        }
    }
}

fn page(visitor: Visitor, status: StatusCode, errors: Errors) -> Page<PasswordPage> {
    let page = PasswordPage {
        forced: visitor.session.must_change_password(),
        shell: visitor.shell,
        errors,
    };
    Page(status, page)
}
