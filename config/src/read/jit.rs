//! `jit` and the roles in it.

use gateway_domain::{GlobalRole, TeamRole};

use super::key::Names;
use crate::{Jit, JitMembership, source::Field};

/// Reads `jit`; `None` when it is missing or off. What is switched off is checked all the same.
pub(super) fn read(field: &Field<'_>, names: &Names) -> Option<Jit> {
    if !field.is_given() {
        return None;
    }
    let mut section = field.section();
    let enabled = section.field("enabled");
    let is_enabled = enabled.flag().unwrap_or(false);
    if enabled.is_missing() && !field.is_dormant() {
        enabled.warn("missing, so jit is off and strangers are refused");
    }
    let is_live = is_enabled && !field.is_dormant();

    let role = section.field("global_role");
    let global_role = global_role(&role);
    if global_role == GlobalRole::PlatformAdmin && is_live {
        role.warn(
            "everybody who signs in for the first time becomes a platform admin, \
             as far as the provider lets them in",
        );
    }
    let jit = Jit {
        global_role,
        request_logging_enabled: section
            .field("request_logging_enabled")
            .flag()
            .unwrap_or(false),
        membership: membership(&section.field("membership"), names, is_live),
    };
    is_enabled.then_some(jit)
}

fn membership(field: &Field<'_>, names: &Names, is_live: bool) -> Option<JitMembership> {
    if !field.is_given() {
        return None;
    }
    let mut section = field.section();
    let team = names.team(&mut section);
    let role = section.field("role");
    let found = jit_role(&role);
    if found == TeamRole::Admin && is_live {
        role.warn("everybody who signs in for the first time becomes an admin of this team");
    }
    Some(JitMembership { team, role: found })
}

fn jit_role(field: &Field<'_>) -> TeamRole {
    let words = [("member", TeamRole::Member), ("admin", TeamRole::Admin)];
    let found = match field.text() {
        Some(text) if text.value == TeamRole::Owner.as_str() => {
            field.error("a first sign-in makes nobody an owner; expected one of: member, admin");
            None
        }
        Some(text) => field.choose(&text, "one of", &words),
        None => None,
    };
    found.unwrap_or(TeamRole::Member)
}

/// Reads a global role; by default the least.
pub(super) fn global_role(field: &Field<'_>) -> GlobalRole {
    let words: Vec<_> = GlobalRole::ALL
        .iter()
        .map(|role| (role.as_str(), *role))
        .collect();
    field.word(&words).unwrap_or(GlobalRole::User)
}

/// Reads a role in a team; by default the least.
pub(super) fn team_role(field: &Field<'_>) -> TeamRole {
    let words: Vec<_> = TeamRole::ALL
        .iter()
        .map(|role| (role.as_str(), *role))
        .collect();
    field.word(&words).unwrap_or(TeamRole::Member)
}
