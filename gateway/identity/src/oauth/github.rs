//! GitHub and GitHub Enterprise Server.
//!
//! A person is the numeric `id`, which stays when the login changes hands. Every sign-in asks anew; the access token
//! lives in memory until the answers are there.

mod answers;
mod api;

use gateway_config::OauthProvider;
use gateway_domain::{
    Secret,
    sso::{Assertion, TrustEmail},
};
use url::Url;

use self::{
    answers::{Address, Person},
    api::Api,
};
use crate::{
    SignInError, SignInFailure,
    flow::Verified,
    http::{Guarded, HttpError},
};

/// More than the list of resources that GitHub's API shows at its root.
const LARGEST_CHECK: usize = 64 * 1024;

/// A GitHub provider, ready for use.
pub struct Github {
    settings: OauthProvider,
    redirect_uri: String,
    http: Guarded,
}

/// What the callback brought and the flow kept.
#[derive(Clone, Copy)]
pub(crate) struct Exchange<'a> {
    /// The authorization code.
    pub code: &'a Secret,
    /// The PKCE verifier (RFC 7636 §4.1).
    pub verifier: &'a Secret,
    /// The redirect URI as it was sent (RFC 6749 §4.1.3).
    pub redirect_uri: &'a str,
}

impl Github {
    /// Makes it ready. Opens no connection.
    pub(crate) fn new(settings: OauthProvider, redirect_uri: String) -> Result<Self, HttpError> {
        let http = Guarded::new(&settings.http, [&settings.base_url, &settings.api_url])?;
        Ok(Self {
            settings,
            redirect_uri,
            http,
        })
    }

    /// As the file has it.
    pub fn settings(&self) -> &OauthProvider {
        &self.settings
    }

    /// Where GitHub sends browsers back to.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Whether the API answers at all; the error is for the operator.
    pub async fn check(&self) -> Result<(), String> {
        let url = address(&self.settings.api("/")).map_err(|failure| failure.cause)?;
        let answer = self
            .http
            .get(&url, http::HeaderMap::new(), LARGEST_CHECK)
            .await;
        answer.map(drop).map_err(|error| error.to_string())
    }

    /// Where to send the browser (RFC 6749 §4.1.1, RFC 7636 §4.3).
    pub(crate) fn authorization_url(
        &self,
        state: &str,
        challenge: &str,
        login_hint: Option<&str>,
    ) -> Result<Url, SignInFailure> {
        let mut url = address(&self.settings.web("/login/oauth/authorize"))?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", state)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(hint) = login_hint {
            url.query_pairs_mut().append_pair("login", hint);
        }
        Ok(url)
    }

    /// Checks the `iss` of a callback (RFC 9207 §2.4). GitHub announces nothing, so it may be absent.
    pub(crate) fn check_issuer(&self, iss: Option<&str>) -> Result<(), SignInFailure> {
        match iss {
            Some(iss) if iss != self.settings.web("/login/oauth") => Err(SignInFailure::new(
                SignInError::StateInvalid,
                "the callback names another issuer",
            )),
            _ => Ok(()),
        }
    }

    /// Exchanges the code and asks who it is.
    pub(crate) async fn finish(&self, exchange: Exchange<'_>) -> Result<Verified, SignInFailure> {
        let settings = &self.settings;
        let api = Api::redeem(&self.http, settings, exchange).await?;
        let person = api.person().await?;
        let address = api.primary_address().await?;
        api.require_membership(&settings.allowed_organizations)
            .await?;
        Ok(verified(settings, person, address))
    }
}

/// An address counts when it is the primary one and verified, or when the operator vouches for all of them. GitHub's own
/// no-reply addresses reach nobody, so nobody is found by them.
fn verified(
    settings: &OauthProvider,
    person: Person,
    address: Result<Address, SignInFailure>,
) -> Verified {
    let usable = address.and_then(|address| {
        let vouched = address.verified || settings.trust_email == TrustEmail::Always;
        let cause = if !vouched {
            "the primary address is not verified"
        } else if is_no_reply(&address) {
            "the primary address is one of GitHub's no-reply addresses"
        } else {
            return Ok(address);
        };
        Err(SignInFailure::new(
            SignInError::GithubUnverifiedEmail,
            cause,
        ))
    });
    let (address, without_email) = match usable {
        Ok(address) => (Some(address), None),
        Err(failure) => (None, Some(failure)),
    };
    Verified {
        assertion: Assertion {
            provider_key: settings.key.clone(),
            issuer: settings.web(""),
            subject: person.id.to_string(),
            email_verified: address.as_ref().is_some_and(|address| address.verified),
            email: address.map(|address| address.email),
            name: person.name,
        },
        without_email,
    }
}

fn is_no_reply(address: &Address) -> bool {
    let domain = address.email.domain();
    domain == "noreply.github.com" || domain.ends_with(".noreply.github.com")
}

fn address(text: &str) -> Result<Url, SignInFailure> {
    text.parse().map_err(|_| {
        SignInFailure::new(
            SignInError::ServerError,
            "base_url or api_url give no address",
        )
    })
}

#[cfg(test)]
mod tests;
