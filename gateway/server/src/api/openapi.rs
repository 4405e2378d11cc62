//! The document that describes the API, apart from what stands with each handler.

mod sign_in;

use utoipa::{
    OpenApi as _,
    openapi::{
        Content, OpenApi, Ref, RefOr, Response, ResponseBuilder,
        path::{HttpMethod, OperationBuilder, PathItem},
        schema::ComponentsBuilder,
        security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    },
};

use super::objects;

/// Where the document is served.
pub(super) const PATH: &str = "/api/v1/openapi.json";

const COOKIE: &str = "session";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Gateway",
        description = "Lists are `{\"items\": […], \"next\": \"…\"}`; `next` is the `cursor` of the next page, null on the \
                       last. Errors are problem documents (RFC 9457). A call that changes something needs an `Origin` \
                       header equal to the gateway's public address.",
    ),
    components(schemas(objects::Problem))
)]
struct Head;

/// The document before any route is in it.
pub(super) fn begin() -> OpenApi {
    let mut document = Head::openapi();
    let components = document.components.take().unwrap_or_default();
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
        gateway_edge::SESSION_COOKIE,
        "The session that a sign-in opens.",
    ));
    let components = ComponentsBuilder::from(components)
        .security_scheme(COOKIE, SecurityScheme::ApiKey(cookie))
        .build();
    document.components = Some(components);
    document
}

/// Adds what is the same for every route of the admin's side, and the routes that others serve.
pub(super) fn finish(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), RefOr::T(problem()));
            let session = SecurityRequirement::new(COOKIE, [""; 0]);
            operation.security = Some(vec![session]);
        }
    }
    for (path, item) in sign_in::paths() {
        document.paths.paths.insert(path, item);
    }
    let operation = OperationBuilder::new()
        .tag("document")
        .operation_id(Some("get_document"))
        .summary(Some("This document."))
        .response("200", Response::new("This document."))
        .build();
    let item = PathItem::new(HttpMethod::Get, operation);
    document.paths.paths.insert(PATH.to_owned(), item);
    document
}

/// What every error looks like.
fn problem() -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description("What went wrong.")
        .content("application/problem+json", Content::new(Some(schema)))
        .build()
}
