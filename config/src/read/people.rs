//! `teams` and `users`.

use std::collections::HashMap;

use gateway_domain::{Email, EmailError, SignIn};

use super::{
    jit,
    key::{self, Names},
    models,
};
use crate::{TeamDeclaration, UserDeclaration, UserMembership, source::Field};

pub(super) fn teams(field: &Field<'_>, names: &mut Names) -> Vec<TeamDeclaration> {
    let team = |item: &Field<'_>| {
        let mut section = item.section();
        let key_field = section.field("key").required();
        let key = key::read(&key_field);
        names.add_team(&key_field, &key);
        let name = section.field("name").text();
        let payloads = models::payloads(&section.field("request_logging"));
        TeamDeclaration {
            name: name.map_or_else(|| key.clone(), |text| text.value),
            key,
            payloads,
        }
    };
    field.items().iter().map(team).collect()
}

pub(super) fn users(field: &Field<'_>, names: &Names) -> Vec<UserDeclaration> {
    let mut seen = HashMap::new();
    let user = |item: &Field<'_>| user(item, names, &mut seen);
    field.items().iter().filter_map(user).collect()
}

fn user(
    item: &Field<'_>,
    names: &Names,
    seen: &mut HashMap<String, String>,
) -> Option<UserDeclaration> {
    let mut section = item.section();
    let email = email(&section.field("email").required(), seen);
    let name = section.field("name").text();
    let sign_in = sign_in(&section.field("sign_in"), names);
    let global_role = jit::global_role(&section.field("global_role"));
    let membership = membership(&section.field("membership"), names);
    let logging = section.field("request_logging_enabled").flag();
    let email = email?;
    Some(UserDeclaration {
        name: name.map_or_else(|| email.to_string(), |text| text.value),
        email,
        sign_in: sign_in?,
        global_role,
        membership,
        request_logging_enabled: logging,
    })
}

fn email(field: &Field<'_>, seen: &mut HashMap<String, String>) -> Option<Email> {
    let email: Email =
        field.parse(|text| text.parse().map_err(|error: EmailError| error.to_string()))?;
    let path = field.spot().path.clone();
    if let Some(first) = seen.insert(email.key(), path) {
        field.error(format!("the same address as {first}"));
    }
    Some(email)
}

fn sign_in(field: &Field<'_>, names: &Names) -> Option<SignIn> {
    let words: Vec<_> = std::iter::once((SignIn::PASSWORD, SignIn::password()))
        .chain(
            names
                .provider_keys()
                .map(|key| (key, SignIn::provider(key))),
        )
        .collect();
    if field.is_missing() {
        let choices: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        field.error(format!(
            "missing; expected password or the key of a provider: {}",
            choices.join(", ")
        ));
    }
    let text = field.text()?;
    let sign_in = field.choose(&text, "password or the key of a provider", &words)?;
    if let Some(provider) = names.provider(sign_in.as_str())
        && !provider.is_enabled
    {
        field.warn(format!(
            "{} is disabled, so nobody signs in through it",
            provider.key
        ));
    }
    Some(sign_in)
}

fn membership(field: &Field<'_>, names: &Names) -> Option<UserMembership> {
    if !field.is_given() {
        return None;
    }
    let mut section = field.section();
    Some(UserMembership {
        team: names.team(&mut section),
        role: jit::team_role(&section.field("role")),
    })
}
