//! `server`, `database` and `secrets`.

use std::{net::SocketAddr, time::Duration};

use gateway_domain::Secret;
use ipnet::IpNet;

use crate::PublicUrl;

/// `server`.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen. Default `127.0.0.1:8080`.
    pub bind: SocketAddr,
    /// Where `/metrics` is served; `None` when `off`. Default `127.0.0.1:9464`.
    pub metrics_bind: Option<SocketAddr>,
    /// Under which address browsers reach us: `server.public_base_url` or `auth.oidc.public_base_url` or
    /// `auth.oauth.public_base_url`, which must agree; without providers the default is `http://{bind}`,
    /// or `http://localhost:{port}` where `bind` is every address.
    pub public_base_url: PublicUrl,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a stop waits for running requests. Default 30 s.
    pub drain_timeout: Duration,
}

/// `database`.
#[derive(Clone)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; may hold a password. Default `sqlite://var/gateway.db`.
    pub url: Secret,
}

/// `secrets`.
#[derive(Clone)]
pub struct Secrets {
    /// 32 bytes that seal stored secrets, base64 in the file. Nothing is sealed yet.
    pub master_key: Option<Secret>,
}
