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
    /// The pages that this person may see.
    pub(crate) fn menu(&self) -> Vec<Nav> {
        let Some(principal) = &self.principal else {
            return Vec::new();
        };
        let visible = Nav::ALL.into_iter().filter(|entry| entry.is_for(principal));
        visible.collect()
    }

    /// For `aria-current`: `page` on the page itself, `true` on those below it.
    pub(crate) fn current(&self, entry: Nav) -> Option<&'static str> {
        let below = self.path.strip_prefix(entry.path())?;
        match below {
            "" => Some("page"),
            _ if below.starts_with('/') && entry != Nav::Home => Some("true"),
            _ => None,
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
}

/// The pages in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nav {
    Home,
    People,
    Teams,
    Providers,
    Audit,
    Sessions,
    Account,
}

impl Nav {
    pub(crate) const ALL: [Self; 7] = [
        Self::Home,
        Self::People,
        Self::Teams,
        Self::Providers,
        Self::Audit,
        Self::Sessions,
        Self::Account,
    ];

    /// What it is called.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Home => "Home",
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
                principal.may(Action::ListPeople { team: None })
                    || principal
                        .teams
                        .iter()
                        .any(|&(team, _)| principal.manages(team))
            }
            Self::Providers => principal.may(Action::ReadProviders),
            Self::Audit => principal.may(Action::ReadAudit),
            Self::Home | Self::Teams | Self::Sessions | Self::Account => {
                principal.global_role >= GlobalRole::User
            }
        }
    }
}
