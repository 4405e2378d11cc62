//! Who asks a service to do something, and from where.

use chrono::{DateTime, Utc};
use gateway_domain::{
    Origin, UserId,
    access::{Action, Forbidden, Principal},
    audit::Party,
};
use gateway_store::{Executor, Tx, sessions};

use crate::{Context, ServiceError};

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

    /// The caller as they are now: the session still live, the person still active, their role and teams read anew. A
    /// request's rights are read before its body, which the sender may draw out as long as they like.
    ///
    /// # Errors
    /// [`ServiceError::SignedOut`] when the session is over or the person is not active any more.
    pub async fn confirmed(
        &self,
        db: impl Executor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Self, ServiceError> {
        let Authority::Person(known) = &self.authority else {
            return Ok(self.clone());
        };
        let found = sessions::principal(db, known.session_id, now).await?;
        let principal = found
            .filter(|principal| principal.user_id == known.user_id)
            .ok_or(ServiceError::SignedOut)?;
        Ok(Self::person(principal, self.origin.clone()))
    }

    /// Opens the transaction of a decision. What the caller may do is to be asked of the caller that comes back, who is
    /// [confirmed](Self::confirmed) in it: no other decision comes in between.
    pub(crate) async fn begin(
        &self,
        ctx: &Context,
    ) -> Result<(Tx, Self, DateTime<Utc>), ServiceError> {
        let mut tx = ctx.db().begin().await?;
        let now = ctx.now();
        let caller = self.confirmed(&mut tx, now).await?;
        Ok((tx, caller, now))
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

    /// The person's id, when it is one.
    pub(crate) fn user_id(&self) -> Option<UserId> {
        self.principal().map(|principal| principal.user_id)
    }

    /// The caller as the audit log's actor.
    pub fn party(&self) -> Party {
        match &self.authority {
            Authority::Person(principal) => principal.into(),
            Authority::System(name) => Party::system(name),
        }
    }
}
