//! Who a verified sign-in is. One pure function, [`decide`]: the promises of the gateway about identity, to be read aloud.
//!
//! It refuses to know about protocols: what it is given was verified before.

use crate::{Email, GlobalRole, SignIn, TeamId, TeamRole, UserId, UserStatus};

/// What the provider said of the person, after every check of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The provider's key in the file.
    pub provider_key: String,
    /// The issuer, as verified.
    pub issuer: String,
    /// The subject, byte for byte.
    pub subject: String,
    /// The address, if one was given that is one.
    pub email: Option<Email>,
    /// Whether the provider vouches for the address.
    pub email_verified: bool,
    /// What to call the person.
    pub name: Option<String>,
}

/// Whether an address that the provider does not vouch for is good enough to find or make a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TrustEmail {
    /// Only addresses that the provider says it verified.
    #[default]
    Verified,
    /// Every address of this provider: the operator vouches for it.
    Always,
}

/// What a first sign-in makes of a stranger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioning {
    /// The global role.
    pub global_role: GlobalRole,
    /// The team and the role in it.
    pub membership: Option<(TeamId, TeamRole)>,
    /// Whether requests are logged.
    pub request_logging_enabled: bool,
}

/// What the operator's file says of this provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which addresses are believed.
    pub trust_email: TrustEmail,
    /// Hosts of addresses that may sign in; empty: all.
    pub allowed_email_domains: Vec<String>,
    /// What becomes of strangers; `None`: they are refused.
    pub provisioning: Option<Provisioning>,
}

/// Somebody the database knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub user_id: UserId,
    /// Where they stand.
    pub status: UserStatus,
    /// How they sign in.
    pub sign_in: SignIn,
    /// Whether any subject of any provider is linked to them.
    pub is_linked: bool,
}

/// What the database knows, read in the transaction that acts on the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whom this provider, issuer and subject are linked to.
    pub linked: Option<Known>,
    /// Who holds the address.
    pub holder: Option<Known>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is this person.
    SignIn(UserId),
    /// It is this invited person: activate and link.
    Activate(UserId),
    /// It is somebody new: make them and link.
    Provision(Email, Provisioning),
    /// It is nobody who may come in.
    Refuse(Refusal),
}

/// Why not. Its text is for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person is disabled here.
    #[error("the person is disabled")]
    Disabled,
    /// A list of allowed domains leaves the address out.
    #[error("the address is outside the allowed domains")]
    DomainNotAllowed,
    /// Nobody here, and strangers are not taken.
    #[error("nobody is linked, invited or admitted by the policy for new people")]
    Unmatched,
    /// Somebody else has the address.
    #[error("the address belongs to somebody who signs in otherwise")]
    Conflict,
    /// The provider does not vouch for the address.
    #[error("the provider does not vouch for the address")]
    EmailUnverified,
}

/// Decides who it is.
///
/// An existing link wins, whatever became of the address. Then only a believed address counts: it activates an invited
/// person of this very provider, is a conflict with anybody else, and lets the policy make somebody new. No address
/// ever leads to a person who signs in otherwise.
pub fn decide(assertion: &Assertion, facts: &Facts, policy: &Policy) -> Decision {
    if let Some(person) = &facts.linked {
        return match person.status {
            UserStatus::Disabled => Decision::Refuse(Refusal::Disabled),
            _ if !domain_allowed(assertion, policy) => Decision::Refuse(Refusal::DomainNotAllowed),
            UserStatus::Active => Decision::SignIn(person.user_id),
            UserStatus::Invited => Decision::Activate(person.user_id),
        };
    }
    let Some(email) = &assertion.email else {
        return Decision::Refuse(Refusal::Unmatched);
    };
    let believed = assertion.email_verified || policy.trust_email == TrustEmail::Always;
    if !believed {
        let anything_to_gain = facts.holder.is_some() || policy.provisioning.is_some();
        return Decision::Refuse(if anything_to_gain {
            Refusal::EmailUnverified
        } else {
            Refusal::Unmatched
        });
    }
    if !domain_allowed(assertion, policy) {
        return Decision::Refuse(Refusal::DomainNotAllowed);
    }
    match (&facts.holder, &policy.provisioning) {
        (Some(person), _)
            if person.sign_in.as_str() != assertion.provider_key || person.is_linked =>
        {
            Decision::Refuse(Refusal::Conflict)
        }
        (Some(person), _) => match person.status {
            UserStatus::Invited => Decision::Activate(person.user_id),
            UserStatus::Disabled => Decision::Refuse(Refusal::Disabled),
            UserStatus::Active => Decision::Refuse(Refusal::Conflict),
        },
        (None, Some(provisioning)) => Decision::Provision(email.clone(), provisioning.clone()),
        (None, None) => Decision::Refuse(Refusal::Unmatched),
    }
}

fn domain_allowed(assertion: &Assertion, policy: &Policy) -> bool {
    policy.allowed_email_domains.is_empty()
        || assertion
            .email
            .as_ref()
            .is_some_and(|email| email.is_within(&policy.allowed_email_domains))
}

#[cfg(test)]
mod tests;
