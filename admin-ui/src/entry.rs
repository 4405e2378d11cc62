//! An audit entry, as a page tells it.

use std::{borrow::Cow, ops::Deref};

use gateway_domain::audit::{Action, Entry};
use serde_json::Value;

use crate::{pages::service_accounts, view::Label};

/// An audit entry with the words for it.
#[derive(Clone, Debug)]
pub(crate) struct EntryView(Entry);

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self(entry)
    }
}

impl Deref for EntryView {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.0
    }
}

impl EntryView {
    /// What happened.
    pub(crate) fn what(&self) -> &str {
        let known = Action::ALL
            .iter()
            .find(|action| action.as_str() == self.action);
        known.map_or(&*self.action, |action| phrase(*action))
    }

    /// Who did it.
    pub(crate) fn who(&self) -> String {
        party(&self.actor_kind, &self.actor_id, &self.actor_label)
    }

    /// To whom or what; `None` where it is the actor again or nothing at all.
    pub(crate) fn whom(&self) -> Option<String> {
        let same = (&self.actor_kind, &self.actor_id) == (&self.target_kind, &self.target_id);
        // A session bears the address of its person.
        let own_session = self.target_kind == "session" && self.actor_label == self.target_label;
        let target = party(&self.target_kind, &self.target_id, &self.target_label);
        (!same && !own_session && self.target_kind != "anonymous").then_some(target)
    }

    /// Why a sign-in failed.
    pub(crate) fn reason(&self) -> Option<String> {
        let after: Value = serde_json::from_str(self.after.as_deref()?).ok()?;
        after.get("reason")?.as_str().map(str::to_owned)
    }

    /// The state before and after, with their headings, as far as there is one.
    pub(crate) fn states(&self) -> Vec<(&'static str, String)> {
        let both = [("Before", &self.before), ("After", &self.after)];
        both.into_iter()
            .filter_map(|(heading, state)| state.as_deref().map(|state| (heading, indented(state))))
            .collect()
    }

    /// The page of the target, where there is one.
    pub(crate) fn target_path(&self) -> Option<String> {
        match &*self.target_kind {
            _ if self.target_id.is_empty() => None,
            "user" => Some(format!("/admin/users/{}", self.target_id)),
            "key" => Some(format!("/admin/keys/{}", self.target_id)),
            "service_account" => Some(service_accounts::path_of(&self.target_label)),
            _ => None,
        }
    }
}

fn indented(json: &str) -> String {
    serde_json::from_str::<Value>(json)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| json.to_owned())
}

fn party(kind: &str, id: &str, label: &str) -> String {
    match (kind, id, label) {
        ("anonymous", _, "") => "somebody not signed in".to_owned(),
        ("system", _, label) => format!("the gateway ({label})"),
        ("user", id, "") => id.to_owned(),
        ("user", _, label) => label.to_owned(),
        (kind, id, "") => format!("{kind} {id}"),
        (kind, _, label) => format!("{kind} {label}"),
    }
}

impl Label for Action {
    fn label(&self) -> Cow<'static, str> {
        phrase(*self).into()
    }
}

/// An action, as a sentence begins.
fn phrase(action: Action) -> &'static str {
    match action {
        Action::SignInSucceeded => "Signed in",
        Action::SignInFailed => "Sign-in refused",
        Action::SignInReplayed => "Sign-in presented twice",
        Action::SignedOut => "Signed out",
        Action::IdentityLinked => "Identity linked",
        Action::IdentityEmailChanged => "Address changed at the provider",
        Action::UserProvisioned => "Person made at the first sign-in",
        Action::UserInvited => "Person invited",
        Action::UserActivated => "Invitation taken",
        Action::UserChanged => "Person changed",
        Action::UserRoleChanged => "Role changed",
        Action::UserDisabled => "Person disabled",
        Action::UserEnabled => "Person enabled",
        Action::UserDeleted => "Person deleted",
        Action::PasswordChanged => "Password changed",
        Action::LinkIssued => "One-time link made",
        Action::LinkUsed => "One-time link used",
        Action::TeamCreated => "Team created",
        Action::TeamRenamed => "Team renamed",
        Action::TeamDeleted => "Team deleted",
        Action::MemberChanged => "Team membership changed",
        Action::SessionRevoked => "Session ended",
        Action::SessionsRevoked => "All sessions ended",
        Action::TeamLoggingChanged => "Team’s request logging changed",
        Action::KeyCreated => "Key made",
        Action::KeyChanged => "Key changed",
        Action::KeyRotated => "Key rotated",
        Action::KeyRevoked => "Key revoked",
        Action::ServiceAccountCreated => "Service account made",
        Action::ServiceAccountChanged => "Service account changed",
        Action::ServiceAccountDisabled => "Service account disabled",
        Action::ServiceAccountEnabled => "Service account enabled",
        Action::ServiceAccountDeleted => "Service account deleted",
        Action::ProviderTested => "Test call sent to a model provider",
        Action::ConfigReloaded => "Configuration read anew",
        Action::ConfigRefused => "Configuration refused",
    }
}
