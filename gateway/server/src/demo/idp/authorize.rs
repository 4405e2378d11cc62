//! The authorization endpoint (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9207).

use axum::{
    extract::{Form, Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use url::Url;

use super::{Idp, page};
use crate::demo::people;

/// What the gateway asks, and on the way back from the page, who was chosen.
#[derive(Clone, Deserialize)]
pub(super) struct Authorization {
    #[serde(default)]
    pub client_id: String,
    #[serde(default)]
    pub redirect_uri: String,
    #[serde(default)]
    pub response_type: String,
    #[serde(default)]
    pub scope: String,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub prompt: Option<String>,
    pub response_mode: Option<String>,
    pub person: Option<String>,
}

/// The person pressed "Cancel".
pub(super) const CANCEL: &str = "cancel";

/// Why a request is not taken.
enum Wrong {
    /// Whoever sent it is not our client: nobody is sent anywhere (RFC 6749 §4.1.2.1).
    Sender(&'static str),
    /// The client is told so: the code and a description.
    Request(&'static str, &'static str),
}

pub(super) async fn show(
    State(idp): State<Idp>,
    request: Result<Query<Authorization>, QueryRejection>,
) -> Response {
    let Ok(Query(request)) = request else {
        return refuse("the request cannot be read");
    };
    match check(&idp, &request) {
        Err(wrong) => told(&idp, &request, &wrong),
        Ok(_) if request.prompt.as_deref() == Some("none") => {
            answer(&idp, &request, &[("error", "login_required")])
        }
        Ok(_) => page::choice(&idp.0.client.origin, &request),
    }
}

pub(super) async fn choose(
    State(idp): State<Idp>,
    request: Result<Form<Authorization>, FormRejection>,
) -> Response {
    let Ok(Form(request)) = request else {
        return refuse("the form cannot be read");
    };
    let challenge = match check(&idp, &request) {
        Ok(challenge) => challenge,
        Err(wrong) => return told(&idp, &request, &wrong),
    };
    let chosen = request.person.as_deref().unwrap_or_default();
    if chosen == CANCEL {
        let wrong = Wrong::Request("access_denied", "the sign-in was cancelled");
        return told(&idp, &request, &wrong);
    }
    let Some(person) = people::by_key(chosen) else {
        return refuse("nobody was chosen");
    };
    let code = idp.issue_code(person, request.nonce.clone(), challenge);
    answer(&idp, &request, &[("code", &code)])
}

/// Checks everything but the person; returns the code challenge.
fn check(idp: &Idp, request: &Authorization) -> Result<String, Wrong> {
    let client = &idp.0.client;
    if request.client_id != client.id {
        return Err(Wrong::Sender("this client is not known"));
    }
    if request.redirect_uri != client.redirect_uri {
        return Err(Wrong::Sender(
            "redirect_uri is not the one registered for this client",
        ));
    }
    let wrong = |code, description| Err(Wrong::Request(code, description));
    if request.response_type != "code" {
        return wrong(
            "unsupported_response_type",
            "only response_type=code is offered",
        );
    }
    if !matches!(request.response_mode.as_deref(), None | Some("query")) {
        return wrong("invalid_request", "only response_mode=query is offered");
    }
    if !request.scope.split(' ').any(|scope| scope == "openid") {
        return wrong("invalid_scope", "the scope openid is missing");
    }
    let challenge = request.code_challenge.clone().unwrap_or_default();
    let is_s256 = request.code_challenge_method.as_deref() == Some("S256") && challenge.len() == 43;
    if !is_s256 {
        return wrong("invalid_request", "a code_challenge by S256 is required");
    }
    Ok(challenge)
}

fn told(idp: &Idp, request: &Authorization, wrong: &Wrong) -> Response {
    match wrong {
        Wrong::Sender(why) => refuse(why),
        Wrong::Request(code, description) => answer(
            idp,
            request,
            &[("error", code), ("error_description", description)],
        ),
    }
}

/// Sends the browser back with these parameters, the state and the issuer.
fn answer(idp: &Idp, request: &Authorization, parameters: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(&request.redirect_uri) else {
        return refuse("redirect_uri is no address");
    };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(parameters);
        if let Some(state) = &request.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &idp.0.issuer);
    }
    Redirect::to(url.as_str()).into_response()
}

fn refuse(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, page::refusal(why)).into_response()
}
