//! The address that a browser is sent to (OpenID Connect Core §3.1.2.1).

use std::borrow::Cow;

use gateway_config::OidcProvider;
use openidconnect::{
    AuthUrl, ClientId, CsrfToken, IssuerUrl, JsonWebKeySet, LoginHint, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope,
    core::{CoreAuthenticationFlow, CoreClient},
};
use url::Url;

use super::FlowSecrets;
use crate::{SignInError, SignInFailure};

const LONGEST_HINT: usize = 254;

/// Parameters that are ours to set, or that would move the request or the answer to another place.
const OURS: [&str; 14] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
    "request",
    "request_uri",
    "registration",
    "id_token_hint",
];

/// Puts the address together: code flow, always with PKCE by S256, whatever the provider says it knows: a document must not
/// talk the gateway out of it.
pub(super) fn url(
    settings: &OidcProvider,
    endpoint: &Url,
    secrets: &FlowSecrets,
    redirect_uri: &str,
    login_hint: Option<&str>,
) -> Result<Url, SignInFailure> {
    let wrong = |what: &str| SignInFailure::new(SignInError::ServerError, what.to_owned());
    // RFC 7636 §4.1; the library panics otherwise.
    if !(43..=128).contains(&secrets.verifier.len()) {
        return Err(wrong("the PKCE verifier has the wrong length"));
    }
    let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
    let redirect = RedirectUrl::new(redirect_uri.to_owned())
        .map_err(|_| wrong("the redirect URI is no address"))?;
    let issuer = IssuerUrl::new(settings.issuer_url.clone())
        .map_err(|_| wrong("the issuer is no address"))?;
    let client = CoreClient::new(
        ClientId::new(settings.client_id.clone()),
        issuer,
        JsonWebKeySet::default(),
    )
    .set_auth_uri(AuthUrl::from_url(endpoint.clone()));
    // The library asks for `openid` by itself.
    let scopes = settings.scopes.iter().filter(|scope| *scope != "openid");
    let (state, nonce) = (secrets.state.clone(), secrets.nonce.clone());
    let mut request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new(state),
            || Nonce::new(nonce),
        )
        .add_scopes(scopes.cloned().map(Scope::new))
        .set_redirect_uri(Cow::Owned(redirect))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if let Some(hint) = login_hint.and_then(usable_hint) {
        request = request.set_login_hint(LoginHint::new(hint.to_owned()));
    }
    for (name, value) in &settings.extra_auth_params {
        if !OURS.contains(&name.as_str()) {
            request = request.add_extra_param(name.clone(), value.clone());
        }
    }
    let (url, _, _) = request.url();
    Ok(url)
}

/// A hint comes from whoever made the link to the sign-in.
fn usable_hint(hint: &str) -> Option<&str> {
    let hint = hint.trim();
    let usable = !hint.is_empty() && hint.len() <= LONGEST_HINT && !hint.contains(char::is_control);
    usable.then_some(hint)
}
