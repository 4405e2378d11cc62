//! The routes of signing in and out. They are redirects between the browser, the gateway and the provider; programs have
//! little use for most of them.

use utoipa::openapi::{
    Content, PathItem, Required, Response,
    path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    schema::{ObjectBuilder, Type},
};

use super::problem;

struct Route {
    path: &'static str,
    method: HttpMethod,
    id: &'static str,
    summary: &'static str,
    /// Whether it is required, and its name.
    query: &'static [(bool, &'static str)],
    /// The media type and the fields of what is sent.
    body: Option<(&'static str, &'static [&'static str])>,
    answers: &'static [(&'static str, &'static str)],
}

const START: &[(bool, &str)] = &[
    (true, "provider_key"),
    (false, "redirect_to"),
    (false, "login_hint"),
];
const CALLBACK: &[(bool, &str)] = &[
    (true, "state"),
    (false, "code"),
    (false, "iss"),
    (false, "error"),
    (false, "error_description"),
];
const TO_PROVIDER: &[(&str, &str)] = &[
    (
        "303",
        "To the provider, or to the sign-in page with an error.",
    ),
    ("429", "Too many attempts."),
];
const BACK: &[(&str, &str)] = &[(
    "303",
    "Back to where the sign-in was asked for, with a session; or to `/admin/login?sso_error=CODE`.",
)];

const ROUTES: &[Route] = &[
    get(
        "/api/v1/auth/oidc/providers",
        "list_oidc_providers",
        "The OIDC providers to sign in with.",
        &[],
        PROVIDERS,
    ),
    get(
        "/api/v1/auth/oauth/providers",
        "list_oauth_providers",
        "The OAuth providers to sign in with.",
        &[],
        PROVIDERS,
    ),
    get(
        "/api/v1/auth/oidc/start",
        "start_oidc",
        "Begins a sign-in through an OIDC provider.",
        START,
        TO_PROVIDER,
    ),
    get(
        "/api/v1/auth/oidc/callback",
        "finish_oidc",
        "Ends a sign-in through an OIDC provider.",
        CALLBACK,
        BACK,
    ),
    get(
        "/api/v1/auth/oidc/callback/{provider_key}",
        "finish_oidc_of_provider",
        "The same, for one provider.",
        CALLBACK,
        BACK,
    ),
    get(
        "/api/v1/auth/oauth/start",
        "start_oauth",
        "Begins a sign-in through an OAuth provider.",
        START,
        TO_PROVIDER,
    ),
    get(
        "/api/v1/auth/oauth/callback/github",
        "finish_github",
        "Ends a sign-in through GitHub.",
        CALLBACK,
        BACK,
    ),
    get(
        "/api/v1/auth/oauth/callback/{provider_key}",
        "finish_oauth",
        "Ends a sign-in through an OAuth provider.",
        CALLBACK,
        BACK,
    ),
    get(
        "/api/v1/auth/session",
        "get_session",
        "Who is signed in, if anybody is. Always 200.",
        &[],
        SESSION,
    ),
    Route {
        path: "/api/v1/auth/login/password",
        method: HttpMethod::Post,
        id: "sign_in_by_password",
        summary: "Signs in by password. Needs our `Origin`.",
        query: &[],
        body: Some(("application/json", &["email", "password"])),
        answers: &[
            ("200", "Signed in; sets the session's cookie."),
            ("401", "Not signed in, whatever the cause."),
            ("429", "Too many attempts."),
        ],
    },
    Route {
        path: "/api/v1/auth/logout",
        method: HttpMethod::Post,
        id: "sign_out",
        summary: "Ends this session, if there is one. Needs our `Origin`.",
        query: &[],
        body: None,
        answers: &[(
            "200",
            "Signed out. `redirect_to`: where the provider signs out as well, or null.",
        )],
    },
];

const PROVIDERS: &[(&str, &str)] = &[(
    "200",
    "`{\"providers\": [{\"key\", \"label\", \"start_url\"}]}`",
)];
const SESSION: &[(&str, &str)] = &[(
    "200",
    "`{\"authenticated\": false}`, or `true` with `user` and `session`.",
)];

const fn get(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    query: &'static [(bool, &'static str)],
    answers: &'static [(&'static str, &'static str)],
) -> Route {
    Route {
        path,
        method: HttpMethod::Get,
        id,
        summary,
        query,
        body: None,
        answers,
    }
}

/// Their descriptions, by path.
pub(super) fn paths() -> impl Iterator<Item = (String, PathItem)> {
    ROUTES.iter().map(|route| {
        let item = PathItem::new(route.method.clone(), operation(route));
        (route.path.to_owned(), item)
    })
}

fn operation(route: &Route) -> Operation {
    let mut operation = OperationBuilder::new()
        .tag("sign-in")
        .operation_id(Some(route.id))
        .summary(Some(route.summary))
        .response("default", problem());
    if route.path.ends_with("{provider_key}") {
        operation = operation.parameter(parameter("provider_key", ParameterIn::Path, true));
    }
    for (required, name) in route.query {
        operation = operation.parameter(parameter(name, ParameterIn::Query, *required));
    }
    for (status, description) in route.answers {
        operation = operation.response(*status, Response::new(*description));
    }
    operation.request_body(route.body.map(body)).build()
}

fn parameter(name: &str, place: ParameterIn, required: bool) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(is(required))
        .schema(Some(text()))
}

fn body((media_type, fields): (&str, &[&str])) -> utoipa::openapi::request_body::RequestBody {
    let fields = fields.iter().fold(ObjectBuilder::new(), |object, field| {
        object.property(*field, text()).required(*field)
    });
    RequestBodyBuilder::new()
        .content(media_type, Content::new(Some(fields)))
        .required(Some(is(true)))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn is(required: bool) -> Required {
    if required {
        Required::True
    } else {
        Required::False
    }
}
