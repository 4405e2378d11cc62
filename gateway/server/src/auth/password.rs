//! `POST /api/v1/auth/login/password`: with JSON for programs, as a form for the sign-in page.

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{FromRef, FromRequest as _, Request, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::post,
};
use gateway_domain::{ReturnTo, Secret};
use gateway_edge::{
    PreSessionForm, Problem, Refusal, RequestInfo, RequireOrigin, is_media_type, json_object,
    presented_session,
};
use gateway_identity::{
    Context,
    account::{PasswordFailure, sign_in_with_password},
    session_store,
    sign_in::OpenedSession,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tower_sessions::Session;
use url::form_urlencoded;

const LARGEST: usize = 16 * 1024;
const CHANGE_PASSWORD: &str = "/admin/account/password";

/// The route, at its full path.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Context: FromRef<S>,
{
    Router::new().route("/api/v1/auth/login/password", post(sign_in))
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
    redirect_to: Option<String>,
}

impl Credentials {
    fn return_to(&self) -> ReturnTo {
        ReturnTo::parse(self.redirect_to.as_deref().unwrap_or_default())
    }
}

async fn sign_in(
    State(ctx): State<Context>,
    info: RequestInfo,
    session: Session,
    request: Request,
) -> Response {
    if is_media_type(request.headers(), "application/x-www-form-urlencoded") {
        match PreSessionForm::<Credentials>::from_request(request, &ctx).await {
            Ok(PreSessionForm(given)) => by_form(&ctx, &info, &session, given).await,
            Err(refused) => refused,
        }
    } else {
        by_json(&ctx, &info, &session, request)
            .await
            .unwrap_or_else(Problem::into_response)
    }
}

async fn by_json(
    ctx: &Context,
    info: &RequestInfo,
    session: &Session,
    request: Request,
) -> Result<Response, Problem> {
    RequireOrigin::check(request.headers(), &ctx.live().config.server.public_base_url)?;
    let malformed = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Send {\"email\": …, \"password\": …}.",
        )
    };
    let body = to_bytes(request.into_body(), LARGEST).await.map_err(|_| {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Problem::new(status, "too_large", "The request is too large.")
    })?;
    let given: Credentials = json_object(&body).map_err(|_| malformed())?;
    let opened = open(ctx, info, session, &given)
        .await
        .map_err(|failure| match failure {
            PasswordFailure::InvalidCredentials => Problem::new(
                StatusCode::UNAUTHORIZED,
                failure.code(),
                failure.to_string(),
            ),
            PasswordFailure::RateLimited { retry_after } => Problem::rate_limited(retry_after),
            PasswordFailure::Failed(error) => error.into(),
        })?;
    let answer = json!({
        "redirect_to": target(&opened, &given),
        "must_change_password": opened.must_change_password,
    });
    Ok(Json(answer).into_response())
}

async fn by_form(
    ctx: &Context,
    info: &RequestInfo,
    session: &Session,
    given: Credentials,
) -> Response {
    match open(ctx, info, session, &given).await {
        Ok(opened) => Redirect::to(&target(&opened, &given)).into_response(),
        Err(PasswordFailure::RateLimited { retry_after }) => {
            let refusal = Refusal::rate_limited(retry_after);
            refusal.returning_to(given.return_to()).into_response()
        }
        Err(PasswordFailure::Failed(error)) => {
            let refusal = Refusal::from(Problem::from(error));
            refusal.returning_to(given.return_to()).into_response()
        }
        Err(failure @ PasswordFailure::InvalidCredentials) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("error", failure.code());
            let back = given.return_to();
            if !back.is_default() {
                query.append_pair("redirect_to", back.as_str());
            }
            Redirect::to(&format!("/admin/login?{}", query.finish())).into_response()
        }
    }
}

async fn open(
    ctx: &Context,
    info: &RequestInfo,
    session: &Session,
    given: &Credentials,
) -> Result<OpenedSession, PasswordFailure> {
    let password = Secret::new(given.password.as_str());
    let previous = presented_session(session);
    let opened =
        sign_in_with_password(ctx, &given.email, &password, &info.origin, previous).await?;
    session_store::adopt(session, &opened).await?;
    Ok(opened)
}

fn target(opened: &OpenedSession, given: &Credentials) -> String {
    if opened.must_change_password {
        CHANGE_PASSWORD.to_owned()
    } else {
        given.return_to().to_string()
    }
}
