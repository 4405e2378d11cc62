//! `auth`: sign-in, sessions and the identity providers.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use gateway_domain::{Email, GlobalRole, Secret, TeamRole, sso::TrustEmail};
use ipnet::IpNet;
use url::Url;

/// `auth`.
#[derive(Clone)]
pub struct Auth {
    /// The admin made at the first start, where the file names one.
    pub bootstrap_admin: Option<BootstrapAdmin>,
    /// How long sessions last.
    pub session: SessionLimits,
    /// Which callback the OIDC providers are given: `auth.oidc.callback`.
    pub callback: CallbackForm,
    /// `auth.oidc.providers`, in the file's order, disabled ones too.
    pub oidc: Vec<OidcProvider>,
    /// `auth.oauth.providers`, in the file's order, disabled ones too.
    pub oauth: Vec<OauthProvider>,
}

/// `auth.bootstrap_admin`: made once, when the database has no platform admin; later changes here change nothing.
#[derive(Clone)]
pub struct BootstrapAdmin {
    /// Who.
    pub email: Email,
    /// The first password.
    pub password: Secret,
    /// Whether the first sign-in must choose another. Default: true.
    pub require_password_change: bool,
}

/// `auth.session`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Ends a session unused for so long. Default 8 h.
    pub idle: Duration,
    /// Ends every session after so long. Default 24 h.
    pub absolute: Duration,
    /// How often the provider is asked whether the person is still welcome. Default 15 min.
    pub revalidate: Duration,
}

/// `auth.oidc.callback`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CallbackForm {
    /// One address for all providers: `/api/v1/auth/oidc/callback`.
    #[default]
    Shared,
    /// One address a provider: `/api/v1/auth/oidc/callback/{key}`.
    PerProvider,
}

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

/// `http`: how to talk to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpPolicy {
    /// For a whole request with its answer. Default 10 s.
    pub timeout: Duration,
    /// PEM certificates to trust besides the usual ones; read and checked when the file is loaded.
    pub ca_pem: Option<Vec<u8>>,
    /// Where `ca_pem` came from.
    pub ca_file: Option<PathBuf>,
    /// Private networks that the provider's documents may name.
    pub allow_private_cidrs: Vec<IpNet>,
    /// Allow plain http beyond loopback and `.localhost`.
    pub allow_insecure: bool,
}

/// Algorithms of ID tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "RFC 7518 and RFC 8037 name them")]
pub enum SigningAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
    Hs256,
    Hs384,
    Hs512,
}

impl SigningAlgorithm {
    /// The default: asymmetric, in use, supported.
    pub const DEFAULT: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// Its registered name (RFC 7518 §3.1).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// Whether the client secret is the key: only when the operator pinned it by hand.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `jit`, when enabled: what a stranger becomes at the first sign-in, and never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jit {
    /// The global role. Default `user`.
    pub global_role: GlobalRole,
    /// Whether requests are logged. Default false.
    pub request_logging_enabled: bool,
    /// The team to join; declared in `teams`, or one that an admin made.
    pub membership: Option<JitMembership>,
}

/// `jit.membership`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitMembership {
    /// The team's key.
    pub team: String,
    /// `admin` or `member`; `owner` is refused.
    pub role: TeamRole,
}

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
    /// Where browsers go. Default `https://github.com`. No slash at the end.
    pub base_url: Url,
    /// Where the API is. Default `https://api.github.com`; with another `base_url` its `/api/v3`.
    pub api_url: Url,
    /// How to talk to it.
    pub http: HttpPolicy,
    /// What becomes of strangers.
    pub jit: Option<Jit>,
}
