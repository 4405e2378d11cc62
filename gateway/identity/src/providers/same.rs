//! Whether a reload leaves a provider as it was. Every field is named, so that a new one cannot be forgotten.

use gateway_config::{OauthProvider, OidcProvider};
use gateway_domain::Secret;

/// Whether nothing differs between two OIDC providers.
pub fn oidc(a: &OidcProvider, b: &OidcProvider) -> bool {
    let OidcProvider {
        key,
        label,
        preset,
        issuer_url,
        client_id,
        client_secret,
        scopes,
        enabled,
        signing_algorithms,
        trust_email,
        allowed_email_domains,
        claims,
        endpoints,
        extra_auth_params,
        http,
        jwks_cache,
        strict_discovery,
        jit,
    } = a;
    *key == b.key
        && *label == b.label
        && *preset == b.preset
        && *issuer_url == b.issuer_url
        && *client_id == b.client_id
        && exposed(client_secret.as_ref()) == exposed(b.client_secret.as_ref())
        && *scopes == b.scopes
        && *enabled == b.enabled
        && *signing_algorithms == b.signing_algorithms
        && *trust_email == b.trust_email
        && *allowed_email_domains == b.allowed_email_domains
        && *claims == b.claims
        && *endpoints == b.endpoints
        && *extra_auth_params == b.extra_auth_params
        && *http == b.http
        && *jwks_cache == b.jwks_cache
        && *strict_discovery == b.strict_discovery
        && *jit == b.jit
}

/// Whether nothing differs between two OAuth providers.
pub fn oauth(a: &OauthProvider, b: &OauthProvider) -> bool {
    let OauthProvider {
        key,
        label,
        client_id,
        client_secret,
        scopes,
        enabled,
        allowed_email_domains,
        allowed_organizations,
        trust_email,
        base_url,
        api_url,
        http,
        jit,
    } = a;
    *key == b.key
        && *label == b.label
        && *client_id == b.client_id
        && client_secret.expose() == b.client_secret.expose()
        && *scopes == b.scopes
        && *enabled == b.enabled
        && *allowed_email_domains == b.allowed_email_domains
        && *allowed_organizations == b.allowed_organizations
        && *trust_email == b.trust_email
        && *base_url == b.base_url
        && *api_url == b.api_url
        && *http == b.http
        && *jit == b.jit
}

fn exposed(secret: Option<&Secret>) -> Option<&str> {
    secret.map(Secret::expose)
}
