//! From a request to what a handler needs. Whatever is wrong with it is a problem document, and who asks is settled
//! before anything else is looked at.

use std::str::FromStr;

use axum::{
    body::Bytes,
    extract::{FromRef, FromRequest, FromRequestParts, Path, Query, Request},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Utc};
use gateway_edge::{Problem, RequireOrigin, SignedIn, json_object};
use gateway_identity::{Caller, Context, Paging, ServiceError};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE, request::Parts};
use percent_encoding::percent_decode;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Map, Value};
use utoipa::IntoParams;

/// Somebody signed in who wants to read.
pub(super) struct Reader {
    pub ctx: Context,
    pub caller: Caller,
}

/// Somebody signed in who wants to change something, from one of our own pages or a program that says so.
pub(super) struct Writer {
    pub ctx: Context,
    pub caller: Caller,
}

impl<S> FromRequestParts<S> for Reader
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let SignedIn(caller) = SignedIn::from_request_parts(parts, state).await?;
        let ctx = Context::from_ref(state);
        Ok(Self { ctx, caller })
    }
}

impl<S> FromRequestParts<S> for Writer
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Reader { ctx, caller } = Reader::from_request_parts(parts, state).await?;
        RequireOrigin::check(&parts.headers, &ctx.live().config.server.public_base_url)?;
        Ok(Self { ctx, caller })
    }
}

/// What the path names. What cannot be a name names nothing: 404.
pub(super) struct Named<T>(pub T);

impl<S, T> FromRequestParts<S> for Named<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::<T>::from_request_parts(parts, state).await;
        let path = parts.uri.path().as_bytes();
        match named {
            Ok(Path(named)) if !percent_decode(path).any(|byte| byte == 0) => Ok(Self(named)),
            _ => {
                let detail = "There is nothing of this name.";
                Err(Problem::new(StatusCode::NOT_FOUND, "not_found", detail))
            }
        }
    }
}

/// The parameters behind the question mark. Unknown ones are left alone.
pub(super) struct Params<T>(pub T);

impl<S, T> FromRequestParts<S> for Params<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        if percent_decode(query).any(|byte| byte == 0) {
            // No stored text holds one, so nothing could match.
            return Err(malformed("a parameter holds a NUL character"));
        }
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => Err(malformed(&error)),
        }
    }
}

/// A body of JSON that is exactly what the operation takes.
pub(super) struct Body<T>(pub T);

impl<S, T> FromRequest<S> for Body<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        if !is_json(request.headers()) {
            let detail = "Send the body as application/json.";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "unsupported_media_type", detail).into_response());
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let detail = "The body is longer than 64 kB.";
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail).into_response()
            }
            _ => malformed("the body broke off").into_response(),
        })?;
        json_object(&bytes)
            .map(Self)
            .map_err(|error| malformed(&error).into_response())
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn malformed(error: impl std::fmt::Display) -> Problem {
    let detail = format!("The request cannot be read: {error}.");
    Problem::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// How many items, 50 unless said, at most 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl PageParams {
    pub(super) fn paging(self) -> Result<Paging, Problem> {
        Ok(Paging {
            limit: parsed("limit", self.limit, "The limit is a whole number.")?,
            cursor: given(self.cursor),
        })
    }
}

/// An empty parameter is one that was not given, as forms send them.
pub(super) fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

/// The value of a parameter that was given.
pub(super) fn parsed<T: FromStr>(
    field: &'static str,
    value: Option<String>,
    expected: &str,
) -> Result<Option<T>, Problem> {
    let value = given(value).map(|value| value.parse()).transpose();
    value.map_err(|_| ServiceError::invalid(field, expected).into())
}

/// A member that is an object itself. A derived reader would take an array for it.
pub(super) fn member<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let members = Option::<Map<String, Value>>::deserialize(deserializer)?;
    let read = members.map(|members| T::deserialize(Value::Object(members)));
    read.transpose().map_err(D::Error::custom)
}

/// A member that can be null, as told apart from one that is left out.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value say three different things"
)]
pub(super) fn given_or_null<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A moment: RFC 3339, or a date for its midnight in UTC. Of the years 0 to 9999, as no other can be compared.
pub(super) fn moment(
    field: &'static str,
    value: Option<String>,
) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = given(value) else {
        return Ok(None);
    };
    // An unescaped "+" of a query arrives as a space.
    let full = DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    let date = || text.parse::<NaiveDate>().ok();
    let moment = match full {
        Ok(moment) => Some(moment.to_utc()),
        Err(_) => date().map(|date| date.and_time(NaiveTime::MIN).and_utc()),
    };
    let moment = moment.filter(|moment| (0..=9999).contains(&moment.year()));
    let expected = "Expected a moment as 2025-01-31T09:00:00Z, or a date as 2025-01-31.";
    let moment = moment.ok_or_else(|| ServiceError::invalid(field, expected))?;
    Ok(Some(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_three_ways() {
        let read = |text: &str| {
            let moment = moment("from", Some(text.to_owned())).unwrap();
            moment.map(|moment| moment.to_rfc3339())
        };
        let expected = Some("2025-01-31T09:00:00+00:00".to_owned());
        assert_eq!(read("2025-01-31T09:00:00Z"), expected);
        assert_eq!(read("2025-01-31T10:00:00 01:00"), expected);
        assert_eq!(
            read("2025-01-31"),
            Some("2025-01-31T00:00:00+00:00".to_owned())
        );
        assert_eq!(read(""), None);
        for odd in [
            "yesterday",
            "-9999-01-01T00:00:00Z",
            "-9999-01-01",
            "+10000-01-01",
        ] {
            let problem = moment("from", Some(odd.to_owned())).unwrap_err();
            assert_eq!(problem.field(), Some("from"), "{odd}");
        }
    }

    #[test]
    fn only_json_is_json() {
        let headers = |value: &'static str| {
            HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(value))])
        };
        assert!(is_json(&headers("application/json; charset=utf-8")));
        assert!(is_json(&headers("Application/JSON")));
        assert!(!is_json(&headers("text/plain")));
        assert!(!is_json(&headers("application/json-patch+json")));
        assert!(!is_json(&HeaderMap::new()));
    }
}
