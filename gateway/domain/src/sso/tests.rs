//! The promises of [`super::decide`], one by one.

use super::*;

const KEY: &str = "authentik";

fn assertion() -> Assertion {
    Assertion {
        provider_key: KEY.to_owned(),
        issuer: "https://id.example/".to_owned(),
        subject: "s-1".to_owned(),
        email: "ann@ex.com".parse().ok(),
        email_verified: true,
        name: None,
    }
}

fn known(status: UserStatus, sign_in: &str, is_linked: bool) -> Known {
    Known {
        user_id: UserId::new(),
        status,
        sign_in: SignIn::provider(sign_in),
        is_linked,
    }
}

fn closed() -> Policy {
    Policy {
        trust_email: TrustEmail::Verified,
        allowed_email_domains: Vec::new(),
        provisioning: None,
    }
}

fn open() -> Policy {
    let provisioning = Provisioning {
        global_role: GlobalRole::User,
        membership: None,
        request_logging_enabled: false,
    };
    Policy {
        provisioning: Some(provisioning),
        ..closed()
    }
}

fn linked(person: &Known) -> Facts {
    Facts {
        linked: Some(person.clone()),
        holder: None,
    }
}

fn holder(person: &Known) -> Facts {
    Facts {
        linked: None,
        holder: Some(person.clone()),
    }
}

fn refused(decision: &Decision, refusal: Refusal) {
    assert_eq!(*decision, Decision::Refuse(refusal));
}

#[test]
fn a_link_wins_whatever_became_of_the_address() {
    let person = known(UserStatus::Active, KEY, true);
    for (email, verified) in [
        (None, false),
        ("other@ex.com".parse().ok(), false),
        ("other@ex.com".parse().ok(), true),
    ] {
        let assertion = Assertion {
            email,
            email_verified: verified,
            ..assertion()
        };
        for policy in [open(), closed()] {
            let mut facts = linked(&person);
            facts.holder = Some(known(UserStatus::Active, "password", false));
            assert_eq!(
                decide(&assertion, &facts, &policy),
                Decision::SignIn(person.user_id)
            );
        }
    }
}

#[test]
fn a_disabled_person_stays_out_by_every_way() {
    let gone = known(UserStatus::Disabled, KEY, true);
    refused(
        &decide(&assertion(), &linked(&gone), &open()),
        Refusal::Disabled,
    );
    let never_linked = known(UserStatus::Disabled, KEY, false);
    refused(
        &decide(&assertion(), &holder(&never_linked), &open()),
        Refusal::Disabled,
    );
}

#[test]
fn an_invitation_is_for_one_provider_and_a_believed_address() {
    let invited = known(UserStatus::Invited, KEY, false);
    assert_eq!(
        decide(&assertion(), &holder(&invited), &closed()),
        Decision::Activate(invited.user_id)
    );
    let unverified = Assertion {
        email_verified: false,
        ..assertion()
    };
    for policy in [open(), closed()] {
        refused(
            &decide(&unverified, &holder(&invited), &policy),
            Refusal::EmailUnverified,
        );
    }
    let trusting = Policy {
        trust_email: TrustEmail::Always,
        ..closed()
    };
    assert_eq!(
        decide(&unverified, &holder(&invited), &trusting),
        Decision::Activate(invited.user_id)
    );
    let elsewhere = known(UserStatus::Invited, "okta", false);
    refused(
        &decide(&assertion(), &holder(&elsewhere), &open()),
        Refusal::Conflict,
    );
}

#[test]
fn an_address_never_leads_to_somebody_who_signs_in_otherwise() {
    for person in [
        known(UserStatus::Active, SignIn::PASSWORD, false),
        known(UserStatus::Invited, SignIn::PASSWORD, false),
        known(UserStatus::Disabled, SignIn::PASSWORD, false),
        known(UserStatus::Active, "okta", true),
        known(UserStatus::Active, KEY, true),
        known(UserStatus::Active, KEY, false),
        known(UserStatus::Invited, KEY, true),
    ] {
        for policy in [open(), closed()] {
            let trusting = Policy {
                trust_email: TrustEmail::Always,
                ..policy
            };
            refused(
                &decide(&assertion(), &holder(&person), &trusting),
                Refusal::Conflict,
            );
        }
    }
}

#[test]
fn strangers_come_in_by_policy_only() {
    let nobody = Facts::default();
    assert!(matches!(
        decide(&assertion(), &nobody, &open()),
        Decision::Provision(..)
    ));
    refused(
        &decide(&assertion(), &nobody, &closed()),
        Refusal::Unmatched,
    );
    let without = Assertion {
        email: None,
        ..assertion()
    };
    refused(&decide(&without, &nobody, &open()), Refusal::Unmatched);
    let unverified = Assertion {
        email_verified: false,
        ..assertion()
    };
    refused(
        &decide(&unverified, &nobody, &open()),
        Refusal::EmailUnverified,
    );
    refused(&decide(&unverified, &nobody, &closed()), Refusal::Unmatched);
}

#[test]
fn domains_are_checked_at_every_sign_in() {
    let only = |policy: Policy| Policy {
        allowed_email_domains: vec!["other.com".to_owned()],
        ..policy
    };
    let active = known(UserStatus::Active, KEY, true);
    refused(
        &decide(&assertion(), &linked(&active), &only(closed())),
        Refusal::DomainNotAllowed,
    );
    let without = Assertion {
        email: None,
        ..assertion()
    };
    refused(
        &decide(&without, &linked(&active), &only(closed())),
        Refusal::DomainNotAllowed,
    );
    refused(
        &decide(&assertion(), &Facts::default(), &only(open())),
        Refusal::DomainNotAllowed,
    );
    let invited = known(UserStatus::Invited, KEY, false);
    refused(
        &decide(&assertion(), &holder(&invited), &only(open())),
        Refusal::DomainNotAllowed,
    );
}
