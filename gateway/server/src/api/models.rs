//! `/api/v1/admin/models` and `/api/v1/admin/model-providers`

mod objects;

use axum::{
    Json,
    body::HttpBody as _,
    extract::{FromRequest, Request, State},
    response::Response,
};
use gateway_domain::access::Action;
use gateway_edge::Problem;
use gateway_identity::ServiceError;
use gateway_inference::{Plane, status};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    extract::{Body, Named, Reader, Writer},
    objects::List,
};
use objects::{Model, ModelProvider, TestResult};

/// What to test.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// A model as the provider names it; unless given, the first that a route names.
    upstream_model: Option<String>,
}

impl<S: Send + Sync> FromRequest<S> for Test {
    type Rejection = Response;

    /// Without a body all is as usual.
    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        if request.body().is_end_stream() {
            return Ok(Self::default());
        }
        let Body(test) = Body::from_request(request, state).await?;
        Ok(test)
    }
}

/// The models that can be called, in the file's order. Their routes are for those who may see the model providers.
#[utoipa::path(get, path = "/api/v1/admin/models", tag = "models", operation_id = "list_models",
    responses((status = 200, body = List<Model>)))]
pub(super) async fn list(
    Reader { caller, .. }: Reader,
    State(plane): State<Plane>,
) -> Result<Json<List<Model>>, Problem> {
    let sees_routes = caller.require(Action::ReadProviders).is_ok();
    let models = status::models(&plane, &caller)?.into_iter();
    let models = models.map(|model| Model::of(model, sees_routes));
    Ok(Json(List::whole(models.collect())))
}

/// The model providers, in the file's order.
#[utoipa::path(get, path = "/api/v1/admin/model-providers", tag = "models",
    operation_id = "list_model_providers",
    responses((status = 200, body = List<ModelProvider>)))]
pub(super) async fn providers(
    Reader { caller, .. }: Reader,
    State(plane): State<Plane>,
) -> Result<Json<List<ModelProvider>>, Problem> {
    let providers = status::providers(&plane, &caller)?.into_iter();
    Ok(Json(List::whole(providers.map(Into::into).collect())))
}

/// A model provider.
#[utoipa::path(get, path = "/api/v1/admin/model-providers/{id}", tag = "models",
    operation_id = "get_model_provider",
    params(("id" = String, Path)), responses((status = 200, body = ModelProvider)))]
pub(super) async fn provider(
    Reader { caller, .. }: Reader,
    State(plane): State<Plane>,
    Named(id): Named<String>,
) -> Result<Json<ModelProvider>, Problem> {
    let mut providers = status::providers(&plane, &caller)?.into_iter();
    let found = providers.find(|provider| provider.id == id);
    let found = found.ok_or(ServiceError::NotFound("model provider"))?;
    Ok(Json(found.into()))
}

/// Sends one short call to a model provider, which is paid for like any other. A provider that refuses is told with
/// status 200 and `ok: false`.
#[utoipa::path(post, path = "/api/v1/admin/model-providers/{id}/test", tag = "models",
    operation_id = "test_model_provider",
    params(("id" = String, Path)), request_body = Option<Test>,
    responses((status = 200, body = TestResult)))]
pub(super) async fn test(
    Writer { caller, .. }: Writer,
    State(plane): State<Plane>,
    Named(id): Named<String>,
    test: Test,
) -> Result<Json<TestResult>, Problem> {
    let model = test.upstream_model.as_deref();
    let result = status::test_call(&plane, &caller, &id, model).await?;
    Ok(Json(result.into()))
}
