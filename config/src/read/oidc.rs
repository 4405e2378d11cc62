//! One of `auth.oidc.providers`.

use std::{collections::BTreeMap, time::Duration};

use super::{
    address::{self, Query},
    key::Names,
    provider,
};
use crate::{
    Claims, Endpoints, OidcProvider, SigningAlgorithm,
    source::{Field, Section},
};

const PRESETS: [&str; 9] = [
    "generic",
    "authentik",
    "keycloak",
    "okta",
    "auth0",
    "entra",
    "google",
    "cognito",
    "gitlab",
];
/// Parameters that the gateway sets itself, or that would override what it sets.
const OURS: [&str; 14] = [
    "response_type",
    "response_mode",
    "client_id",
    "client_secret",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "registration",
    "id_token_hint",
];
const DEFAULT_SCOPES: [&str; 3] = ["openid", "email", "profile"];
const JWKS_CACHE: Duration = Duration::from_mins(5);
const LONGEST_JWKS_CACHE: Duration = Duration::from_hours(24);

pub(super) fn read(item: &Field<'_>, names: &mut Names) -> OidcProvider {
    let mut section = item.section();
    let common = provider::read(&mut section, names);
    let preset = preset(&section.field("preset"));
    let client_secret = section.field("client_secret");
    let insecure = common.http.allow_insecure;
    OidcProvider {
        issuer_url: issuer(&section.field("issuer_url").required(), preset, insecure),
        scopes: scopes(&section.field("scopes"), preset),
        signing_algorithms: algorithms(
            &section.field("signing_algorithms"),
            client_secret.is_given(),
        ),
        claims: claims(&section.field("claims")),
        endpoints: endpoints(&section.field("endpoints"), insecure),
        extra_auth_params: extra_auth_params(section.field("extra_auth_params").section()),
        jwks_cache: section
            .field("jwks_cache")
            .duration(Duration::from_secs(1)..=LONGEST_JWKS_CACHE)
            .unwrap_or(JWKS_CACHE),
        strict_discovery: section.field("strict_discovery").flag().unwrap_or(false),
        client_secret: client_secret.secret(),
        preset: preset.to_owned(),
        key: common.key,
        label: common.label,
        client_id: common.client_id,
        enabled: common.enabled,
        trust_email: common.trust_email,
        allowed_email_domains: common.allowed_email_domains,
        http: common.http,
        jit: common.jit,
    }
}

fn preset(field: &Field<'_>) -> &'static str {
    field
        .word(&PRESETS.map(|word| (word, word)))
        .unwrap_or("generic")
}

/// The issuer as it is written, since every ID token's `iss` is compared with it byte by byte.
fn issuer(field: &Field<'_>, preset: &str, allow_insecure: bool) -> String {
    let issuer = provider::text(field);
    if issuer.is_empty() {
        return issuer;
    }
    let url = address::check(field, &issuer, Query::Refused, allow_insecure);
    let ends_with_slash = matches!(preset, "authentik" | "auth0");
    if url.is_some() && ends_with_slash && !issuer.ends_with('/') && !field.is_dormant() {
        field.warn(format!(
            "{preset} calls itself \"{issuer}/\", with a slash at the end, and this is \"{issuer}\"; \
             the two are compared byte by byte"
        ));
    }
    issuer
}

fn scopes(field: &Field<'_>, preset: &str) -> Vec<String> {
    let Some(scopes) = provider::scopes(field) else {
        return DEFAULT_SCOPES.map(str::to_owned).to_vec();
    };
    if scopes.lack(&["openid"]) {
        field.error("openid is missing; without it there is no ID token");
    }
    if preset == "google"
        && scopes.list.iter().any(|scope| scope == "offline_access")
        && !field.is_dormant()
    {
        field.warn(
            "google refuses the scope offline_access; extra_auth_params with access_type: offline \
             does what it does elsewhere",
        );
    }
    scopes.list
}

fn algorithms(field: &Field<'_>, has_secret: bool) -> Vec<SigningAlgorithm> {
    let Some(items) = field.values() else {
        return SigningAlgorithm::DEFAULT.to_vec();
    };
    if items.is_empty() {
        field.error("expected at least one algorithm; without the key the usual ones are taken");
    }
    let words = SigningAlgorithm::ALL.map(|algorithm| (algorithm.as_str(), algorithm));
    let mut algorithms = Vec::new();
    for item in items {
        let Some(algorithm) = item.word(&words) else {
            continue;
        };
        if algorithm.is_symmetric() && !has_secret {
            item.error(format!(
                "{algorithm} takes client_secret as its key, and there is none"
            ));
        } else if algorithm.is_symmetric() && !item.is_dormant() {
            item.warn(format!(
                "{algorithm} is pinned by hand: whoever knows the client secret can sign ID tokens"
            ));
        }
        algorithms.push(algorithm);
    }
    algorithms
}

fn claims(field: &Field<'_>) -> Claims {
    let mut section = field.section();
    let user = section.field("user");
    if user.text().is_some_and(|text| text.value != "sub") {
        user.error(
            "expected sub: no other claim is promised to stay the same person's \
             (OpenID Connect Core §5.7)",
        );
    }
    // Named already for later versions; without effect in this one.
    section.field("groups").text();
    let mut name = |key: &'static str| {
        section
            .field(key)
            .text()
            .map_or_else(|| key.to_owned(), |text| text.value)
    };
    Claims {
        email: name("email"),
        name: name("name"),
    }
}

fn endpoints(field: &Field<'_>, allow_insecure: bool) -> Endpoints {
    let mut section = field.section();
    let mut endpoint =
        |key: &'static str| address::read(&section.field(key), Query::Allowed, allow_insecure);
    Endpoints {
        authorization: endpoint("authorization"),
        token: endpoint("token"),
        userinfo: endpoint("userinfo"),
        jwks: endpoint("jwks"),
        end_session: endpoint("end_session"),
    }
}

fn extra_auth_params(section: Section<'_>) -> BTreeMap<String, String> {
    let mut params = BTreeMap::new();
    for (name, field) in section.all() {
        if OURS.contains(&name) {
            field.error("reserved; the gateway makes this part of the request itself");
        }
        if let Some(text) = field.text() {
            params.insert(name.to_owned(), text.value);
        }
    }
    params
}
