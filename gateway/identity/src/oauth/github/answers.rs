//! What GitHub's answers mean. Nothing is asked in here.

use gateway_domain::{Email, Secret};
use serde::Deserialize;
use serde_json::Value;

use crate::{SignInError, SignInFailure, http::Answer, words::sanitised};

/// Who the token is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The account's number.
    pub id: u64,
    /// The name, or else the login.
    pub name: Option<String>,
}

/// The primary address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub email: Email,
    pub verified: bool,
}

/// The answer of the token endpoint. Errors come with status 200.
#[derive(Deserialize)]
struct Grant {
    access_token: Option<String>,
    token_type: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// The access token of the token endpoint's answer.
pub(super) fn access_token(answer: &Answer) -> Result<Secret, SignInFailure> {
    refuse_unavailable(answer, "the token endpoint")?;
    let is_json = answer.media_type().as_deref() == Some("application/json");
    let grant: Option<Grant> = answer.json().filter(|_| is_json);
    let status = answer.status.as_u16();
    let grant = grant
        .ok_or_else(|| failure(format!("the token endpoint answered {status} without JSON")))?;
    if let Some(error) = grant.error {
        return Err(token_error(&error, grant.error_description.as_deref()));
    }
    if status != 200 {
        return Err(failure(format!("the token endpoint answered {status}")));
    }
    let is_bearer = grant
        .token_type
        .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    if !is_bearer {
        return Err(failure("the token is not a bearer token"));
    }
    let token = grant.access_token.filter(|token| is_header_safe(token));
    token
        .map(Secret::new)
        .ok_or_else(|| failure("the token endpoint gave no access token"))
}

fn is_header_safe(token: &str) -> bool {
    !token.is_empty() && token.len() <= 4096 && token.bytes().all(|byte| byte.is_ascii_graphic())
}

fn token_error(error: &str, description: Option<&str>) -> SignInFailure {
    let kind = match error {
        "unverified_user_email" => SignInError::GithubUnverifiedEmail,
        _ => SignInError::ProviderFailure,
    };
    let hint = match error {
        "incorrect_client_credentials" => " (client_id and client_secret do not fit together)",
        "redirect_uri_mismatch" => " (the redirect URI is not registered at the OAuth app)",
        "bad_verification_code" => " (the code was used, is too old, or its PKCE check failed)",
        _ => "",
    };
    let description = description.map(|text| format!(": {}", sanitised(text)));
    let cause = format!(
        "the token endpoint answered error={}{hint}{}",
        sanitised(error),
        description.unwrap_or_default()
    );
    SignInFailure::new(kind, cause)
}

/// The person of `/user`. The `id` must be a positive whole number: anything else is not an account.
pub(super) fn person(answer: &Answer) -> Result<Person, SignInFailure> {
    refuse_unavailable(answer, "/user")?;
    if answer.status.as_u16() == 401 {
        return Err(failure("/user refused the token: it was revoked"));
    }
    let user = ok_json(answer, "/user")?;
    let id = user["id"].as_u64().filter(|&id| id > 0);
    let id = id.ok_or_else(|| failure("/user gave no positive whole number as id"))?;
    let text = |name: &str| {
        let text = user[name].as_str().map(str::trim);
        text.filter(|text| !text.is_empty()).map(sanitised)
    };
    Ok(Person {
        id,
        name: text("name").or_else(|| text("login")),
    })
}

/// One page of `/user/emails`: the primary address if it is there, and whether there may be another page.
pub(super) fn page_of_addresses(
    answer: &Answer,
    page_size: usize,
) -> Result<(Option<Address>, bool), SignInFailure> {
    refuse_unavailable(answer, "/user/emails")?;
    if matches!(answer.status.as_u16(), 403 | 404) {
        return Err(failure(format!(
            "/user/emails answered {}: the scope user:email, or the app's permission, is missing",
            answer.status.as_u16()
        )));
    }
    let entries = ok_json(answer, "/user/emails")?;
    let entries = entries
        .as_array()
        .ok_or_else(|| failure("/user/emails gave no list"))?;
    let primary = entries
        .iter()
        .find(|entry| entry["primary"].as_bool() == Some(true));
    let address = primary.and_then(|entry| {
        Some(Address {
            email: entry["email"].as_str()?.parse().ok()?,
            // An Enterprise Server may leave the word out: then nobody vouches for the address.
            verified: entry["verified"].as_bool() == Some(true),
        })
    });
    Ok((address, primary.is_none() && entries.len() >= page_size))
}

/// What `/user/memberships/orgs/{org}` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// An active member.
    Active,
    /// Invited and not yet come.
    Pending,
    /// GitHub shows nothing of the kind to this token.
    Unseen,
    /// Not, or not for this app.
    None,
    /// The organisation wants a sign-in of its own first.
    NeedsSingleSignOn,
}

/// Reads a membership.
pub(super) fn membership(answer: &Answer) -> Result<Membership, SignInFailure> {
    const SINGLE_SIGN_ON: http::HeaderName = http::HeaderName::from_static("x-github-sso");
    refuse_unavailable(answer, "the organisation's membership")?;
    Ok(match answer.status.as_u16() {
        401 => return Err(failure("the organisation's membership refused the token")),
        200 => match ok_json(answer, "the organisation's membership")?["state"].as_str() {
            Some("active") => Membership::Active,
            Some("pending") => Membership::Pending,
            _ => Membership::None,
        },
        404 => Membership::Unseen,
        403 if answer.headers.contains_key(SINGLE_SIGN_ON) => Membership::NeedsSingleSignOn,
        _ => Membership::None,
    })
}

/// Whether `/user/orgs` lists the organisation. It lists active memberships only, and only those that the token may see.
pub(super) fn is_listed(answer: &Answer, organizations: &[String]) -> Result<bool, SignInFailure> {
    refuse_unavailable(answer, "/user/orgs")?;
    let listed: Vec<Value> = match answer.status.as_u16() {
        200 => answer.json().unwrap_or_default(),
        _ => Vec::new(),
    };
    Ok(listed.iter().any(|entry| {
        let login = entry["login"].as_str().unwrap_or_default();
        organizations
            .iter()
            .any(|organization| organization.eq_ignore_ascii_case(login))
    }))
}

/// Limits, overload and outages. GitHub tells of its limits with 403 too.
fn refuse_unavailable(answer: &Answer, what: &str) -> Result<(), SignInFailure> {
    const REMAINING: http::HeaderName = http::HeaderName::from_static("x-ratelimit-remaining");
    let status = answer.status.as_u16();
    let limited = status == 403
        && (answer.headers.contains_key(http::header::RETRY_AFTER)
            || answer.header(&REMAINING) == Some("0"));
    if limited || status == 429 {
        return Err(SignInFailure::new(
            SignInError::ProviderUnavailable,
            format!("{what} answered {status}: our rate limit there is used up"),
        ));
    }
    if status >= 500 {
        return Err(SignInFailure::new(
            SignInError::ProviderUnavailable,
            format!("{what} answered {status}"),
        ));
    }
    Ok(())
}

fn ok_json(answer: &Answer, what: &str) -> Result<Value, SignInFailure> {
    let status = answer.status.as_u16();
    if status != 200 {
        return Err(failure(format!("{what} answered {status}")));
    }
    answer
        .json()
        .ok_or_else(|| failure(format!("{what} did not answer with JSON")))
}

fn failure(cause: impl Into<String>) -> SignInFailure {
    SignInFailure::new(SignInError::ProviderFailure, cause)
}
