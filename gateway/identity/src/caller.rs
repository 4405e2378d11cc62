//! Who asks a service to do something, and from where.

use gateway_domain::{
    Origin,
    access::{Action, Forbidden, Principal},
    audit::Party,
};

/// On whose authority something is done.
#[derive(Clone, Debug)]
pub enum Authority {
    /// A signed-in person, with the rights that they have at this request.
    Person(Principal),
    /// The gateway itself: `config`, `command line`, `demo`. May do everything.
    System(&'static str),
}

/// Somebody who asks a service to do something.
#[derive(Clone, Debug)]
pub struct Caller {
    /// On whose authority.
    pub authority: Authority,
    /// From where.
    pub origin: Origin,
}

impl Caller {
    /// A signed-in person.
    pub fn person(principal: Principal, origin: Origin) -> Self {
        Self {
            authority: Authority::Person(principal),
            origin,
        }
    }

    /// The gateway itself.
    pub fn system(name: &'static str) -> Self {
        Self {
            authority: Authority::System(name),
            origin: Origin::local(name),
        }
    }

    /// Succeeds when the caller may do it.
    pub fn require(&self, action: Action<'_>) -> Result<(), Forbidden> {
        match &self.authority {
            Authority::Person(principal) => principal.require(action),
            Authority::System(_) => Ok(()),
        }
    }

    /// The person, when it is one.
    pub fn principal(&self) -> Option<&Principal> {
        match &self.authority {
            Authority::Person(principal) => Some(principal),
            Authority::System(_) => None,
        }
    }

    /// The caller as the audit log's actor.
    pub fn party(&self) -> Party {
        match &self.authority {
            Authority::Person(principal) => principal.into(),
            Authority::System(name) => Party::system(name),
        }
    }
}
