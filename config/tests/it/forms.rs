//! `env.`, `file.` and `literal.`, what is switched off, and the digest.

use super::{accepted, refused};

fn with_secret(secret: &str) -> String {
    format!(
        "
server: {{public_base_url: http://localhost:8080}}
auth:
  oidc:
    providers:
      - {{key: a, issuer_url: https://a.example.com, client_id: x, client_secret: {secret}}}
"
    )
}

fn secret_of(written: &str) -> String {
    let config = accepted(
        &with_secret(written),
        [("NAME", "from env"), ("_2", "file.x")],
    );
    let secret = config.auth.oidc[0].client_secret.as_ref();
    secret.map_or_else(String::new, |secret| secret.expose().to_owned())
}

#[test]
fn each_form_gives_its_value() {
    assert_eq!(secret_of("env.NAME"), "from env");
    assert_eq!(secret_of("\"env.NAME\""), "from env");
    assert_eq!(secret_of("env._2"), "file.x");
    assert_eq!(
        secret_of("file.testdata/files/secret.txt"),
        "s3cret-from-file"
    );
    assert_eq!(secret_of("literal.env.NAME"), "env.NAME");
    assert_eq!(secret_of("literal.literal.x"), "literal.x");
    assert_eq!(secret_of("plain"), "plain");
    assert_eq!(secret_of("\"true\""), "true");
    assert_eq!(secret_of("1e3"), "1e3");
    assert_eq!(secret_of("environment"), "environment");
}

#[test]
fn any_scalar_may_come_from_elsewhere() {
    let text = "
server: {bind: env.BIND, metrics_bind: env.OFF, public_base_url: env.URL, trusted_proxies: [env.NET]}
auth:
  session: {idle: env.IDLE}
  oidc:
    providers:
      - {key: env.KEY, issuer_url: env.ISSUER, client_id: env.KEY, enabled: env.ON, jit: {enabled: env.ON, global_role: env.ROLE}}
";
    let config = accepted(
        text,
        [
            ("BIND", "127.0.0.1:1"),
            ("OFF", "off"),
            ("URL", "https://g.example.com"),
            ("NET", "10.0.0.0/8"),
            ("IDLE", "1h"),
            ("KEY", "idp"),
            ("ISSUER", "https://idp.example.com"),
            ("ON", "true"),
            ("ROLE", "auditor"),
        ],
    );
    assert!(config.auth.oidc[0].enabled);
    assert!(config.auth.oidc[0].jit.is_some());
    assert_eq!(config.auth.oidc[0].key, "idp");
}

#[test]
fn what_a_disabled_provider_refers_to_need_not_exist() {
    let text = "
auth:
  oidc:
    providers:
      - key: a
        enabled: false
        issuer_url: env.NONE
        client_id: env.NONE
        client_secret: env.NONE
        scopes: [env.NONE, email]
        trust_email: always
        http: {ca_file: no/such.pem, timeout: env.NONE}
        jit: {enabled: true, global_role: platform_admin, membership: {team: env.NONE, role: admin}}
  oauth:
    providers:
      - key: b
        provider_type: github
        client_id: file.no/such
        client_secret: file.no/such
        base_url: env.NONE
        enabled: false
";
    let config = accepted(text, []);
    assert_eq!(config.warnings.to_string(), "");
    assert!(config.auth.oidc[0].client_secret.is_none());
    assert_eq!(config.auth.oauth[0].client_secret.expose(), "");
    assert_eq!(config.auth.oauth[0].web("/"), "https://github.com/");
}

#[test]
fn a_secret_in_the_file_is_for_ones_own_machine() {
    let config = accepted(&with_secret("hunter2-canary"), []);
    insta::assert_snapshot!(config.warnings, @r"gateway.yaml:6:82: auth.oidc.providers[0].client_secret: warning: a secret that stands in the file; env.NAME or file.PATH keep it out of copies");
    let open = with_secret("hunter2-canary").replace("server: {", "server: {bind: \"[::]:80\", ");
    insta::assert_snapshot!(refused(&open, []), @r"gateway.yaml:6:82: auth.oidc.providers[0].client_secret: a secret may stand in the file only while server.bind is a loopback address, not [::]:80; use env.NAME or file.PATH");
    let by_env = with_secret("env.S").replace("server: {", "server: {bind: \"[::]:80\", ");
    assert_eq!(
        accepted(&by_env, [("S", "hunter2")]).warnings.to_string(),
        ""
    );
    let database = "server: {bind: \"0.0.0.0:80\"}\ndatabase: {url: \"postgres://u@h/d\"}";
    accepted(database, []);
    refused(&database.replace("u@", "u:canary@"), []);
    refused(&database.replace("/d", "/d?password=canary"), []);
}

#[test]
fn the_digest_changes_with_the_text_and_with_what_it_refers_to() {
    let digest = |text: &str, secret| accepted(text, [("NAME", secret)]).digest;
    let text = with_secret("env.NAME");
    let first = digest(&text, "one");
    assert_eq!(first.len(), 64);
    assert!(first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(first, digest(&text, "one"));
    assert_ne!(first, digest(&text, "two"));
    assert_ne!(first, digest(&format!("{text}# more"), "one"));
}

#[test]
fn a_started_sign_in_is_bound_to_what_it_started_with() {
    let provider = |key, issuer, client| {
        let text = format!(
            "
server: {{public_base_url: http://localhost:8080}}
auth: {{oidc: {{providers: [{{key: {key}, issuer_url: \"{issuer}\", client_id: {client}}}]}}}}
"
        );
        accepted(&text, []).auth.oidc.remove(0).settings_digest()
    };
    let first = provider("a", "https://a.example.com", "x");
    assert_eq!(first, provider("a", "https://a.example.com", "x"));
    assert_ne!(first, provider("b", "https://a.example.com", "x"));
    assert_ne!(first, provider("a", "https://a.example.com/", "x"));
    assert_ne!(first, provider("a", "https://a.example.com", "y"));
    // The parts do not run into one another.
    assert_ne!(
        provider("a", "https://a.example.com/1", "23"),
        provider("a", "https://a.example.com/12", "3")
    );
}
