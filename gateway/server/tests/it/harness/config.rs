//! The file that the tests run under, as JSON, which is YAML.

use std::{collections::BTreeMap, sync::Arc};

use gateway_config::Config;
use gateway_testkit::{FakeGitHub, FakeIdp};
use serde_json::{Value, json};

/// Where browsers reach the gateway.
pub const PUBLIC: &str = "https://gateway.test";

/// What the gateway is known by at the model providers.
pub const UPSTREAM_KEY: &str = "sk-upstream-canary";

/// One OIDC provider `idp`, one GitHub `github`, both taking strangers as plain users; one team `research`.
pub fn default(idp: &FakeIdp, github: &FakeGitHub) -> Value {
    json!({
        "server": {"bind": "127.0.0.1:8080", "metrics_bind": "off", "public_base_url": PUBLIC},
        "auth": {
            "oidc": {"providers": [oidc_provider("idp", idp)]},
            "oauth": {"providers": [github_provider("github", github)]},
        },
        "teams": [{"key": "research", "name": "Research"}],
    })
}

/// The settings of an OIDC provider that takes strangers as plain users.
pub fn oidc_provider(key: &str, idp: &FakeIdp) -> Value {
    json!({
        "key": key,
        "label": format!("Provider {key}"),
        "issuer_url": idp.issuer(),
        "client_id": FakeIdp::CLIENT_ID,
        "client_secret": "env.IDP_SECRET",
        "http": {"timeout": "2s"},
        "jit": {"enabled": true},
    })
}

/// The settings of a GitHub that takes strangers as plain users.
fn github_provider(key: &str, github: &FakeGitHub) -> Value {
    json!({
        "key": key,
        "label": format!("Provider {key}"),
        "provider_type": "github",
        "client_id": FakeGitHub::CLIENT_ID,
        "client_secret": "env.GITHUB_SECRET",
        "base_url": github.url(""),
        "http": {"timeout": "2s"},
        "jit": {"enabled": true},
    })
}

/// Reads it as the gateway reads its file.
pub fn parse(config: &Value) -> Arc<Config> {
    let environment: BTreeMap<String, String> = [
        ("IDP_SECRET", FakeIdp::CLIENT_SECRET),
        ("GITHUB_SECRET", FakeGitHub::CLIENT_SECRET),
        ("UPSTREAM_KEY", UPSTREAM_KEY),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let text = serde_json::to_string_pretty(config).unwrap();
    let parsed = gateway_config::parse(&text, "test.yaml", &environment);
    Arc::new(parsed.unwrap_or_else(|error| panic!("{error}\n{text}")))
}
