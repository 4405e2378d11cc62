//! The samples of the pages about keys and service accounts.

use askama::Template;
use gateway_domain::{DisabledBy, ManagedBy, ServiceAccountStatus};
use gateway_identity::api_keys::{KeyInfo, KeyState};

use super::{
    call_pages::{Pages, member},
    calls::{account, key},
    data::{HOSTILE, admin, team},
};
use crate::{
    errors::Errors,
    pages::{
        connect::curl,
        keys::{
            AllAsked, AllKeysPage, KeyForm, KeyPage, KeyShownPage, KeysPage, ModelChoice,
            NewKeyPage, OwnerChoice, STATES,
        },
        service_accounts::{self, NewAccount, ServiceAccountPage, ServiceAccountsPage},
    },
    shell::Shell,
};

/// All of them, rendered.
pub(super) fn all() -> Pages {
    let mut pages = keys();
    pages.extend(accounts());
    pages
}

fn form() -> KeyForm {
    KeyForm {
        name: HOSTILE.to_owned(),
        email: HOSTILE.to_owned(),
        some: true,
        expiry: "date".to_owned(),
        date: "2026-12-24".to_owned(),
        owner: "person".to_owned(),
        ..KeyForm::default()
    }
}

fn choices() -> Vec<ModelChoice> {
    let choice = |(id, is_live): (&str, bool)| ModelChoice {
        id: id.to_owned(),
        name: HOSTILE.to_owned(),
        chosen: true,
        is_live,
    };
    [("gpt-4o-mini", true), ("gone", false)].map(choice).into()
}

fn key_page(state: KeyState) -> KeyPage {
    KeyPage {
        shell: admin("/admin/keys/x"),
        info: key(state),
        is_own: state == KeyState::Active,
        models: choices(),
        form: KeyForm {
            expiry: "keep".to_owned(),
            ..form()
        },
        errors: Errors::field("models", HOSTILE),
    }
}

fn shown(overlap: Option<String>) -> KeyShownPage {
    KeyShownPage {
        shell: admin("/admin/keys/new"),
        title: "The new key",
        info: key(KeyState::Active),
        secret: "sk-ogw-4fT9aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcdefgh".to_owned(),
        curl: curl("https://gw.example/", Some(HOSTILE)),
        is_own: overlap.is_none(),
        overlap,
    }
}

fn new_key(shell: Shell, errors: Errors) -> NewKeyPage {
    let runs = !shell.oversees();
    NewKeyPage {
        owners: if runs {
            Vec::new()
        } else {
            vec![OwnerChoice {
                id: "x".to_owned(),
                label: HOSTILE.to_owned(),
            }]
        },
        for_people: shell.manages_people(),
        models: if runs { Vec::new() } else { choices() },
        form: if runs { KeyForm::default() } else { form() },
        errors,
        shell,
    }
}

fn all_keys(keys: Vec<KeyInfo>, is_set: bool) -> AllKeysPage {
    AllKeysPage {
        shell: admin("/admin/keys/all"),
        keys,
        shows_owner: true,
        teams: vec![team()],
        filter: AllAsked {
            owner: if is_set { HOSTILE } else { "" }.to_owned(),
            state: if is_set { "revoked" } else { "" }.to_owned(),
            ..AllAsked::default()
        },
        errors: if is_set {
            Errors::field("owner", HOSTILE)
        } else {
            Errors::default()
        },
        first: None,
        next: Some("/admin/keys/all?cursor=x".to_owned()),
    }
}

fn keys() -> Pages {
    let own = |keys| KeysPage {
        shell: member("/admin/keys"),
        keys,
        shows_owner: false,
        first: None,
        next: None,
    };
    let every = || STATES.map(key).to_vec();
    let mut pages = vec![
        ("keys", own(every()).render()),
        ("keys, none", own(Vec::new()).render()),
        ("all keys", all_keys(every(), false).render()),
        ("all keys, none fits", all_keys(Vec::new(), true).render()),
        ("all keys, none", all_keys(Vec::new(), false).render()),
        (
            "new key",
            new_key(admin("/admin/keys/new"), Errors::field("date", HOSTILE)).render(),
        ),
        (
            "new key of a member",
            new_key(member("/admin/keys/new"), Errors::default()).render(),
        ),
        ("key shown", shown(None).render()),
        ("key rotated", shown(Some(HOSTILE.to_owned())).render()),
    ];
    pages.extend(STATES.map(|state| ("key", key_page(state).render())));
    pages
}

fn accounts() -> Pages {
    let list = |accounts, grants| ServiceAccountsPage {
        shell: admin("/admin/service-accounts"),
        accounts,
        teams: vec![team(), team()],
        grants,
        filter: service_accounts::Asked::default(),
        form: NewAccount {
            key: HOSTILE.to_owned(),
            ..NewAccount::default()
        },
        errors: Errors::field("key", HOSTILE),
        first: None,
        next: None,
    };
    let one = |managed_by, status| {
        let mut account = account(status);
        account.managed_by = managed_by;
        account.disabled_by = Some(DisabledBy::Config);
        let has_keys = status == ServiceAccountStatus::Active;
        ServiceAccountPage {
            shell: admin("/admin/service-accounts/ci-indexer"),
            keys: if has_keys {
                vec![key(KeyState::Active)]
            } else {
                Vec::new()
            },
            shows_owner: false,
            name: account.name.clone(),
            errors: Errors::default(),
            first: None,
            next: None,
            account,
        }
    };
    let (active, disabled) = (ServiceAccountStatus::Active, ServiceAccountStatus::Disabled);
    let both = vec![account(active), account(disabled)];
    vec![
        ("service accounts", list(both, vec![team()]).render()),
        (
            "service accounts, none",
            list(Vec::new(), Vec::new()).render(),
        ),
        ("service account", one(ManagedBy::Admin, active).render()),
        (
            "service account, declared",
            one(ManagedBy::Config, disabled).render(),
        ),
    ]
}
