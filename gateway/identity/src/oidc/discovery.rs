//! Where the provider's endpoints are: from the operator's file, from the discovery document (OpenID Connect Discovery
//! 1.0 §3), or both.
//!
//! The document is read by a tolerant reader of our own: `openidconnect` refuses documents over members that no sign-in
//! needs, and has no place for RFC 9207.

use std::{sync::Arc, time::Duration};

use gateway_config::{Endpoints, OidcProvider};
use gateway_domain::Clock;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use super::{fault::Fault, words::place};
use crate::{
    http::{Answer, Guarded, HttpError},
    words::sanitised,
};

/// What a document may weigh.
const LIMIT: usize = 256 * 1024;

/// What the gateway needs to know of a provider.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    pub authorization: Url,
    pub token: Url,
    /// `None` only where every pinned algorithm is symmetric.
    pub jwks: Option<Url>,
    pub userinfo: Option<Url>,
    pub end_session: Option<Url>,
    /// Whether authorization responses carry `iss` (RFC 9207 §3).
    pub names_itself: bool,
    /// Whether the client authenticates in the body: where the provider takes nothing else.
    pub secret_in_body: bool,
    /// What an operator should look at.
    pub warnings: Vec<String>,
}

impl Metadata {
    /// From the operator's file alone, where it names everything that a sign-in needs.
    pub fn given(endpoints: &Endpoints, http: &Guarded) -> Option<Result<Self, Fault>> {
        let (Some(authorization), Some(token), Some(jwks)) =
            (&endpoints.authorization, &endpoints.token, &endpoints.jwks)
        else {
            return None;
        };
        let metadata = Self {
            authorization: authorization.clone(),
            token: token.clone(),
            jwks: Some(jwks.clone()),
            userinfo: endpoints.userinfo.clone(),
            end_session: endpoints.end_session.clone(),
            names_itself: false,
            secret_in_body: false,
            warnings: Vec::new(),
        };
        let permitted = [authorization, token, jwks]
            .into_iter()
            .try_for_each(|url| http.permits_scheme(url).map_err(Fault::from));
        Some(permitted.map(|()| metadata))
    }

    /// From the discovery document, less what the operator's file says itself.
    pub fn read(document: &[u8], settings: &OidcProvider, http: &Guarded) -> Result<Self, Fault> {
        let document: Map<String, Value> = serde_json::from_slice(document)
            .map_err(|_| Fault::new("the discovery document is no JSON object"))?;
        check_issuer(&document, &settings.issuer_url)?;
        let given = &settings.endpoints;
        let reader = Reader {
            document: &document,
            http,
        };
        let mut warnings = Vec::new();
        let token = reader.required("token_endpoint", given.token.as_ref())?;
        warnings.extend(elsewhere(&settings.issuer_url, &token, given));
        warnings.extend(unpinned(&document, settings));
        let asymmetric = settings
            .signing_algorithms
            .iter()
            .any(|alg| !alg.is_symmetric());
        let jwks = if asymmetric {
            Some(reader.required("jwks_uri", given.jwks.as_ref())?)
        } else {
            None
        };
        Ok(Self {
            authorization: reader
                .required("authorization_endpoint", given.authorization.as_ref())?,
            token,
            jwks,
            userinfo: reader.optional("userinfo_endpoint", given.userinfo.as_ref(), &mut warnings),
            end_session: reader.optional(
                "end_session_endpoint",
                given.end_session.as_ref(),
                &mut warnings,
            ),
            names_itself: document.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
            secret_in_body: wants_secret_in_body(&document),
            warnings,
        })
    }
}

/// Fetches and reads the discovery document.
pub(super) async fn fetch(
    address: Url,
    settings: Arc<OidcProvider>,
    http: Guarded,
    clock: Arc<dyn Clock>,
) -> Result<Metadata, Fault> {
    let answer = http.get(&address, HeaderMap::new(), LIMIT).await?;
    expect_ok(&answer, &address, "the discovery document", clock.as_ref())?;
    Metadata::read(answer.body.as_ref(), &settings, &http)
}

/// The address of the discovery document: the issuer, less a final slash, and the well-known path (Discovery §4).
pub(super) fn address(issuer: &str) -> Result<Url, HttpError> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Url::parse(&format!("{base}/.well-known/openid-configuration")).map_err(|_| HttpError::Address)
}

/// A document comes with 200. A redirect is not followed: it would be the answer of somebody whom nobody named.
pub(super) fn expect_ok(
    answer: &Answer,
    url: &Url,
    what: &str,
    clock: &dyn Clock,
) -> Result<(), Fault> {
    if answer.status == StatusCode::OK {
        return Ok(());
    }
    let hint = if answer.status.is_redirection() {
        ", a redirect, which is not followed"
    } else {
        ""
    };
    Err(Fault {
        retry_after: answer.retry_after(clock.now()),
        ..Fault::new(format!(
            "{what}: {} answered {}{hint}",
            place(url),
            answer.status.as_u16()
        ))
    })
}

