//! `/api/v1/admin/api-keys`

mod objects;

use axum::Json;
use gateway_domain::ApiKeyId;
use gateway_edge::Problem;
use gateway_identity::api_keys::{self, Change, KeyFilter, NewKey, OwnerRef};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

pub(super) use objects::owner;
use objects::{Key, KeyChange, NewApiKey, NewSecret, Rotation};

use super::{
    extract::{Body, Named, PageParams, Params, Reader, Writer, given},
    objects::List,
};

/// Which keys to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct KeyParams {
    /// Whose: `me`, an e-mail address, a service account's key, or the id of either.
    owner: Option<String>,
    /// The key of a team whose service accounts and people own them.
    team: Option<String>,
}

/// The keys, newest first. Those who may not see all of them get their own, and those of the teams that they manage.
#[utoipa::path(get, path = "/api/v1/admin/api-keys", tag = "keys", operation_id = "list_api_keys",
    params(KeyParams, PageParams), responses((status = 200, body = List<Key>)))]
pub(super) async fn list(
    Reader { ctx, caller }: Reader,
    Params(params): Params<KeyParams>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Key>>, Problem> {
    let owner = match given(params.owner) {
        Some(text) => Some(api_keys::find_owner(&ctx, &caller, &owner(text)).await?),
        None => None,
    };
    let filter = KeyFilter {
        owner,
        team: given(params.team),
        ..KeyFilter::default()
    };
    let page = api_keys::list(&ctx, &caller, &filter, &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// Makes a key. `key` is shown this once.
#[utoipa::path(post, path = "/api/v1/admin/api-keys", tag = "keys", operation_id = "create_api_key",
    request_body = NewApiKey, responses((status = 201, body = NewSecret)))]
pub(super) async fn create(
    Writer { ctx, caller }: Writer,
    Body(new): Body<NewApiKey>,
) -> Result<(StatusCode, Json<NewSecret>), Problem> {
    let new = NewKey {
        owner: new.owner.unwrap_or(OwnerRef::Me),
        name: new.name,
        models: new.models,
        expires_at: new.expires_at,
    };
    let made = api_keys::create(&ctx, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// A key.
#[utoipa::path(get, path = "/api/v1/admin/api-keys/{id}", tag = "keys", operation_id = "get_api_key",
    params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Key)))]
pub(super) async fn get(
    Reader { ctx, caller }: Reader,
    Named(id): Named<ApiKeyId>,
) -> Result<Json<Key>, Problem> {
    Ok(Json(api_keys::get(&ctx, &caller, id).await?.into()))
}

/// Changes a key: name, models, expiry. In force with the next call.
#[utoipa::path(patch, path = "/api/v1/admin/api-keys/{id}", tag = "keys", operation_id = "change_api_key",
    params(("id" = uuid::Uuid, Path)), request_body = KeyChange, responses((status = 200, body = Key)))]
pub(super) async fn change(
    Writer { ctx, caller }: Writer,
    Named(id): Named<ApiKeyId>,
    Body(change): Body<KeyChange>,
) -> Result<Json<Key>, Problem> {
    let change = Change {
        name: change.name,
        models: change.models,
        expires_at: change.expires_at,
    };
    let key = api_keys::change(&ctx, &caller, id, change).await?;
    Ok(Json(key.into()))
}

/// Gives a key another secret, shown this once as `key`. The old one works on for the overlap.
#[utoipa::path(post, path = "/api/v1/admin/api-keys/{id}/rotate", tag = "keys", operation_id = "rotate_api_key",
    params(("id" = uuid::Uuid, Path)), request_body(content = Option<Rotation>),
    responses((status = 200, body = NewSecret)))]
pub(super) async fn rotate(
    Writer { ctx, caller }: Writer,
    Named(id): Named<ApiKeyId>,
    rotation: Rotation,
) -> Result<Json<NewSecret>, Problem> {
    let overlap = rotation.overlap()?;
    let rotated = api_keys::rotate(&ctx, &caller, id, overlap).await?;
    Ok(Json(rotated.into()))
}

/// Revokes a key, at once and for good.
#[utoipa::path(delete, path = "/api/v1/admin/api-keys/{id}", tag = "keys", operation_id = "revoke_api_key",
    params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(super) async fn revoke(
    Writer { ctx, caller }: Writer,
    Named(id): Named<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    api_keys::revoke(&ctx, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
