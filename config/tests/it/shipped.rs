//! Every file beside this crate loads.

use std::path::Path;

use gateway_config::{CallbackForm, LoadError, load};
use gateway_domain::{GlobalRole, TeamRole};

use super::env;

fn shipped(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_example_loads_without_any_environment() {
    let config = load(Some(&shipped("gateway.yaml")), &env([])).unwrap();
    assert_eq!(config.warnings.to_string(), "");
    assert_eq!(config.server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(
        config.server.public_base_url.origin(),
        "http://127.0.0.1:8080"
    );
    assert!(config.auth.oidc.iter().all(|provider| !provider.enabled));
    assert!(config.auth.oauth.iter().all(|provider| !provider.enabled));
    assert!(config.auth.oidc[0].jit.is_none());
    assert!(config.auth.bootstrap_admin.is_none());
}

/// Whoever takes away the first `#` of a setting gets one that loads.
#[test]
fn what_the_example_only_mentions_is_right_too() {
    let text = std::fs::read_to_string(shipped("gateway.yaml")).unwrap();
    let plain = [
        "# public_base_url:",
        "# secrets:",
        "#   master_key:",
        "# bootstrap_admin:",
        "#   email:",
        "#   password:",
        "#   require_password_change:",
        "# membership:",
        "# signing_algorithms:",
        "# claims:",
        "# endpoints:",
        "#   authorization:",
        "#   token:",
        "#   userinfo:",
        "#   jwks:",
        "#   end_session:",
        "# extra_auth_params:",
        "# http:",
        "#   timeout:",
        "#   allow_private_cidrs:",
        "#   allow_insecure:",
        "# jwks_cache:",
        "# strict_discovery:",
        "# - {key: platform",
        "# - email:",
        "#   name:",
        "#   sign_in:",
        "#   global_role:",
        "#   request_logging_enabled:",
    ];
    let open = |line: &str| {
        let trimmed = line.trim_start();
        let is_item = ["# - ", "#   ", "# ledger:"]
            .iter()
            .any(|start| line.starts_with(start));
        if is_item || plain.iter().any(|setting| trimmed.starts_with(setting)) {
            line.replacen("# ", "", 1)
        } else {
            line.replace("enabled: false", "enabled: true")
        }
    };
    let opened: Vec<_> = text
        .lines()
        .skip_while(|line| !line.starts_with("server:"))
        .map(open)
        .map(|line| match line.strip_suffix(" []") {
            Some(list) if !list.starts_with(' ') => list.to_owned(),
            _ => line.replace("file./run/secrets/vertex.json", "env.VERTEX"),
        })
        .collect();
    let variables = env([
        ("AUTHENTIK_CLIENT_SECRET", "s"),
        ("GITHUB_OAUTH_CLIENT_ID", "id"),
        ("GITHUB_OAUTH_CLIENT_SECRET", "s"),
        ("GATEWAY_BOOTSTRAP_ADMIN_PASSWORD", "p"),
        (
            "GATEWAY_MASTER_KEY",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
        ("OPENAI_API_KEY", "s"),
        ("ANTHROPIC_API_KEY", "s"),
        ("AZURE_OPENAI_API_KEY", "s"),
        ("GEMINI_API_KEY", "s"),
        (
            "VERTEX",
            r#"{"client_email": "a", "private_key": "b", "token_uri": "c"}"#,
        ),
    ]);
    let config = gateway_config::parse(&opened.join("\n"), "opened.yaml", &variables)
        .unwrap_or_else(|error| panic!("{error}\n{}", opened.join("\n")));
    assert_eq!(config.teams.len(), 1);
    assert_eq!(config.users.len(), 1);
    assert_eq!(config.service_accounts.len(), 1);
    assert_eq!(config.providers.len(), 7);
    assert_eq!(config.models.len(), 2);
    assert!(config.ledger.spool.is_some());
    assert!(config.secrets.master_key.is_some());
    assert!(config.auth.bootstrap_admin.is_some());
    assert!(config.auth.oidc[0].endpoints.jwks.is_some());
    assert!(
        config.auth.oidc[0]
            .jit
            .as_ref()
            .is_some_and(|jit| jit.membership.is_some())
    );
    assert_eq!(config.warnings.to_string(), "");
}

#[test]
fn the_local_file_loads() {
    let variables = env([
        ("AUTHENTIK_OCEANS_LLM_CLIENT_SECRET", "s"),
        ("GATEWAY_BOOTSTRAP_ADMIN_PASSWORD", "p"),
    ]);
    let config = load(Some(&shipped("local.yaml")), &variables).unwrap();
    let provider = &config.auth.oidc[0];
    assert_eq!(
        provider.issuer_url,
        "http://authentik.localhost:9000/application/o/oceans-llm/"
    );
    assert_eq!(
        provider.redirect_path(config.auth.callback),
        "/api/v1/auth/oidc/callback"
    );
    assert_eq!(
        provider.redirect_path(CallbackForm::PerProvider),
        "/api/v1/auth/oidc/callback/authentik"
    );
    let jit = provider.jit.as_ref().unwrap();
    assert_eq!(jit.global_role, GlobalRole::PlatformAdmin);
    assert!(jit.request_logging_enabled);
    assert_eq!(jit.membership.as_ref().unwrap().role, TeamRole::Admin);
    assert_eq!(
        config.server.public_base_url.origin(),
        "http://localhost:8080"
    );
    assert_eq!(
        config.auth.bootstrap_admin.unwrap().email.as_str(),
        "admin@local"
    );
}

#[test]
fn the_local_file_names_every_variable_that_it_needs() {
    let Err(LoadError::Invalid(findings)) = load(Some(&shipped("local.yaml")), &env([])) else {
        panic!("loaded");
    };
    let text = findings.to_string();
    assert!(
        text.contains("AUTHENTIK_OCEANS_LLM_CLIENT_SECRET"),
        "{text}"
    );
    assert!(text.contains("GATEWAY_BOOTSTRAP_ADMIN_PASSWORD"), "{text}");
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let missing = load(Some(Path::new("no/such.yaml")), &env([]))
        .err()
        .unwrap();
    assert_eq!(
        missing.to_string(),
        "no configuration file; tried no/such.yaml. Name one with --config FILE or GATEWAY_CONFIG, \
         or try `gateway demo`."
    );
    let by_variable = load(None, &env([("GATEWAY_CONFIG", "no/other.yaml")]));
    assert!(
        by_variable
            .err()
            .unwrap()
            .to_string()
            .contains("tried no/other.yaml.")
    );
    // Tests run in the crate's folder, where the default path leads nowhere.
    let by_default = load(None, &env([("GATEWAY_CONFIG", "")]));
    assert!(
        by_default
            .err()
            .unwrap()
            .to_string()
            .contains("tried config/gateway.yaml.")
    );
}

#[test]
fn what_cannot_be_read_is_another_error() {
    let folder = load(Some(Path::new("testdata")), &env([])).err().unwrap();
    assert!(matches!(folder, LoadError::Unreadable { .. }), "{folder}");
}
