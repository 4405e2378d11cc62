//! What the ID token left out (OpenID Connect Core §5.3).

use gateway_domain::Secret;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use super::words::place;
use crate::{
    SignInError, SignInFailure,
    http::{Answer, Guarded},
};

/// What an answer may weigh.
const LIMIT: usize = 256 * 1024;

/// Why userinfo brought nothing.
pub(super) enum Trouble {
    /// It says something about somebody else, or in a form that would have to be believed unchecked.
    Fatal(SignInFailure),
    /// It says nothing; the sign-in may do without.
    Silent(SignInFailure),
}

/// Asks for the claims of the person that the ID token is about.
pub(super) async fn ask(
    http: &Guarded,
    url: &Url,
    access_token: &Secret,
    subject: &str,
) -> Result<Map<String, Value>, Trouble> {
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", access_token.expose()))
        .map_err(|_| silent("the access token does not fit a header"))?;
    bearer.set_sensitive(true);
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]);
    let answer = http.get(url, headers, LIMIT).await;
    let answer = answer.map_err(|error| silent(&error.to_string()))?;
    read(&answer, subject, &place(url))
}

fn read(answer: &Answer, subject: &str, place: &str) -> Result<Map<String, Value>, Trouble> {
    if answer.status != StatusCode::OK {
        let status = answer.status.as_u16();
        return Err(silent(&format!("{place} answered {status}")));
    }
    if answer.media_type().as_deref() == Some("application/jwt") {
        return Err(fatal(
            "the answer is signed, which is not supported; the client's registration there asks for it",
        ));
    }
    let claims: Map<String, Value> = answer
        .json()
        .ok_or_else(|| silent("the answer is no JSON object"))?;
    // Core §5.3.2: an access token of somebody else must not fill in the claims.
    if claims.get("sub").and_then(Value::as_str) != Some(subject) {
        return Err(fatal("sub is not that of the ID token"));
    }
    Ok(claims)
}

fn silent(cause: &str) -> Trouble {
    Trouble::Silent(failure(cause))
}

fn fatal(cause: &str) -> Trouble {
    Trouble::Fatal(failure(cause))
}

fn failure(cause: &str) -> SignInFailure {
    SignInFailure::new(SignInError::ProviderFailure, format!("userinfo: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Body;

    fn outcome(
        status: StatusCode,
        kind: &'static str,
        body: &str,
    ) -> Result<Map<String, Value>, Trouble> {
        let answer = Answer {
            status,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]),
            body: Body::from(body.as_bytes().to_vec()),
        };
        read(&answer, "me", "idp.example")
    }

    #[test]
    fn case_014_088_the_subject_must_be_the_same() {
        assert!(
            outcome(
                StatusCode::OK,
                "application/json",
                r#"{"sub":"me","email":"a@ex.com"}"#
            )
            .is_ok()
        );
        for body in [r#"{"sub":"you"}"#, r#"{"sub":"ME"}"#, r#"{"sub":1}"#, "{}"] {
            let outcome = outcome(StatusCode::OK, "application/json", body);
            assert!(matches!(outcome, Err(Trouble::Fatal(_))), "{body}");
        }
    }

    #[test]
    fn case_023_signed_userinfo_is_not_read_unchecked() {
        let outcome = outcome(StatusCode::OK, "application/jwt", r#"{"sub":"me"}"#);
        assert!(matches!(outcome, Err(Trouble::Fatal(_))));
    }

    #[test]
    fn case_146_silence_is_not_fatal() {
        for (status, body) in [
            (StatusCode::UNAUTHORIZED, "{}"),
            (StatusCode::FORBIDDEN, ""),
            (StatusCode::OK, "<html>"),
        ] {
            let outcome = outcome(status, "text/html", body);
            assert!(matches!(outcome, Err(Trouble::Silent(_))), "{status}");
        }
    }
}
