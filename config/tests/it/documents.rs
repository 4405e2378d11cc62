//! Whole documents: the smallest, the largest, and those that others wrote.

use std::time::Duration;

use gateway_config::{CallbackForm, ProviderKind, SigningAlgorithm, Unpriced};
use gateway_domain::{GlobalRole, Payloads, SignIn, TeamRole, sso::TrustEmail};

use super::accepted;

const EVERYTHING: &str = "\
server:
  bind: 127.0.0.1:8081
  metrics_bind: off
  public_base_url: env.GATEWAY_PUBLIC_BASE_URL
  trusted_proxies: [10.0.0.0/8, \"fd00::/8\"]
  drain_timeout: 45s
database: {url: env.DATABASE}
secrets: {master_key: env.GATEWAY_MASTER_KEY}
auth:
  mode: standard
  bootstrap_admin: {email: admin@local, password: env.ADMIN, require_password_change: false}
  session: {idle: 1h, absolute: 2d, revalidate: 5m}
  oidc:
    public_base_url: env.GATEWAY_PUBLIC_BASE_URL
    callback: per_provider
    providers:
      - key: okta
        label: Okta
        preset: okta
        issuer_url: https://t.okta.com
        client_id: 0123
        client_secret: file.testdata/files/secret.txt
        scopes: [openid, email, profile, offline_access]
        enabled: true
        signing_algorithms: [RS256, ES384, EdDSA]
        trust_email: verified
        allowed_email_domains: [Example.com, example.org]
        claims: {user: sub, email: mail, name: display_name, groups: groups}
        endpoints: {token: \"https://10.1.2.3/token?x=1\", jwks: http://127.0.0.1:9/jwks}
        extra_auth_params: {prompt: login, max_age: 3600}
        http: {timeout: 5s, ca_file: testdata/files/ca.pem, allow_private_cidrs: [10.0.0.0/8], allow_insecure: false}
        jwks_cache: 1m
        strict_discovery: true
        jit: {enabled: true, global_role: auditor, request_logging_enabled: true, membership: {team: ml, role: member}}
  oauth:
    public_base_url: env.GATEWAY_PUBLIC_BASE_URL
    providers:
      - {key: ghe, label: GHE, provider_type: github, client_id: x, client_secret: env.GHE, base_url: \"https://ghe.example.com/\",
         allowed_organizations: [acme], jit: {enabled: false}}
      - {key: github, provider_type: github, client_id: x, client_secret: env.GHE, scopes: [read:user, user:email]}
teams: [{key: platform, name: Platform}, {key: ml}]
users:
  - {email: Ops@example.com, name: Ops, sign_in: okta, global_role: platform_admin, membership: {team: platform, role: owner}}
  - {email: b@example.com, sign_in: password, request_logging_enabled: false}
service_accounts: [{key: ci, name: CI, team: platform}]
providers:
  - {id: openai, type: openai, api_key: env.GHE, organization: org-1, project: proj_1, timeouts: {connect: 2s, first_byte: 10m, idle: 30s}}
  - {id: local, type: openai_compatible, base_url: \"http://10.1.2.3:8000/v1/\", http: {allow_insecure: true}, surfaces: [chat, responses], headers: {X-Title: ogw}}
  - {id: anthropic, type: anthropic, api_key: env.GHE, base_url: \"http://127.0.0.1:9700\"}
  - {id: azure, type: azure_openai, base_url: \"https://acme.openai.azure.com\", entra: {tenant_id: t, client_id: c, client_secret: env.GHE}}
  - {id: gemini, type: gemini, api_key: env.GHE}
  - {id: vertex, type: vertex, project: p, location: europe-west1, credentials: file.testdata/files/service-account.json}
  - {id: bedrock, type: bedrock, region: eu-central-1, access_key_id: AKIA, secret_access_key: env.GHE}
models:
  - id: gpt-4o-mini
    routes:
      - {provider: openai, price: {input_usd_per_million: \"0.15\", output_usd_per_million: 0.60, cache_read_usd_per_million: \"0.075\"}}
      - {provider: azure, upstream_model: mini, priority: 200, weight: 3}
  - {id: meta/llama:70b, name: Llama, routes: [{provider: local}]}
pricing: {unpriced: block}
request_logging: {payloads: redacted, retention: 7d}
ledger: {spool: var/spool}
";

const VARIABLES: [(&str, &str); 5] = [
    ("GATEWAY_PUBLIC_BASE_URL", "https://gateway.example.com/"),
    ("DATABASE", "postgres://ogw:p@db.example.com/ogw"),
    (
        "GATEWAY_MASTER_KEY",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ),
    ("ADMIN", "first"),
    ("GHE", "ghe-secret"),
];

#[test]
fn everything_means_what_it_says() {
    let config = accepted(EVERYTHING, VARIABLES);
    assert_eq!(config.file, "gateway.yaml");
    assert_eq!(config.server.bind.port(), 8081);
    assert_eq!(config.server.metrics_bind, None);
    assert_eq!(
        config.server.public_base_url.join("/x"),
        "https://gateway.example.com/x"
    );
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.server.drain_timeout, Duration::from_secs(45));
    assert_eq!(
        config.database.url.expose(),
        "postgres://ogw:p@db.example.com/ogw"
    );
    assert!(config.secrets.master_key.is_some());

    let admin = config.auth.bootstrap_admin.unwrap();
    assert_eq!(admin.password.expose(), "first");
    assert!(!admin.require_password_change);
    assert_eq!(config.auth.session.idle, Duration::from_hours(1));
    assert_eq!(config.auth.session.absolute, Duration::from_hours(48));
    assert_eq!(config.auth.session.revalidate, Duration::from_mins(5));
    assert_eq!(config.auth.callback, CallbackForm::PerProvider);

    assert_eq!(config.teams[1].name, "ml");
    assert_eq!(config.users[0].email.as_str(), "Ops@example.com");
    assert_eq!(config.users[0].sign_in, SignIn::provider("okta"));
    assert_eq!(config.users[0].global_role, GlobalRole::PlatformAdmin);
    assert_eq!(
        config.users[0].membership.as_ref().unwrap().role,
        TeamRole::Owner
    );
    assert_eq!(config.users[0].request_logging_enabled, None);
    assert_eq!(config.users[1].name, "b@example.com");
    assert!(config.users[1].sign_in.is_password());
    assert_eq!(config.users[1].request_logging_enabled, Some(false));
    assert!(config.warnings.0.is_empty(), "{}", config.warnings);
}

#[test]
fn the_data_plane_means_what_it_says() {
    let config = accepted(EVERYTHING, VARIABLES);
    let types: Vec<_> = config
        .providers
        .iter()
        .map(|provider| (provider.type_name(), provider.base_url().as_str()))
        .collect();
    assert_eq!(
        types,
        [
            ("openai", "https://api.openai.com/v1"),
            ("openai_compatible", "http://10.1.2.3:8000/v1"),
            ("anthropic", "http://127.0.0.1:9700/"),
            ("azure_openai", "https://acme.openai.azure.com/"),
            ("gemini", "https://generativelanguage.googleapis.com/"),
            ("vertex", "https://europe-west1-aiplatform.googleapis.com/"),
            (
                "bedrock",
                "https://bedrock-runtime.eu-central-1.amazonaws.com/"
            ),
        ]
    );
    assert_eq!(
        config.providers[0].timeouts.first_byte,
        Duration::from_mins(10)
    );
    assert_eq!(config.providers[1].headers[0].0, "x-title");
    let ProviderKind::OpenAiCompatible {
        api_key, surfaces, ..
    } = &config.providers[1].kind
    else {
        panic!("not what it was declared to be");
    };
    assert!(api_key.is_none());
    assert_eq!(surfaces.len(), 2);
    let mini = &config.models[0];
    let price = mini.routes[0].price.unwrap();
    assert_eq!(price.input.pico(), 150_000);
    assert_eq!(price.output.pico(), 600_000);
    assert_eq!(price.cache_read.unwrap().pico(), 75_000);
    assert_eq!(mini.routes[0].upstream_model, "gpt-4o-mini");
    assert_eq!((mini.routes[1].priority, mini.routes[1].weight), (200, 3));
    assert_eq!(config.models[1].name, "Llama");
    assert_eq!(config.unpriced, Unpriced::Block);
    assert_eq!(config.request_logging.payloads, Payloads::Redacted);
    assert_eq!(
        config.request_logging.retention,
        Duration::from_hours(7 * 24)
    );
    assert_eq!(config.service_accounts[0].team, "platform");
    assert!(config.ledger.spool.is_some());
}

#[test]
fn an_oidc_provider_means_what_it_says() {
    let config = accepted(EVERYTHING, VARIABLES);
    let okta = &config.auth.oidc[0];
    assert_eq!(okta.client_id, "0123");
    assert_eq!(
        okta.client_secret.as_ref().unwrap().expose(),
        "s3cret-from-file"
    );
    assert_eq!(okta.issuer_url, "https://t.okta.com");
    assert_eq!(okta.scopes.last().unwrap(), "offline_access");
    assert_eq!(
        okta.signing_algorithms,
        [
            SigningAlgorithm::Rs256,
            SigningAlgorithm::Es384,
            SigningAlgorithm::EdDsa
        ]
    );
    assert_eq!(okta.trust_email, TrustEmail::Verified);
    assert_eq!(okta.allowed_email_domains, ["example.com", "example.org"]);
    assert_eq!(
        (okta.claims.email.as_str(), okta.claims.name.as_str()),
        ("mail", "display_name")
    );
    assert_eq!(
        okta.endpoints.token.as_ref().unwrap().as_str(),
        "https://10.1.2.3/token?x=1"
    );
    assert!(okta.endpoints.authorization.is_none());
    assert_eq!(okta.extra_auth_params["max_age"], "3600");
    assert_eq!(okta.http.timeout, Duration::from_secs(5));
    assert!(
        okta.http
            .ca_pem
            .as_ref()
            .unwrap()
            .starts_with(b"-----BEGIN")
    );
    assert_eq!(okta.jwks_cache, Duration::from_mins(1));
    assert!(okta.strict_discovery);
    let jit = okta.jit.as_ref().unwrap();
    assert_eq!(jit.global_role, GlobalRole::Auditor);
    assert_eq!(jit.membership.as_ref().unwrap().team, "ml");
}

#[test]
fn an_oauth_provider_means_what_it_says() {
    let config = accepted(EVERYTHING, VARIABLES);
    let [ghe, github] = &config.auth.oauth[..] else {
        panic!()
    };
    assert_eq!(ghe.client_secret.expose(), "ghe-secret");
    assert_eq!(ghe.scopes, ["read:user", "user:email", "read:org"]);
    assert_eq!(
        ghe.web("/login/oauth/authorize"),
        "https://ghe.example.com/login/oauth/authorize"
    );
    assert_eq!(ghe.api("/user"), "https://ghe.example.com/api/v3/user");
    assert!(ghe.jit.is_none());
    assert_eq!(github.label, "github");
    assert_eq!(github.web("/x"), "https://github.com/x");
    assert_eq!(github.api("/user"), "https://api.github.com/user");
    assert_eq!(
        github.redirect_path(config.auth.callback),
        "/api/v1/auth/oauth/callback/github"
    );
}

#[test]
fn nothing_at_all_is_the_defaults() {
    for text in [
        "",
        "{}",
        "# nothing\n",
        "---\n",
        "\u{feff}",
        "server:\nauth:\nusers:\n",
        "~",
    ] {
        let config = accepted(text, []);
        assert_eq!(config.server.bind.to_string(), "127.0.0.1:8080");
        assert_eq!(
            config.server.metrics_bind.unwrap().to_string(),
            "127.0.0.1:9464"
        );
        assert_eq!(config.server.drain_timeout, Duration::from_secs(30));
        assert_eq!(config.database.url.expose(), "sqlite://var/gateway.db");
        assert_eq!(config.auth.session.idle, Duration::from_hours(8));
        assert_eq!(config.auth.session.absolute, Duration::from_hours(24));
        assert_eq!(config.auth.session.revalidate, Duration::from_mins(15));
        assert_eq!(config.warnings.to_string(), "");
    }
}

#[test]
fn a_provider_needs_four_keys() {
    let text = "
server: {public_base_url: http://localhost:8080}
auth: {oidc: {providers: [{key: idp, issuer_url: https://idp.example.com, client_id: x}]}}
";
    let config = accepted(text, []);
    let provider = &config.auth.oidc[0];
    assert!(provider.enabled);
    assert!(provider.client_secret.is_none());
    assert!(provider.jit.is_none());
    assert_eq!(provider.label, "idp");
    assert_eq!(provider.preset, "generic");
    assert_eq!(provider.scopes, ["openid", "email", "profile"]);
    assert_eq!(provider.signing_algorithms, SigningAlgorithm::DEFAULT);
    assert_eq!(provider.claims.email, "email");
    assert_eq!(provider.http.timeout, Duration::from_secs(10));
    assert_eq!(provider.jwks_cache, Duration::from_mins(5));
    assert_eq!(config.warnings.to_string(), "");
}

/// As public documents of this field show it, with and without a place for newcomers.
#[test]
fn an_authentik_provider_as_others_write_it() {
    let text = "
auth:
  oidc:
    public_base_url: env.GATEWAY_PUBLIC_BASE_URL
    providers:
      - key: authentik
        label: Authentik
        issuer_url: http://authentik.localhost:9000/application/o/oceans-llm/
        client_id: oceans-llm
        client_secret: env.AUTHENTIK_OCEANS_LLM_CLIENT_SECRET
        scopes: [openid, email, profile]
        enabled: true
        jit:
          enabled: true
          global_role: platform_admin
          request_logging_enabled: true
          membership:
            team: platform
            role: admin
teams:
  - key: platform
    name: Platform
";
    let variables = [
        ("GATEWAY_PUBLIC_BASE_URL", "http://localhost:8080"),
        ("AUTHENTIK_OCEANS_LLM_CLIENT_SECRET", "s"),
    ];
    let config = accepted(text, variables);
    assert_eq!(
        config.auth.oidc[0]
            .jit
            .as_ref()
            .unwrap()
            .membership
            .as_ref()
            .unwrap()
            .team,
        "platform"
    );
    assert_eq!(
        config.server.public_base_url.origin(),
        "http://localhost:8080"
    );
    let plain = text.replace(
        "enabled: true\n          global",
        "enabled: false\n          global",
    );
    assert!(accepted(&plain, variables).auth.oidc[0].jit.is_none());
}
