//! `auth`: sign-in, sessions and the identity providers.

use std::{path::PathBuf, time::Duration};

use gateway_domain::{Email, GlobalRole, Secret, TeamRole};
use ipnet::IpNet;

use crate::{OauthProvider, OidcProvider};

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

/// `jit`, when enabled: what a stranger becomes at the first sign-in, and never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jit {
    /// The global role. Default `user`.
    pub global_role: GlobalRole,
    /// Whether requests are logged. Default false.
    pub request_logging_enabled: bool,
    /// The team to join; the file's `teams` declare it.
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
