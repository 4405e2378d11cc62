//! Sign-in through OpenID Connect.
//!
//! A [`Provider`] makes the address that a browser is sent to, and turns the code that comes back into an
//! [`gateway_domain::sso::Assertion`]: who the provider says it is, after every check of the protocol. It knows nothing of cookies, flows or
//! people here.
//!
//! `openidconnect` is used for the authorization request and for the checking of signatures. Discovery, the exchange and
//! the rules of ID tokens are our own; each of these modules says why.

mod authorization;
mod cached;
mod discovery;
mod exchange;
mod fault;
mod finish;
mod health;
mod id_token;
mod json;
mod jwks;
mod jws;
mod person;
mod source;
#[cfg(test)]
mod testing;
mod userinfo;
mod words;

use std::sync::Arc;

use gateway_config::OidcProvider;
use gateway_domain::Clock;
use url::Url;

use self::{cached::Cached, discovery::Metadata, jwks::KeySet, source::Endpoints};
pub use self::{cached::Fetch, finish::Finished, health::Health};
use crate::{
    SignInError, SignInFailure,
    http::{Guarded, HttpError},
};

/// The secrets of one started sign-in. The caller draws them; they are never logged.
#[derive(Clone)]
pub struct FlowSecrets {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// The PKCE verifier: 43 to 128 characters (RFC 7636 §4.1).
    pub verifier: String,
}

/// One provider, with what was fetched from it. Cheap to clone; clones share what was fetched.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    settings: Arc<OidcProvider>,
    clock: Arc<dyn Clock>,
    http: Guarded,
    endpoints: Endpoints,
    keys: Arc<Cached<KeySet>>,
}

impl Provider {
    /// Makes a provider ready. Nothing is fetched yet.
    pub fn new(settings: OidcProvider, clock: Arc<dyn Clock>) -> Result<Self, ProviderError> {
        let settings = Arc::new(settings);
        let issuer = Url::parse(&settings.issuer_url).map_err(|_| HttpError::Address)?;
        let given = &settings.endpoints;
        let written = [
            &given.authorization,
            &given.token,
            &given.userinfo,
            &given.jwks,
            &given.end_session,
        ];
        let written = written.into_iter().flatten().chain([&issuer]);
        let http = Guarded::new(&settings.http, written)?;
        let endpoints = match Metadata::given(given, &http) {
            Some(Ok(metadata)) => Endpoints::Given(Arc::new(metadata)),
            Some(Err(fault)) => return Err(ProviderError::Endpoints(fault.cause)),
            None => Endpoints::Discovered(source::discovered(&settings, &http, &clock)?),
        };
        let keys = source::keys(&settings, &http, &clock, &endpoints);
        Ok(Self(Arc::new(Inner {
            settings,
            clock,
            http,
            endpoints,
            keys,
        })))
    }

    /// Where to send a browser so that its person signs in. `redirect_uri` is where it shall come back to.
    pub async fn authorization_url(
        &self,
        secrets: &FlowSecrets,
        redirect_uri: &str,
        login_hint: Option<&str>,
    ) -> Result<Url, SignInFailure> {
        let metadata = self.0.endpoints.get().await?;
        authorization::url(
            &self.0.settings,
            &metadata.authorization,
            secrets,
            redirect_uri,
            login_hint,
        )
    }

    /// Checks the `iss` of an authorization response, an error too (RFC 9207 §2.4): an answer of another issuer must
    /// not use up the flow. Given, it must be ours; missing, only a provider that never names itself is believed.
    pub async fn check_iss(&self, iss: Option<&str>) -> Result<(), SignInFailure> {
        let wrong = |cause: &str| Err(SignInFailure::new(SignInError::StateInvalid, cause));
        match iss {
            Some(iss) if iss == self.0.settings.issuer_url => Ok(()),
            Some(_) => wrong("iss of the authorization response is not the provider's issuer"),
            None if self.0.endpoints.get().await?.names_itself => wrong(
                "the authorization response has no iss, although the provider says that its have one",
            ),
            None => Ok(()),
        }
    }

    /// Fetches what will not be fresh for long. To be called every half minute or so; it asks seldom.
    pub async fn refresh_if_due(&self) {
        if let Endpoints::Discovered(cached) = &self.0.endpoints {
            cached.refresh_if_due().await;
        }
        let wants_keys = self
            .0
            .endpoints
            .at_hand()
            .is_some_and(|metadata| metadata.jwks.is_some());
        if wants_keys {
            self.0.keys.refresh_if_due().await;
        }
    }

    /// Whether sign-ins can work: the issuer answers, is the one of the file, and has keys. For `strict_discovery` and
    /// for the doctor; the error is for the operator.
    pub async fn check(&self) -> Result<(), String> {
        let metadata = self.0.endpoints.get().await.map_err(|fault| fault.cause)?;
        if metadata.jwks.is_none() {
            return Ok(());
        }
        match self.0.keys.get().await {
            Ok(held) if held.value.len() == 0 => Err("the key set has no usable key".to_owned()),
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.cause),
        }
    }

    /// Where browsers are signed out at the provider, as far as that is known without asking.
    pub fn end_session_endpoint(&self) -> Option<Url> {
        self.0.endpoints.at_hand()?.end_session.clone()
    }
}

/// Why a provider cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The issuer's address or the HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An endpoint of the file.
    #[error("{0}")]
    Endpoints(String),
}

#[cfg(test)]
mod tests;
