//! A code for tokens (RFC 6749 §4.1.3, with RFC 7636 §4.5).
//!
//! The form and its answer are handled by hand: the parser of `oauth2` wants members that providers leave out, knows
//! errors only by status, and puts answers, which may hold tokens, into its errors.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use gateway_config::OidcProvider;
use gateway_domain::Secret;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use url::form_urlencoded::byte_serialize;

use super::{FlowSecrets, discovery::Metadata, words::error_code, words::place};
use crate::{
    SignInError, SignInFailure,
    http::{Answer, Guarded, HttpError},
};

/// What an answer may weigh.
const LIMIT: usize = 256 * 1024;

/// What the provider gave for the code.
pub(super) struct Tokens {
    pub id_token: Secret,
    /// Some providers give none when nothing but `openid` is asked for.
    pub access_token: Option<Secret>,
    /// What time the provider says it is.
    pub their_time: Option<DateTime<Utc>>,
}

/// Redeems a code. It is tried once: a code that was sent may be spent.
pub(super) async fn redeem(
    http: &Guarded,
    settings: &OidcProvider,
    metadata: &Metadata,
    code: &str,
    secrets: &FlowSecrets,
    redirect_uri: &str,
) -> Result<Tokens, SignInFailure> {
    let mut headers = HeaderMap::new();
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", secrets.verifier.as_str()),
    ];
    let client_id = settings.client_id.as_str();
    match &settings.client_secret {
        None => form.push(("client_id", client_id)),
        // Google names both ways and describes the body in its documentation; stand-ins take that one only.
        Some(secret) if metadata.secret_in_body || settings.preset == "google" => {
            form.push(("client_id", client_id));
            form.push(("client_secret", secret.expose()));
        }
        Some(secret) => {
            headers.insert(header::AUTHORIZATION, basic(client_id, secret)?);
        }
    }
    let answer = http.post_form(&metadata.token, headers, &form, LIMIT).await;
    let answer = answer.map_err(|error| unanswered(&error))?;
    read(&answer, &place(&metadata.token))
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
fn basic(client_id: &str, secret: &Secret) -> Result<HeaderValue, SignInFailure> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret.expose()));
    let mut value =
        HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).map_err(|_| {
            SignInFailure::new(
                SignInError::ServerError,
                "the client's name does not fit a header",
            )
        })?;
    value.set_sensitive(true);
    Ok(value)
}

fn unanswered(error: &HttpError) -> SignInFailure {
    let kind = match error {
        HttpError::TooLarge { .. } => SignInError::ProviderFailure,
        _ => SignInError::ProviderUnavailable,
    };
    SignInFailure::new(kind, format!("token endpoint: {error}"))
}

fn read(answer: &Answer, place: &str) -> Result<Tokens, SignInFailure> {
    let body: Option<Map<String, Value>> = answer.json();
    let error = body.as_ref().and_then(|body| body.get("error"));
    let error = error.filter(|error| !error.is_null());
    if !answer.status.is_success() || error.is_some() {
        return Err(refused(answer.status, error, place));
    }
    let failure = |cause: &str| {
        SignInFailure::new(
            SignInError::ProviderFailure,
            format!("token endpoint: {cause}"),
        )
    };
    let body = body.ok_or_else(|| failure("the answer is no JSON object"))?;
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    // RFC 6749 §5.1: the type is told without regard to case. We can use no other than bearer.
    match body.get("token_type") {
        None => {}
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err(failure("the token type is not bearer")),
    }
    let id_token = text("id_token").ok_or_else(|| {
        failure("the answer has no ID token; the client may lack the scope openid there")
    })?;
    Ok(Tokens {
        id_token: Secret::new(id_token),
        access_token: text("access_token").map(Secret::new),
        their_time: answer.date(),
    })
}

