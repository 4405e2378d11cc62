//! What every page has around its own matter, and the one list of the pages in the menu.

use gateway_domain::{
    GlobalRole,
    access::{Action, Principal},
};

use crate::notice::Notice;

/// What is said on every page.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageOptions {
    /// A sentence above every page, the sign-in page too: that this is a demo, for one.
    pub notice: Option<&'static str>,
}

/// What every page has around its own matter.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    /// Who sees it, when somebody is signed in.
    pub(crate) principal: Option<Principal>,
    /// What its forms must bring back.
    pub(crate) csrf: String,
    /// What was just done.
    pub(crate) notice: Option<Notice>,
    /// What is said on every page.
    pub(crate) banner: Option<&'static str>,
    /// The request's id.
    pub(crate) correlation_id: String,
    /// The request's path.
    pub(crate) path: String,
}

impl Shell {
    /// The pages that this person may see, under their headings.
    pub(crate) fn menu(&self) -> Vec<(&'static str, Vec<Nav>)> {
        let Some(principal) = &self.principal else {
            return Vec::new();
        };
        let visible = |entries: &[Nav]| {
            let entries = entries.iter().copied();
            entries.filter(|entry| entry.is_for(principal)).collect()
        };
        let groups = Nav::GROUPS.map(|(heading, entries)| (heading, visible(entries)));
        let groups = groups.into_iter();
        groups
            .filter(|(_, entries): &(_, Vec<Nav>)| !entries.is_empty())
            .collect()
    }

    /// For `aria-current`: `page` on the page itself, `true` on those below it.
    pub(crate) fn current(&self, entry: Nav) -> Option<&'static str> {
        let below = |entry: Nav| {
            let below = self.path.strip_prefix(entry.path())?;
            let is_part = below.is_empty() || (below.starts_with('/') && entry != Nav::Home);
            is_part.then_some(below)
        };
        // The one that says most of the path: "All keys" stands below "My keys".
        let all = Nav::GROUPS.iter().flat_map(|(_, entries)| entries.iter());
        let most = all
            .filter(|other| below(**other).is_some())
            .max_by_key(|other| other.path().len())?;
        match below(entry)? {
            _ if *most != entry => None,
            "" => Some("page"),
            _ => Some("true"),
        }
    }

    /// Whether the person may do it.
    pub(crate) fn may(&self, action: Action<'_>) -> bool {
        self.principal
            .as_ref()
            .is_some_and(|principal| principal.may(action))
    }

    /// Whether the person may change people.
    pub(crate) fn manages_people(&self) -> bool {
        self.may(Action::ManagePeople)
    }

    /// Whether the person is admin or owner of any team.
    pub(crate) fn manages_some_team(&self) -> bool {
        self.principal.as_ref().is_some_and(manages_some_team)
    }

    /// Whether the person may see keys, requests and usage that are not their own.
    pub(crate) fn oversees(&self) -> bool {
        self.may(Action::ReadAllCalls) || self.manages_some_team()
    }
}

/// The pages in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nav {
    Home,
    Keys,
    Connect,
    Models,
    Requests,
    Usage,
    AllKeys,
    ServiceAccounts,
    ModelProviders,
    People,
    Teams,
    Providers,
    Audit,
    Sessions,
    Account,
}

impl Nav {
    /// All of them, as the menu groups them.
    pub(crate) const GROUPS: [(&'static str, &'static [Self]); 5] = [
        ("", &[Self::Home]),
        (
            "Use",
            &[
                Self::Keys,
                Self::Connect,
                Self::Models,
                Self::Requests,
                Self::Usage,
            ],
        ),
        (
            "Gateway",
            &[Self::AllKeys, Self::ServiceAccounts, Self::ModelProviders],
        ),
        (
            "People",
            &[Self::People, Self::Teams, Self::Providers, Self::Audit],
        ),
        ("Me", &[Self::Sessions, Self::Account]),
    ];

    /// What it is called.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Keys => "My keys",
            Self::Connect => "Connect a client",
            Self::Models => "Models",
            Self::Requests => "Requests",
            Self::Usage => "Usage",
            Self::AllKeys => "All keys",
            Self::ServiceAccounts => "Service accounts",
            Self::ModelProviders => "Model providers",
            Self::People => "People",
            Self::Teams => "Teams",
            Self::Providers => "Identity providers",
            Self::Audit => "Audit log",
            Self::Sessions => "My sessions",
            Self::Account => "My account",
        }
    }

    /// Where it is.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Home => "/admin",
            Self::Keys => "/admin/keys",
            Self::Connect => "/admin/connect",
            Self::Models => "/admin/models",
            Self::Requests => "/admin/requests",
            Self::Usage => "/admin/usage",
            Self::AllKeys => "/admin/keys/all",
            Self::ServiceAccounts => "/admin/service-accounts",
            Self::ModelProviders => "/admin/model-providers",
            Self::People => "/admin/users",
            Self::Teams => "/admin/teams",
            Self::Providers => "/admin/providers",
            Self::Audit => "/admin/audit",
            Self::Sessions => "/admin/sessions",
            Self::Account => "/admin/account",
        }
    }

    /// Who sees it.
    fn is_for(self, principal: &Principal) -> bool {
        match self {
            Self::People => {
                principal.may(Action::ListPeople { team: None }) || manages_some_team(principal)
            }
            Self::AllKeys | Self::ServiceAccounts => {
                principal.may(Action::ReadAllCalls) || manages_some_team(principal)
            }
            Self::Providers | Self::ModelProviders => principal.may(Action::ReadProviders),
            Self::Audit => principal.may(Action::ReadAudit),
            Self::Home
            | Self::Keys
            | Self::Connect
            | Self::Models
            | Self::Requests
            | Self::Usage
            | Self::Teams
            | Self::Sessions
            | Self::Account => principal.global_role >= GlobalRole::User,
        }
    }
}

fn manages_some_team(principal: &Principal) -> bool {
    let mut teams = principal.teams.iter();
    teams.any(|&(team, _)| principal.manages(team))
}
