//! Single settings and their borders.

use super::{accepted, refused};

fn issuer(url: &str, http: &str) -> String {
    format!(
        "
server: {{public_base_url: https://g.example.com}}
auth: {{oidc: {{providers: [{{key: a, client_id: x, issuer_url: \"{url}\", http: {{{http}}}}}]}}}}
"
    )
}

#[test]
fn plain_http_stays_on_this_machine() {
    for url in [
        "http://127.0.0.1:9000/",
        "http://127.8.9.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost",
        "http://LOCALHOST./",
        "http://authentik.localhost:9000/application/o/oceans-llm/",
        "https://10.0.0.1/",
    ] {
        accepted(&issuer(url, ""), []);
    }
    for url in [
        "http://idp.example.com",
        "http://localhost.example.com",
        "http://notlocalhost",
        "http://10.0.0.1",
        "http://0.0.0.0",
    ] {
        let found = refused(&issuer(url, ""), []).to_string();
        assert!(found.contains("expected https"), "{url}: {found}");
        accepted(&issuer(url, "allow_insecure: true"), []);
    }
}

#[test]
fn link_local_and_metadata_addresses_are_never_talked_to() {
    for url in [
        "https://169.254.169.254/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:169.254.1.1]/",
        "https://metadata.google.internal/",
        "https://METADATA.google.internal./",
        "https://100.100.100.200/",
    ] {
        let found = refused(&issuer(url, "allow_insecure: true"), []).to_string();
        assert!(found.contains("link-local or metadata"), "{url}: {found}");
    }
}

#[test]
fn an_issuer_is_an_address_and_nothing_more() {
    for url in [
        "",
        " https://a.example.com",
        "https://a.example.com ",
        "https://a.exa\\tmple.com",
        "https://a.example.com?",
        "https://a.example.com#",
        "https://u@a.example.com",
        "https://:p@a.example.com",
        "https://",
        "https:///",
        "a.example.com",
        "//a.example.com",
        "file:///etc/passwd",
        "https://a.example.com:99999",
        "https://exa mple.com",
    ] {
        let found = refused(&issuer(url, ""), []);
        assert!(
            found.0.iter().all(|one| one.path.ends_with("issuer_url")),
            "{url}: {found}"
        );
    }
}

#[test]
fn the_public_address_is_a_host_alone() {
    for url in [
        "https://g.example.com/path",
        "https://g.example.com?x",
        "https://u:p@g.example.com",
        "ftp://g.example.com",
        "g.example.com",
        "https://",
    ] {
        let found = refused(&format!("server: {{public_base_url: \"{url}\"}}"), []);
        assert_eq!(found.0.len(), 1, "{url}: {found}");
    }
    for (url, origin) in [
        ("https://G.example.com:443/", "https://g.example.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ] {
        let config = accepted(&format!("server: {{public_base_url: \"{url}\"}}"), []);
        assert_eq!(config.server.public_base_url.origin(), origin);
    }
}

#[test]
fn without_a_public_address_it_is_where_we_listen() {
    for (bind, origin) in [
        ("127.0.0.1:9", "http://127.0.0.1:9"),
        ("[::1]:80", "http://[::1]"),
        ("0.0.0.0:8080", "http://localhost:8080"),
    ] {
        let config = accepted(&format!("server: {{bind: \"{bind}\"}}"), []);
        assert_eq!(config.server.public_base_url.origin(), origin);
    }
}

#[test]
fn two_public_addresses_agree_when_their_origin_is_the_same() {
    let text = |other: &str| {
        format!(
            "
server: {{public_base_url: https://g.example.com}}
auth: {{oauth: {{public_base_url: \"{other}\"}}}}
"
        )
    };
    accepted(&text("https://G.example.com:443/"), []);
    insta::assert_snapshot!(refused(&text("http://localhost"), []), @r"gateway.yaml:3:33: auth.oauth.public_base_url: http://localhost disagrees with https://g.example.com in server.public_base_url; give it once");
}

#[test]
fn a_short_absolute_shortens_idle_with_it() {
    let session = |text: &str| format!("auth: {{session: {{{text}}}}}");
    let limits = accepted(&session("absolute: 1h"), []).auth.session;
    assert_eq!(limits.idle, limits.absolute);
    accepted(&session("idle: 30d, absolute: 30d"), []);
    refused(&session("idle: 25h"), []);
    refused(&session("absolute: 31d"), []);
    refused(&session("idle: 0s"), []);
    refused(&session("revalidate: 0m"), []);
}

#[test]
fn symmetric_algorithms_need_a_secret_and_a_word_of_warning() {
    let text = |more: &str| {
        format!(
            "
server: {{public_base_url: https://g.example.com}}
auth: {{oidc: {{providers: [{{key: a, client_id: x, issuer_url: https://a.example.com, signing_algorithms: [HS256]{more}}}]}}}}
"
        )
    };
    refused(&text(""), []);
    let config = accepted(&text(", client_secret: env.S"), [("S", "s")]);
    assert!(
        config
            .warnings
            .to_string()
            .contains("HS256 is pinned by hand")
    );
}

#[test]
fn the_slash_at_the_end_names_both_spellings() {
    let text = "
server: {public_base_url: https://g.example.com}
auth: {oidc: {providers: [{key: a, client_id: x, preset: authentik, issuer_url: https://a.example.com/application/o/oceans-llm}]}}
";
    insta::assert_snapshot!(accepted(text, []).warnings, @r#"gateway.yaml:3:81: auth.oidc.providers[0].issuer_url: warning: authentik calls itself "https://a.example.com/application/o/oceans-llm/", with a slash at the end, and this is "https://a.example.com/application/o/oceans-llm"; the two are compared byte by byte"#);
}

#[test]
fn databases() {
    for url in [
        "sqlite://var/x.db",
        "sqlite::memory:",
        "postgres://u@h/d",
        "postgresql://u@h:5432/d",
    ] {
        accepted(&format!("database: {{url: \"{url}\"}}"), []);
    }
    for url in [
        "mysql://u:canary@h/d",
        "canary",
        "canary:canary",
        "postgres://u:canary@h:port/d",
        "/canary",
    ] {
        let found = refused(&format!("database: {{url: \"{url}\"}}"), []).to_string();
        assert!(!found.contains("canary"), "{found}");
    }
}

#[test]
fn the_master_key_is_32_bytes() {
    let text = "secrets: {master_key: env.KEY}";
    accepted(
        text,
        [("KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")],
    );
    for key in [
        "AAAA",
        "canary!",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let found = refused(text, [("KEY", key)]).to_string();
        assert!(!found.contains(key), "{found}");
    }
}

#[test]
fn case_179_nobody_becomes_an_owner_by_signing_in() {
    let policy = |role: &str| {
        format!(
            "
server: {{public_base_url: https://g.example.com}}
teams: [{{key: t}}]
auth: {{oidc: {{providers: [{{key: a, client_id: x, issuer_url: https://id.example.com, jit: {{enabled: true, membership: {{team: t, role: {role}}}}}}}]}}}}
"
        )
    };
    let findings = refused(&policy("owner"), []).to_string();
    assert!(findings.contains("jit.membership.role"), "{findings}");
    let warned = accepted(&policy("admin"), []).warnings.to_string();
    assert!(warned.contains("jit.membership"), "{warned}");
    assert!(accepted(&policy("member"), []).warnings.0.is_empty());
}
