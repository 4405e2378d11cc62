//! What differs between two configurations: names of sections, never values.

use gateway_config::Config;
use gateway_domain::Secret;
use gateway_identity::providers;
use gateway_inference::same_provider;

/// The sections that differ, as paths of the file.
pub(super) fn between(old: &Config, new: &Config) -> Vec<String> {
    let sections = [
        ("server", !same_server(old, new)),
        (
            "database",
            old.database.url.expose() != new.database.url.expose(),
        ),
        ("secrets", master_key(old) != master_key(new)),
        (
            "auth.bootstrap_admin",
            bootstrap_admin(old) != bootstrap_admin(new),
        ),
        ("auth.session", old.auth.session != new.auth.session),
        ("auth.oidc.callback", old.auth.callback != new.auth.callback),
        ("teams", old.teams != new.teams),
        ("users", old.users != new.users),
        (
            "service_accounts",
            old.service_accounts != new.service_accounts,
        ),
        ("pricing", old.unpriced != new.unpriced),
        (
            "request_logging",
            old.request_logging != new.request_logging,
        ),
        ("ledger", old.ledger != new.ledger),
    ];
    let mut changed: Vec<String> = sections
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| name.to_owned())
        .collect();
    changed.extend(named(
        "auth.oidc.providers",
        &old.auth.oidc,
        &new.auth.oidc,
        |provider| &provider.key,
        providers::same_oidc,
    ));
    changed.extend(named(
        "auth.oauth.providers",
        &old.auth.oauth,
        &new.auth.oauth,
        |provider| &provider.key,
        providers::same_oauth,
    ));
    changed.extend(named(
        "providers",
        &old.providers,
        &new.providers,
        |provider| &provider.id,
        same_provider,
    ));
    changed.extend(named(
        "models",
        &old.models,
        &new.models,
        |model| &model.id,
        PartialEq::eq,
    ));
    changed
}

/// The changed settings that the running process cannot follow.
pub(super) fn needing_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    [
        ("server.bind", old.server.bind != new.server.bind),
        (
            "server.metrics_bind",
            old.server.metrics_bind != new.server.metrics_bind,
        ),
        (
            "database.url",
            old.database.url.expose() != new.database.url.expose(),
        ),
        ("ledger.spool", old.ledger.spool != new.ledger.spool),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(name, _)| name)
    .collect()
}

fn same_server(old: &Config, new: &Config) -> bool {
    let (old, new) = (&old.server, &new.server);
    old.bind == new.bind
        && old.metrics_bind == new.metrics_bind
        && old.public_base_url == new.public_base_url
        && old.trusted_proxies == new.trusted_proxies
        && old.drain_timeout == new.drain_timeout
}

fn master_key(config: &Config) -> Option<&str> {
    config.secrets.master_key.as_ref().map(Secret::expose)
}

fn bootstrap_admin(config: &Config) -> Option<(&str, &str, bool)> {
    let admin = config.auth.bootstrap_admin.as_ref()?;
    Some((
        admin.email.as_str(),
        admin.password.expose(),
        admin.require_password_change,
    ))
}

/// Items of a list that came, went or differ, each by its key.
fn named<T>(
    path: &str,
    old: &[T],
    new: &[T],
    key: impl Fn(&T) -> &String,
    same: impl Fn(&T, &T) -> bool,
) -> Vec<String> {
    let find = |list: &[T], wanted: &String| list.iter().position(|item| key(item) == wanted);
    let gone = old.iter().filter(|item| find(new, key(item)).is_none());
    let other = new
        .iter()
        .filter(|item| find(old, key(item)).is_none_or(|index| !same(&old[index], item)));
    gone.chain(other)
        .map(|item| format!("{path}[{}]", key(item)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn config(text: &str) -> Config {
        let Ok(config) = gateway_config::parse(text, "test.yaml", &BTreeMap::new()) else {
            panic!("the text is valid")
        };
        config
    }

    #[test]
    fn only_what_differs_is_named() {
        let provider = |key: &str, label: &str| {
            format!(
                "{{key: {key}, label: {label}, issuer_url: \"https://{key}.example\", client_id: ogw}}"
            )
        };
        let file = |bind: &str, providers: &[String]| {
            config(&format!(
                "server: {{bind: \"{bind}\", public_base_url: \"http://localhost:8080\"}}\nauth: {{oidc: {{providers: [{}]}}}}\n",
                providers.join(", ")
            ))
        };
        let old = file("127.0.0.1:8080", &[provider("a", "A"), provider("b", "B")]);
        let new = file(
            "127.0.0.1:8081",
            &[provider("b", "Bee"), provider("c", "C")],
        );
        assert_eq!(
            between(&old, &new),
            [
                "server",
                "auth.oidc.providers[a]",
                "auth.oidc.providers[b]",
                "auth.oidc.providers[c]"
            ]
        );
        assert_eq!(needing_restart(&old, &new), ["server.bind"]);
        assert!(between(&old, &old).is_empty());
    }
}
