//! One key: what it may do, and changing, rotating and revoking it.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use gateway_domain::{ApiKeyId, KeyOwner};
use gateway_identity::{
    Context, ServiceError,
    api_keys::{self, Change, KeyInfo, KeyState},
};
use gateway_inference::Plane;
use serde::Deserialize;

use super::{
    choices::{self, DAYS, Expiry, KeyForm, ModelChoice},
    new, path_of,
};
use crate::{
    errors::Errors,
    notice::Notice,
    page::{Page, PageError, done},
    pages::sessions::Nothing,
    shell::Shell,
    view::{Label as _, Moment as _, duration},
    visitor::{Posted, Visitor},
};

/// The fields beside which something can be told.
const FIELDS: [&str; 4] = ["name", "models", "expiry", "date"];

/// How long the secret before may go on working: seconds, and what the form calls it.
const OVERLAPS: [(&str, u64, &str); 4] = [
    ("0", 0, "Stops at once"),
    ("3600", 3600, "Works for another hour"),
    ("86400", 86_400, "Works for another day"),
    ("604800", 604_800, "Works for another week"),
];

#[derive(Template)]
#[template(path = "pages/key.html")]
pub(crate) struct KeyPage {
    pub(crate) shell: Shell,
    pub(crate) info: KeyInfo,
    pub(crate) is_own: bool,
    pub(crate) models: Vec<ModelChoice>,
    pub(crate) form: KeyForm,
    pub(crate) errors: Errors,
}

impl KeyPage {
    /// Whether the one who looks may change it, and there is anything left to change.
    pub(crate) fn is_changeable(&self) -> bool {
        self.info.may_change && self.info.state != KeyState::Revoked
    }

    /// The expiry it has, as the form offers to keep it.
    pub(crate) fn kept(&self) -> String {
        match self.info.key.expires_at {
            Some(at) => format!("As it is: until {}", at.utc()),
            None => "As it is: until it is revoked".to_owned(),
        }
    }
}

/// Another secret, in the place of the one that begins so.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Rotation {
    overlap: String,
    prefix: String,
}

pub(super) async fn show(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    visitor: Visitor,
    Path(id): Path<ApiKeyId>,
) -> Result<Page<KeyPage>, PageError> {
    page(&ctx, &plane, visitor, id, None, Errors::default())
        .await
        .map(Page::ok)
}

pub(super) async fn change(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    Path(id): Path<ApiKeyId>,
    Posted { visitor, form }: Posted<KeyForm>,
) -> Result<Response, PageError> {
    let changed = async {
        let change = Change {
            name: Some(form.name.trim().to_owned()),
            models: Some(form.models()?),
            expires_at: match form.expiry(ctx.now())? {
                Expiry::AsItIs => None,
                Expiry::Never => Some(None),
                Expiry::At(at) => Some(Some(at)),
            },
        };
        api_keys::change(&ctx, &visitor.caller, id, change).await
    };
    match changed.await {
        Ok(_) => Ok(done(&path_of(id), Notice::KeySaved)),
        Err(error) => refused(&ctx, &plane, visitor, id, Some(form), error).await,
    }
}

pub(super) async fn rotate(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    Path(id): Path<ApiKeyId>,
    Posted { visitor, form }: Posted<Rotation>,
) -> Result<Response, PageError> {
    let found = OVERLAPS.iter().find(|(value, ..)| *value == form.overlap);
    let rotated = async {
        let (_, seconds, _) =
            found.ok_or_else(|| ServiceError::invalid("overlap", "Choose one of these."))?;
        let overlap = Duration::from_secs(*seconds);
        refuse_second(&ctx, &visitor, id, &form.prefix).await?;
        let (info, secret) = api_keys::rotate(&ctx, &visitor.caller, id, overlap).await?;
        Ok((info, secret, overlap))
    };
    match rotated.await {
        Ok((info, secret, overlap)) => {
            let overlap = match overlap.as_secs() {
                0 => "The secret before stopped working.".to_owned(),
                _ => format!(
                    "The secret before works for {} more; exchange it everywhere until then.",
                    duration(overlap)
                ),
            };
            let shown = new::shown(&ctx, &plane, visitor, info, &secret, Some(overlap))?;
            Ok(Page(StatusCode::CREATED, shown).into_response())
        }
        Err(error) => refused(&ctx, &plane, visitor, id, None, error).await,
    }
}

/// A form that is sent twice would end the secret that is in use, so the second does nothing.
async fn refuse_second(
    ctx: &Context,
    visitor: &Visitor,
    id: ApiKeyId,
    prefix: &str,
) -> Result<(), ServiceError> {
    let info = api_keys::get(ctx, &visitor.caller, id).await?;
    if info.key.prefix == prefix {
        return Ok(());
    }
    let sentence = "This key has another secret since the page was opened, and nothing more was done. If you did not see \
                    the new secret, rotate once more from here.";
    Err(ServiceError::conflict("rotated", sentence))
}

pub(super) async fn revoke(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    Path(id): Path<ApiKeyId>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    match api_keys::revoke(&ctx, &visitor.caller, id).await {
        Ok(()) => Ok(done(&path_of(id), Notice::KeyRevoked)),
        Err(error) => refused(&ctx, &plane, visitor, id, None, error).await,
    }
}

/// The page again, saying what was wrong.
async fn refused(
    ctx: &Context,
    plane: &Plane,
    visitor: Visitor,
    id: ApiKeyId,
    form: Option<KeyForm>,
    error: ServiceError,
) -> Result<Response, PageError> {
    let shown: &[&'static str] = if form.is_some() { &FIELDS } else { &[] };
    let (status, errors) = Errors::told(error, shown)?;
    let page = page(ctx, plane, visitor, id, form, errors).await?;
    Ok(Page(status, page).into_response())
}

async fn page(
    ctx: &Context,
    plane: &Plane,
    visitor: Visitor,
    id: ApiKeyId,
    form: Option<KeyForm>,
    errors: Errors,
) -> Result<KeyPage, PageError> {
    let info = api_keys::get(ctx, &visitor.caller, id).await?;
    let form = form.unwrap_or_else(|| KeyForm {
        name: info.key.name.clone(),
        some: info.key.models.is_some(),
        models: info.key.models.clone().unwrap_or_default(),
        expiry: "keep".to_owned(),
        ..KeyForm::default()
    });
    Ok(KeyPage {
        models: choices::models(plane, &visitor.caller, &form.models)?,
        is_own: info.key.owner == KeyOwner::User(visitor.session.user.id),
        shell: visitor.shell,
        info,
        form,
        errors,
    })
}
