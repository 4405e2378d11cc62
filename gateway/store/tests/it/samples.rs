//! Rows that the tests begin with.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use gateway_domain::{
    Clock as _, Email, GlobalRole, ManagedBy, Origin, RoleSource, SignIn, SystemClock, Token,
    TokenHash, User, UserStatus,
    audit::{Action, Entry, NewEntry, Party},
    sso::Assertion,
};
use gateway_store::{
    Db, Tx, audit,
    login_flows::{FlowKind, LoginFlow},
    users::{self, NewUser},
};

/// A moment without fractions, so that expectations are easy to write.
pub fn now() -> DateTime<Utc> {
    SystemClock.now().trunc_subsecs(0)
}

pub fn email(text: &str) -> Email {
    text.parse().unwrap()
}

pub fn hash() -> TokenHash {
    Token::generate().hash()
}

pub fn new_user(email: &Email) -> NewUser<'_> {
    NewUser {
        email,
        name: "Somebody",
        status: UserStatus::Active,
        sign_in: SignIn::password(),
        global_role: GlobalRole::User,
        role_source: RoleSource::Manual,
        request_logging_enabled: false,
        managed_by: ManagedBy::Admin,
    }
}

/// An active password person.
pub async fn user(db: &Db, address: &str) -> User {
    named(db, address, "Somebody").await
}

/// The same, called something.
pub async fn named(db: &Db, address: &str, name: &str) -> User {
    let email = email(address);
    let mut tx = db.begin().await.unwrap();
    let new = NewUser {
        name,
        ..new_user(&email)
    };
    let user = users::insert(&mut tx, new, now()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    user
}

pub fn assertion(provider: &str, subject: &str) -> Assertion {
    Assertion {
        provider_key: provider.to_owned(),
        issuer: format!("https://{provider}.example"),
        subject: subject.to_owned(),
        email: Some(email("someone@example.com")),
        email_verified: true,
        name: None,
    }
}

/// A flow that began now and lasts ten minutes.
pub fn flow() -> LoginFlow {
    LoginFlow {
        kind: FlowKind::Oidc,
        provider_key: "idp".to_owned(),
        settings_digest: vec![1; 32],
        browser_hash: vec![2; 32],
        salt: vec![3; 32],
        redirect_uri: "https://gateway.example/api/v1/auth/oidc/callback".to_owned(),
        return_to: "/admin/users?q=a".to_owned(),
        created_at: now(),
        expires_at: now() + TimeDelta::minutes(10),
        consumed_at: None,
    }
}

/// Appends an entry that says `label` in its own transaction.
pub async fn say(db: &Db, action: Action, label: &str) -> Entry {
    let mut tx = db.begin().await.unwrap();
    let entry = say_in(&mut tx, action, label).await;
    tx.commit().await.unwrap();
    entry
}

pub async fn say_in(tx: &mut Tx, action: Action, label: &str) -> Entry {
    let origin = Origin::local("test");
    let new = NewEntry {
        actor: Party::system("test"),
        action,
        target: Party::new("user", "", label),
        before: None,
        after: Some(serde_json::json!({ "said": label })),
        provider_key: None,
        origin: &origin,
    };
    audit::append(tx, new, now()).await.unwrap()
}
