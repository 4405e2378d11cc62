//! OIDC providers.

use std::{collections::BTreeMap, time::Duration};

use gateway_domain::{Secret, sso::TrustEmail};
use url::Url;

use crate::{CallbackForm, HttpPolicy, Jit, SigningAlgorithm, binding};

/// One of `auth.oidc.providers`.
#[derive(Clone)]
pub struct OidcProvider {
    /// Its name in URLs and links; `[a-z0-9][a-z0-9_-]*`, unique over OIDC and OAuth, never `password`.
    pub key: String,
    /// Its name on the sign-in page.
    pub label: String,
    /// The operator's word for the product: `generic`, `authentik`, `keycloak`, …
    pub preset: String,
    /// The issuer, exactly as written: issuers are compared byte by byte.
    pub issuer_url: String,
    /// Our name at the provider.
    pub client_id: String,
    /// Our secret there; `None`: a public client.
    pub client_secret: Option<Secret>,
    /// What to ask for; holds `openid`.
    pub scopes: Vec<String>,
    /// Whether people may sign in with it.
    pub enabled: bool,
    /// Which algorithms ID tokens may be signed with.
    pub signing_algorithms: Vec<SigningAlgorithm>,
    /// Which addresses are believed.
    pub trust_email: TrustEmail,
    /// Hosts of addresses that may sign in; empty: all.
    pub allowed_email_domains: Vec<String>,
    /// Under which names the provider tells things.
    pub claims: Claims,
    /// Addresses given by hand.
    pub endpoints: Endpoints,
    /// Added to the authorization request.
    pub extra_auth_params: BTreeMap<String, String>,
    /// How to talk to it.
    pub http: HttpPolicy,
    /// How long a fetched key set and discovery document are fresh. Default 5 min.
    pub jwks_cache: Duration,
    /// Refuse to start when the issuer cannot be reached or does not match.
    pub strict_discovery: bool,
    /// What becomes of strangers; `None` (or `enabled: false`): they are refused.
    pub jit: Option<Jit>,
}

/// `claims`: names of top-level claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The address. Default `email`.
    pub email: String,
    /// The name. Default `name`.
    pub name: String,
}

/// `endpoints`: any or all; given ones win over discovery, with authorization, token and jwks given there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Where browsers are sent.
    pub authorization: Option<Url>,
    /// Where codes are exchanged.
    pub token: Option<Url>,
    /// Where claims are asked for.
    pub userinfo: Option<Url>,
    /// Where the keys are.
    pub jwks: Option<Url>,
    /// Where browsers are signed out.
    pub end_session: Option<Url>,
}

impl OidcProvider {
    /// SHA-256 over key, issuer and client id. A started sign-in is bound to it: it does not survive a change of them.
    pub fn settings_digest(&self) -> [u8; 32] {
        binding::digest([&self.key, &self.issuer_url, &self.client_id])
    }

    /// The path that the provider sends browsers back to.
    pub fn redirect_path(&self, callback: CallbackForm) -> String {
        match callback {
            CallbackForm::Shared => "/api/v1/auth/oidc/callback".to_owned(),
            CallbackForm::PerProvider => format!("/api/v1/auth/oidc/callback/{}", self.key),
        }
    }
}
