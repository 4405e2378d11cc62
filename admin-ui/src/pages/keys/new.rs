//! Making a key, and the one page that shows it.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use gateway_domain::{
    ApiKeySecret, KeyOwner, ServiceAccountId,
    access::{Action, Forbidden},
};
use gateway_identity::{
    Caller, Context, Paging, ServiceError,
    api_keys::{self, KeyFilter, KeyInfo, KeyState, NewKey, OwnerRef},
};
use gateway_inference::{Plane, status};
use serde::Deserialize;

use super::choices::{self, DAYS, Expiry, KeyForm, ModelChoice};
use crate::{
    errors::Errors,
    page::{Page, PageError},
    pages::{connect::curl, service_accounts},
    shell::Shell,
    view::{Label as _, Moment as _},
    visitor::{Posted, Visitor},
};

/// The fields beside which something can be told.
const FIELDS: [&str; 6] = ["name", "owner", "email", "models", "expiry", "date"];

#[derive(Template)]
#[template(path = "pages/key_new.html")]
pub(crate) struct NewKeyPage {
    pub(crate) shell: Shell,
    /// The service accounts that the person may make keys for.
    pub(crate) owners: Vec<OwnerChoice>,
    /// Whether the person may make keys for other people.
    pub(crate) for_people: bool,
    pub(crate) models: Vec<ModelChoice>,
    pub(crate) form: KeyForm,
    pub(crate) errors: Errors,
}

/// A service account to choose.
pub(crate) struct OwnerChoice {
    pub(crate) id: String,
    pub(crate) label: String,
}

#[derive(Template)]
#[template(path = "pages/key_shown.html")]
pub(crate) struct KeyShownPage {
    pub(crate) shell: Shell,
    pub(crate) title: &'static str,
    pub(crate) info: KeyInfo,
    /// The key itself. This page is the one place where it can be read.
    pub(crate) secret: String,
    /// Until when the secret before works, where there was one.
    pub(crate) overlap: Option<String>,
    /// A line to try it with.
    pub(crate) curl: String,
    /// Whether it is the person's own.
    pub(crate) is_own: bool,
}

/// For whom the form is opened.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct For {
    owner: String,
}

pub(super) async fn show(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    visitor: Visitor,
    Query(asked): Query<For>,
) -> Result<Page<NewKeyPage>, PageError> {
    let form = KeyForm::fresh(asked.owner);
    let page = page(&ctx, &plane, visitor, form, Errors::default()).await?;
    Ok(Page::ok(page))
}

pub(super) async fn create(
    State(ctx): State<Context>,
    State(plane): State<Plane>,
    Posted { visitor, form }: Posted<KeyForm>,
) -> Result<Response, PageError> {
    match made(&ctx, &visitor, &form).await {
        Ok((info, secret)) => {
            let shown = shown(&ctx, &plane, visitor, info, &secret, None)?;
            Ok(Page(StatusCode::CREATED, shown).into_response())
        }
        Err(error) => {
            let (status, errors) = Errors::told(error, &FIELDS)?;
            let page = page(&ctx, &plane, visitor, form, errors).await?;
            Ok(Page(status, page).into_response())
        }
    }
}

async fn made(
    ctx: &Context,
    visitor: &Visitor,
    form: &KeyForm,
) -> Result<(KeyInfo, ApiKeySecret), ServiceError> {
    let (owner, known) = owner(visitor, form)?;
    let new = NewKey {
        owner,
        name: form.name.trim().to_owned(),
        models: form.models()?,
        expires_at: match form.expiry(ctx.now())? {
            Expiry::At(at) => Some(at),
            Expiry::Never | Expiry::AsItIs => None,
        },
    };
    if let Some(known) = known {
        refuse_twin(ctx, &visitor.caller, known, &new.name).await?;
    }
    api_keys::create(ctx, &visitor.caller, new).await
}

/// Who the key is for, and the same as an owner where the form names one by id.
fn owner(visitor: &Visitor, form: &KeyForm) -> Result<(OwnerRef, Option<KeyOwner>), ServiceError> {
    match form.owner.as_str() {
        "" => {
            let own = KeyOwner::User(visitor.session.user.id);
            Ok((OwnerRef::Me, Some(own)))
        }
        "person" if !visitor.shell.manages_people() => Err(Forbidden.into()),
        "person" => match form.email.trim() {
            "" => Err(ServiceError::invalid("email", "Enter an e-mail address.")),
            email => Ok((OwnerRef::Named(email.to_owned()), None)),
        },
        id => {
            let id: ServiceAccountId = id
                .parse()
                .map_err(|_| ServiceError::invalid("", "There is no such owner to choose."))?;
            let owner = KeyOwner::ServiceAccount(id);
            Ok((OwnerRef::Owner(owner), Some(owner)))
        }
    }
}

/// A form that is sent twice shows the second answer, which would hide the first key for good. So the second finds the
/// first by its name, and makes nothing.
async fn refuse_twin(
    ctx: &Context,
    caller: &Caller,
    owner: KeyOwner,
    name: &str,
) -> Result<(), ServiceError> {
    let filter = KeyFilter {
        owner: Some(owner),
        ..KeyFilter::default()
    };
    let newest = Paging {
        cursor: None,
        limit: Some(200),
    };
    let keys = api_keys::list(ctx, caller, &filter, &newest).await?;
    let is_twin = |info: &KeyInfo| info.key.name == name && info.state == KeyState::Active;
    if keys.items.iter().any(is_twin) {
        let sentence = "There is a working key of this name. If you sent this form twice, it was made and shown the \
                        first time: rotate it on its page to see a new secret. Otherwise choose another name.";
        return Err(ServiceError::invalid("name", sentence));
    }
    Ok(())
}

/// The page with the key itself.
pub(super) fn shown(
    ctx: &Context,
    plane: &Plane,
    visitor: Visitor,
    info: KeyInfo,
    secret: &ApiKeySecret,
    overlap: Option<String>,
) -> Result<KeyShownPage, ServiceError> {
    let models = status::models(plane, &visitor.caller)?;
    let allowed = |id: &String| match &info.key.models {
        Some(allowed) => allowed.contains(id),
        None => true,
    };
    let mut ids = models.into_iter().map(|model| model.id);
    let model = ids.find(allowed);
    let live = ctx.live();
    let base = &live.config.server.public_base_url;
    Ok(KeyShownPage {
        title: if overlap.is_some() {
            "The new secret"
        } else {
            "The new key"
        },
        secret: secret.expose().to_owned(),
        curl: curl(&base.to_string(), model.as_deref()),
        is_own: info.key.owner == KeyOwner::User(visitor.session.user.id),
        overlap,
        info,
        shell: visitor.shell,
    })
}

async fn page(
    ctx: &Context,
    plane: &Plane,
    visitor: Visitor,
    form: KeyForm,
    errors: Errors,
) -> Result<NewKeyPage, PageError> {
    let Visitor { caller, shell, .. } = visitor;
    let may_run = |team| shell.may(Action::ManageServiceAccounts(team));
    let accounts = if shell.manages_some_team() || shell.manages_people() {
        service_accounts::every(ctx, &caller).await?
    } else {
        Vec::new()
    };
    let accounts = accounts
        .into_iter()
        .filter(|account| may_run(account.team_id));
    let owners = accounts.map(|account| OwnerChoice {
        id: account.id.to_string(),
        label: format!("{} ({})", account.name, account.team_name),
    });
    Ok(NewKeyPage {
        owners: owners.collect(),
        for_people: shell.manages_people(),
        models: choices::models(plane, &caller, &form.models)?,
        form,
        errors,
        shell,
    })
}
