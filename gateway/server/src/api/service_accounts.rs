//! `/api/v1/admin/service-accounts`

use axum::Json;
use chrono::{DateTime, Utc};
use gateway_domain::{ManagedBy, ServiceAccountStatus};
use gateway_edge::Problem;
use gateway_identity::service_accounts::{self, Change};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Body, Named, PageParams, Params, Reader, Writer, given},
    objects::{self, List},
};

/// Which service accounts to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ServiceAccountParams {
    /// The key of a team that they belong to.
    team: Option<String>,
}

/// A service account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewServiceAccount {
    /// Its name in addresses and commands, for good.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,62}$")]
    key: String,
    /// Its name for people; unless given, the key.
    name: Option<String>,
    /// The key of the team that it belongs to.
    team: String,
}

/// What to change of a service account; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceAccountChange {
    name: Option<String>,
    /// While it is `disabled`, its keys do not work.
    #[schema(schema_with = objects::service_account_status, required = false)]
    status: Option<ServiceAccountStatus>,
}

/// A program that calls models in a team's name.
#[derive(Serialize, ToSchema)]
pub(super) struct ServiceAccount {
    id: Uuid,
    key: String,
    name: String,
    /// The team's key.
    team: String,
    #[schema(schema_with = objects::service_account_status)]
    status: ServiceAccountStatus,
    /// Who owns the record: what the configuration file declares is read-only here.
    #[schema(schema_with = objects::managed_by)]
    managed_by: ManagedBy,
    created_at: DateTime<Utc>,
}

impl From<gateway_domain::ServiceAccount> for ServiceAccount {
    fn from(account: gateway_domain::ServiceAccount) -> Self {
        Self {
            id: account.id.uuid(),
            key: account.key,
            name: account.name,
            team: account.team_key,
            status: account.status,
            managed_by: account.managed_by,
            created_at: account.created_at,
        }
    }
}

/// The service accounts that the caller may see, by key.
#[utoipa::path(get, path = "/api/v1/admin/service-accounts", tag = "service accounts",
    operation_id = "list_service_accounts",
    params(ServiceAccountParams, PageParams), responses((status = 200, body = List<ServiceAccount>)))]
pub(super) async fn list(
    Reader { ctx, caller }: Reader,
    Params(params): Params<ServiceAccountParams>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<ServiceAccount>>, Problem> {
    let team = given(params.team);
    let page = service_accounts::list(&ctx, &caller, team.as_deref(), &page.paging()?).await?;
    Ok(Json(List::of(page)))
}

/// Makes a service account.
#[utoipa::path(post, path = "/api/v1/admin/service-accounts", tag = "service accounts",
    operation_id = "create_service_account",
    request_body = NewServiceAccount, responses((status = 201, body = ServiceAccount)))]
pub(super) async fn create(
    Writer { ctx, caller }: Writer,
    Body(new): Body<NewServiceAccount>,
) -> Result<(StatusCode, Json<ServiceAccount>), Problem> {
    let name = new.name.as_deref().unwrap_or(&new.key);
    let account = service_accounts::create(&ctx, &caller, &new.key, name, &new.team).await?;
    Ok((StatusCode::CREATED, Json(account.into())))
}

/// A service account.
#[utoipa::path(get, path = "/api/v1/admin/service-accounts/{key}", tag = "service accounts",
    operation_id = "get_service_account",
    params(("key" = String, Path)), responses((status = 200, body = ServiceAccount)))]
pub(super) async fn get(
    Reader { ctx, caller }: Reader,
    Named(key): Named<String>,
) -> Result<Json<ServiceAccount>, Problem> {
    let account = service_accounts::get(&ctx, &caller, &key).await?;
    Ok(Json(account.into()))
}

/// Renames, disables or enables a service account.
#[utoipa::path(patch, path = "/api/v1/admin/service-accounts/{key}", tag = "service accounts",
    operation_id = "change_service_account",
    params(("key" = String, Path)), request_body = ServiceAccountChange,
    responses((status = 200, body = ServiceAccount)))]
pub(super) async fn change(
    Writer { ctx, caller }: Writer,
    Named(key): Named<String>,
    Body(change): Body<ServiceAccountChange>,
) -> Result<Json<ServiceAccount>, Problem> {
    let change = Change {
        name: change.name,
        status: change.status,
    };
    let account = service_accounts::change(&ctx, &caller, &key, change).await?;
    Ok(Json(account.into()))
}

/// Deletes a service account and its keys. What they spent stays in the ledger.
#[utoipa::path(delete, path = "/api/v1/admin/service-accounts/{key}", tag = "service accounts",
    operation_id = "delete_service_account",
    params(("key" = String, Path)), responses((status = 204)))]
pub(super) async fn delete(
    Writer { ctx, caller }: Writer,
    Named(key): Named<String>,
) -> Result<StatusCode, Problem> {
    service_accounts::delete(&ctx, &caller, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
