//! One of `auth.oauth.providers`.

use gateway_domain::Secret;
use url::Url;

use super::{address, key::Names, provider};
use crate::{OauthProvider, source::Field};

const WEB: &str = "https://github.com";
const API: &str = "https://api.github.com";
/// Where an Enterprise Server has its API.
const ENTERPRISE_API: &str = "/api/v3";
const ORGANIZATIONS_SCOPE: &str = "read:org";

pub(super) fn read(item: &Field<'_>, names: &mut Names) -> OauthProvider {
    let mut section = item.section();
    section
        .field("provider_type")
        .required()
        .word(&[("github", ())]);
    let common = provider::read(&mut section, names);
    let insecure = common.http.allow_insecure;
    let allowed_organizations = organizations(&section.field("allowed_organizations"));
    let scopes = scopes(&section.field("scopes"), !allowed_organizations.is_empty());
    let base_url =
        address::base(&section.field("base_url"), insecure).unwrap_or_else(|| address::fixed(WEB));
    let api_url =
        address::base(&section.field("api_url"), insecure).unwrap_or_else(|| api_of(&base_url));
    let client_secret = section.field("client_secret").required().secret();
    OauthProvider {
        key: common.key,
        label: common.label,
        client_id: common.client_id,
        client_secret: client_secret.unwrap_or_else(|| Secret::new("")),
        scopes,
        enabled: common.enabled,
        allowed_email_domains: common.allowed_email_domains,
        allowed_organizations,
        trust_email: common.trust_email,
        base_url,
        api_url,
        http: common.http,
        jit: common.jit,
    }
}

fn api_of(base: &Url) -> Url {
    if base.host_str() == address::fixed(WEB).host_str() {
        return address::fixed(API);
    }
    let mut api = base.clone();
    api.set_path(&format!(
        "{}{ENTERPRISE_API}",
        base.path().trim_end_matches('/')
    ));
    api
}

fn scopes(field: &Field<'_>, by_organization: bool) -> Vec<String> {
    let Some(scopes) = provider::scopes(field) else {
        let needed = by_organization.then_some(ORGANIZATIONS_SCOPE);
        return ["read:user", "user:email"]
            .into_iter()
            .chain(needed)
            .map(str::to_owned)
            .collect();
    };
    // The other two hold it.
    if by_organization && scopes.lack(&[ORGANIZATIONS_SCOPE, "write:org", "admin:org"]) {
        field.error("read:org is missing; without it nobody can be found in allowed_organizations");
    }
    scopes.list
}

fn organizations(field: &Field<'_>) -> Vec<String> {
    let organization = |item: &Field<'_>| {
        item.parse(|text| {
            if text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            {
                Ok(text.to_owned())
            } else {
                Err("expected an organisation's name as in https://github.com/NAME".to_owned())
            }
        })
    };
    let items = field.values().unwrap_or_default();
    items.iter().filter_map(organization).collect()
}
