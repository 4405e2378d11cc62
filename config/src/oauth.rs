//! OAuth providers: GitHub.

use gateway_domain::{Secret, sso::TrustEmail};
use url::Url;

use crate::{CallbackForm, HttpPolicy, Jit, binding};

/// One of `auth.oauth.providers`: GitHub, or a GitHub Enterprise Server.
#[derive(Clone)]
pub struct OauthProvider {
    /// Its name in URLs and links.
    pub key: String,
    /// Its name on the sign-in page.
    pub label: String,
    /// Our name at the provider.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Secret,
    /// What to ask for. Default `read:user`, `user:email`, and `read:org` with `allowed_organizations`.
    pub scopes: Vec<String>,
    /// Whether people may sign in with it.
    pub enabled: bool,
    /// Hosts of addresses that may sign in; empty: all.
    pub allowed_email_domains: Vec<String>,
    /// Organisations of which one must be an active member; empty: all.
    pub allowed_organizations: Vec<String>,
    /// Which addresses are believed.
    pub trust_email: TrustEmail,
    /// Where browsers go. Default `https://github.com`. [`OauthProvider::web`] adds paths to it.
    pub base_url: Url,
    /// Where the API is. Default `https://api.github.com`; with another `base_url` its `/api/v3`.
    /// [`OauthProvider::api`] adds paths to it.
    pub api_url: Url,
    /// How to talk to it.
    pub http: HttpPolicy,
    /// What becomes of strangers.
    pub jit: Option<Jit>,
}

impl OauthProvider {
    /// SHA-256 over key, base address and client id. A started sign-in is bound to it: it does not survive a change of
    /// them.
    pub fn settings_digest(&self) -> [u8; 32] {
        binding::digest([&self.key, self.base_url.as_str(), &self.client_id])
    }

    /// The path that GitHub sends browsers back to: one for all, since the form is a choice of OIDC's alone.
    pub fn redirect_path(&self, _callback: CallbackForm) -> String {
        "/api/v1/auth/oauth/callback/github".to_owned()
    }

    /// The address of one of GitHub's pages, whose path begins with a slash.
    pub fn web(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.as_str().trim_end_matches('/'))
    }

    /// The address of one of the API's resources, whose path begins with a slash.
    pub fn api(&self, path: &str) -> String {
        format!("{}{path}", self.api_url.as_str().trim_end_matches('/'))
    }
}
