//! `auth`.

use std::time::Duration;

use super::{key::Names, oauth, oidc, public_url::PublicUrls};
use crate::{
    Auth, BootstrapAdmin, CallbackForm, OauthProvider, OidcProvider, SessionLimits, duration,
    source::{Field, Section},
};

const SECOND: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_hours(8);
const ABSOLUTE: Duration = Duration::from_hours(24);
const REVALIDATE: Duration = Duration::from_mins(15);
const LONGEST_SESSION: Duration = Duration::from_hours(30 * 24);

pub(super) fn read(field: &Field<'_>, urls: &mut PublicUrls, names: &mut Names) -> Auth {
    let mut section = field.section();
    mode(&section.field("mode"));
    let bootstrap_admin = bootstrap_admin(&section.field("bootstrap_admin"));
    let session = session(&section.field("session"));
    let (callback, oidc) = oidc_section(&section.field("oidc"), urls, names);
    let oauth = oauth_section(&section.field("oauth"), urls, names);
    Auth {
        bootstrap_admin,
        session,
        callback,
        oidc,
        oauth,
    }
}

fn mode(field: &Field<'_>) {
    field.parse(|text| match text {
        "standard" => Ok(()),
        _ => Err("expected standard; this version does not offer idp yet".to_owned()),
    });
}

fn bootstrap_admin(field: &Field<'_>) -> Option<BootstrapAdmin> {
    if !field.is_given() {
        return None;
    }
    let mut section = field.section();
    let email = section.field("email").required().parse(|text| {
        text.parse()
            .map_err(|error: gateway_domain::EmailError| error.to_string())
    });
    let password = section.field("password").required().secret();
    let change = section.field("require_password_change").flag();
    Some(BootstrapAdmin {
        email: email?,
        password: password?,
        require_password_change: change.unwrap_or(true),
    })
}

fn session(field: &Field<'_>) -> SessionLimits {
    let mut section = field.section();
    let absolute_field = section.field("absolute");
    let absolute = absolute_field.duration(SECOND..=LONGEST_SESSION);
    let is_known = absolute.is_some() || !absolute_field.is_given();
    let absolute = absolute.unwrap_or(ABSOLUTE);
    let idle_field = section.field("idle");
    let idle = idle_field.duration(SECOND..=LONGEST_SESSION);
    if let Some(idle) = idle
        && idle > absolute
        && is_known
    {
        idle_field.error(format!(
            "{} is longer than absolute, {}; no session idles so long",
            duration::show(idle),
            duration::show(absolute)
        ));
    }
    SessionLimits {
        // A short absolute alone shortens idle with it.
        idle: idle.unwrap_or(IDLE.min(absolute)),
        absolute,
        revalidate: section
            .field("revalidate")
            .duration(SECOND..=LONGEST_SESSION)
            .unwrap_or(REVALIDATE),
    }
}

fn oidc_section(
    field: &Field<'_>,
    urls: &mut PublicUrls,
    names: &mut Names,
) -> (CallbackForm, Vec<OidcProvider>) {
    let mut section = field.section();
    urls.read(&section.field("public_base_url"));
    let words = [
        ("shared", CallbackForm::Shared),
        ("per_provider", CallbackForm::PerProvider),
    ];
    let callback = section.field("callback").word(&words).unwrap_or_default();
    let providers = providers(&mut section, |item| oidc::read(item, names));
    (callback, providers)
}

fn oauth_section(
    field: &Field<'_>,
    urls: &mut PublicUrls,
    names: &mut Names,
) -> Vec<OauthProvider> {
    let mut section = field.section();
    urls.read(&section.field("public_base_url"));
    providers(&mut section, |item| oauth::read(item, names))
}

fn providers<T>(section: &mut Section<'_>, read: impl FnMut(&Field<'_>) -> T) -> Vec<T> {
    let items = section.field("providers").items();
    items.iter().map(read).collect()
}