/// Byte for byte (Discovery §4.3): keys and endpoints of one issuer must not serve another.
fn check_issuer(document: &Map<String, Value>, ours: &str) -> Result<(), Fault> {
    let Some(theirs) = document.get("issuer").and_then(Value::as_str) else {
        return Err(Fault::new("the discovery document names no issuer"));
    };
    if theirs == ours {
        return Ok(());
    }
    let hint = if theirs.trim_end_matches('/') == ours.trim_end_matches('/') {
        "; they differ in the final slash alone"
    } else {
        ""
    };
    Err(Fault::misconfigured(format!(
        "issuer_url is {ours:?}, but the provider calls itself {:?}{hint}; both must be the same",
        sanitised(theirs)
    )))
}

struct Reader<'a> {
    document: &'a Map<String, Value>,
    http: &'a Guarded,
}

impl Reader<'_> {
    fn required(&self, name: &str, given: Option<&Url>) -> Result<Url, Fault> {
        self.find(name, given)?
            .ok_or_else(|| Fault::new(format!("the discovery document names no {name}")))
    }

    /// What a sign-in can do without is left out when it is not usable.
    fn optional(&self, name: &str, given: Option<&Url>, warnings: &mut Vec<String>) -> Option<Url> {
        self.find(name, given).unwrap_or_else(|fault| {
            warnings.push(fault.cause);
            None
        })
    }

    fn find(&self, name: &str, given: Option<&Url>) -> Result<Option<Url>, Fault> {
        let url = match (given, self.document.get(name)) {
            (Some(url), _) => url.clone(),
            (None, Some(Value::String(text))) => Url::parse(text).map_err(|_| {
                Fault::new(format!("{name} of the discovery document is no address"))
            })?,
            (None, _) => return Ok(None),
        };
        let wrong = |error: HttpError| Fault::new(format!("{name}: {error}"));
        self.http.permits_scheme(&url).map_err(wrong)?;
        Ok(Some(url))
    }
}

/// RFC 6749 §2.3.1 prefers the header, and so does the default of Discovery §3.
fn wants_secret_in_body(document: &Map<String, Value>) -> bool {
    let methods = document
        .get("token_endpoint_auth_methods_supported")
        .and_then(Value::as_array);
    let takes = |method: &str| {
        methods.is_some_and(|methods| methods.iter().any(|value| value.as_str() == Some(method)))
    };
    takes("client_secret_post") && !takes("client_secret_basic")
}

/// The client secret goes to the token endpoint, so another host than the issuer's is worth a look.
fn elsewhere(issuer: &str, token: &Url, given: &Endpoints) -> Option<String> {
    let issuer = Url::parse(issuer).ok()?;
    let (here, there) = (issuer.host_str()?, token.host_str()?);
    if here == there || given.token.is_some() || is_known_pair(here, there) {
        return None;
    }
    Some(format!(
        "the token endpoint, which is sent the client secret, is on {}, not on the issuer's {here}",
        sanitised(there)
    ))
}

/// Providers whose token endpoint is known to live elsewhere: Google, and Amazon Cognito with its domains.
fn is_known_pair(issuer: &str, token: &str) -> bool {
    let cognito = issuer.starts_with("cognito-idp.") && issuer.ends_with(".amazonaws.com");
    (issuer == "accounts.google.com" && token == "oauth2.googleapis.com")
        || (cognito && token.ends_with(".amazoncognito.com"))
}

/// A provider that signs with nothing we accept, such as Authentik without a signing key, fails every sign-in.
fn unpinned(document: &Map<String, Value>, settings: &OidcProvider) -> Option<String> {
    let offered = document
        .get("id_token_signing_alg_values_supported")?
        .as_array()?;
    let offered: Vec<&str> = offered.iter().filter_map(Value::as_str).collect();
    let pinned = |name: &&str| {
        settings
            .signing_algorithms
            .iter()
            .any(|alg| alg.as_str() == *name)
    };
    if offered.is_empty() || offered.iter().any(pinned) {
        return None;
    }
    Some(format!(
        "the provider signs with {}, none of which is in signing_algorithms; it may lack a signing key",
        sanitised(&offered.join(", "))
    ))
}

/// How long a document is fresh; never so short that every sign-in fetches it.
pub(super) fn freshness(settings: &OidcProvider) -> Duration {
    settings.jwks_cache.max(Duration::from_secs(1))
}

#[cfg(test)]
mod tests;