/// An answer that is none (RFC 6749 §5.2). Some send errors with 200.
fn refused(status: StatusCode, error: Option<&Value>, place: &str) -> SignInFailure {
    let code = error.map(|error| error_code(error.as_str().unwrap_or_default()));
    let out_of_order = status.is_server_error()
        || matches!(status.as_u16(), 408 | 429)
        || matches!(
            code.as_deref(),
            Some("temporarily_unavailable" | "server_error")
        );
    let kind = if out_of_order {
        SignInError::ProviderUnavailable
    } else {
        SignInError::ProviderFailure
    };
    let said = code
        .as_ref()
        .map_or_else(String::new, |code| format!(" {code}"));
    let hint = match code.as_deref() {
        Some("invalid_client") => "; the client secret is probably wrong or has expired",
        Some("unauthorized_client") => "; the client may not use this kind of sign-in there",
        Some("redirect_uri_mismatch") => "; the redirect URI is not registered there",
        _ if status.is_redirection() => ", a redirect, which is not followed",
        _ => "",
    };
    let status = status.as_u16();
    SignInFailure::new(
        kind,
        format!("token endpoint: {place} answered {status}{said}{hint}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::Body;

    fn answer(status: u16, body: &[u8]) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: Body::from(body.to_vec()),
        }
    }

    fn outcome(status: u16, body: &Value) -> Result<Tokens, SignInFailure> {
        read(&answer(status, body.to_string().as_bytes()), "idp.example")
    }

    fn failure(status: u16, body: &Value) -> (SignInError, String) {
        let failure = outcome(status, body).err().expect("refused");
        (failure.error, failure.cause)
    }

    #[test]
    fn case_017_the_pair_is_form_encoded_before_base64() {
        let value = basic("a:b c", &Secret::new("p%+/é")).expect("a header");
        assert!(value.is_sensitive());
        let text = value
            .to_str()
            .expect("ASCII")
            .strip_prefix("Basic ")
            .expect("basic");
        let pair = STANDARD.decode(text).expect("base64");
        assert_eq!(pair, b"a%3Ab+c:p%25%2B%2F%C3%A9");
    }

    #[test]
    fn case_051_expires_in_and_the_case_of_bearer_do_not_matter() {
        for kind in ["Bearer", "bearer", "BEARER"] {
            let tokens = outcome(
                200,
                &json!({"id_token": "a.b.c", "access_token": "t", "token_type": kind, "odd": {}}),
            );
            assert_eq!(tokens.expect("tokens").id_token.expose(), "a.b.c");
        }
    }

    #[test]
    fn case_137_to_143_answers_that_are_none() {
        use SignInError::{ProviderFailure, ProviderUnavailable};
        let (error, cause) = failure(
            400,
            &json!({"error": "invalid_grant", "error_description": "secret <b>"}),
        );
        assert_eq!(
            (error, cause.as_str()),
            (
                ProviderFailure,
                "token endpoint: idp.example answered 400 invalid_grant"
            )
        );
        let (error, cause) = failure(401, &json!({"error": "invalid_client"}));
        assert_eq!(error, ProviderFailure);
        assert!(cause.contains("client secret"), "{cause}");
        assert_eq!(
            failure(
                200,
                &json!({"error": "bad_verification_code", "id_token": "x"})
            )
            .0,
            ProviderFailure
        );
        assert_eq!(
            failure(200, &json!({"access_token": "t", "token_type": "Bearer"})).0,
            ProviderFailure
        );
        assert_eq!(
            failure(200, &json!({"id_token": "x", "token_type": "DPoP"})).0,
            ProviderFailure
        );
        assert_eq!(failure(200, &json!([])).0, ProviderFailure);
        let (error, cause) = failure(307, &json!({}));
        assert_eq!(error, ProviderFailure);
        assert!(cause.contains("not followed"), "{cause}");
        for status in [408, 429, 500, 503] {
            assert_eq!(
                failure(status, &json!({})).0,
                ProviderUnavailable,
                "{status}"
            );
        }
        assert_eq!(
            failure(200, &json!({"error": {"nested": 1}})).0,
            ProviderFailure
        );
        let html = read(&answer(200, b"<html>"), "idp.example")
            .err()
            .expect("refused");
        assert_eq!(html.error, ProviderFailure);
    }
}
