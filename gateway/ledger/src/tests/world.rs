//! Some people, a program, and the calls that they make.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use gateway_domain::{
    ApiKeyId, FixedClock, GlobalRole, KeyOwner, ManagedBy, Origin, RequestId, RoleSource,
    SessionId, SignIn, Team, TeamId, TeamRole, UserId, UserStatus,
    access::Principal,
    ledger::{Account, RequestRecord},
};
use gateway_identity::{Caller, Context, Paging};
use gateway_store::{
    Db,
    api_keys::{self, NewKey},
    service_accounts::{self, NewServiceAccount},
    teams,
    users::{self, NewUser},
};
use gateway_testkit::TestDb;

use super::samples::{Spool, attempt, clock, noon, open, payload, request};
use crate::{Ledger, requests};

async fn person(db: &Db, address: &str) -> UserId {
    let email = address.parse().unwrap();
    let new = NewUser {
        email: &email,
        name: "Somebody",
        status: UserStatus::Active,
        sign_in: SignIn::password(),
        global_role: GlobalRole::User,
        role_source: RoleSource::Manual,
        request_logging_enabled: false,
        managed_by: ManagedBy::Admin,
    };
    let mut tx = db.begin().await.unwrap();
    let user = users::insert(&mut tx, new, noon()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    user.id
}

async fn team(db: &Db, key: &str) -> Team {
    let name = key.to_uppercase();
    teams::insert(db, key, &name, ManagedBy::Admin, noon())
        .await
        .unwrap()
        .unwrap()
}

async fn key_of(db: &Db, owner: KeyOwner) -> ApiKeyId {
    let id = ApiKeyId::new();
    let new = NewKey {
        id,
        prefix: "sk-ogw-abcdef",
        name: "laptop",
        owner,
        models: None,
        expires_at: None,
    };
    api_keys::insert(db, new, noon()).await.unwrap();
    id
}

/// Somebody's key.
pub(super) async fn key(db: &Db) -> ApiKeyId {
    let owner = KeyOwner::User(person(db, "key@example.com").await);
    key_of(db, owner).await
}

pub(super) async fn last_used(db: &Db, key: ApiKeyId) -> Option<DateTime<Utc>> {
    api_keys::find(db, key)
        .await
        .unwrap()
        .unwrap()
        .key
        .last_used_at
}

/// Ada is an admin of `ml`, Bob a member; Eve is in no team. `ci` is a program of `ml`.
pub(super) struct World {
    pub(super) ctx: Context,
    pub(super) clock: FixedClock,
    pub(super) ledger: Ledger,
    pub(super) db: TestDb,
    _spool: Spool,
    pub(super) ml: Team,
    pub(super) ada: Account,
    pub(super) bob: Account,
    pub(super) eve: Account,
    pub(super) ci: Account,
}

impl World {
    pub(super) async fn new(db: TestDb) -> Self {
        let (spool, clock) = (Spool::new(), clock());
        let ledger = open(&db, &spool).await;
        let config = gateway_config::parse(
            "request_logging: {retention: 30d}",
            "test.yaml",
            &BTreeMap::new(),
        );
        let ctx = Context::new(
            (*db).clone(),
            Arc::new(clock.clone()),
            Arc::new(config.unwrap()),
        )
        .unwrap();
        let (ml, other) = (team(&db, "ml").await, team(&db, "other").await);
        let mut tx = db.begin().await.unwrap();
        let new = NewServiceAccount {
            key: "ci",
            name: "CI",
            team: ml.id,
            managed_by: ManagedBy::Admin,
        };
        let ci = service_accounts::insert(&mut tx, new, noon())
            .await
            .unwrap()
            .unwrap();
        tx.commit().await.unwrap();
        let account = async |owner, team_id| Account {
            key_id: key_of(&db, owner).await,
            owner,
            team_id,
        };
        let user = async |address: &str| KeyOwner::User(person(&db, address).await);
        Self {
            ada: account(user("ada@example.com").await, Some(ml.id)).await,
            bob: account(user("bob@example.com").await, Some(ml.id)).await,
            eve: account(user("eve@example.com").await, Some(other.id)).await,
            ci: account(KeyOwner::ServiceAccount(ci.id), Some(ml.id)).await,
            ctx,
            clock,
            ledger,
            _spool: spool,
            ml,
            db,
        }
    }

    /// Somebody makes a call, so many minutes after noon.
    pub(super) fn call(&self, account: &Account, minutes: i64) -> RequestRecord {
        self.change(account, |request| {
            request.at = noon() + TimeDelta::minutes(minutes);
        })
    }

    pub(super) fn change(
        &self,
        account: &Account,
        change: impl FnOnce(&mut RequestRecord),
    ) -> RequestRecord {
        let mut request = request(account);
        change(&mut request);
        let attempt = attempt(&request, 0);
        self.ledger.settle(attempt);
        self.ledger.close(request.clone(), Some(payload()));
        request
    }

    pub(super) async fn list(&self, caller: &Caller, filter: &requests::Filter) -> Vec<RequestId> {
        let page = requests::list(&self.ctx, caller, filter, &Paging::default())
            .await
            .unwrap();
        page.items.into_iter().map(|view| view.record.id).collect()
    }
}

pub(super) fn caller(account: &Account, role: GlobalRole, teams: &[(TeamId, TeamRole)]) -> Caller {
    let principal = Principal {
        user_id: account.owner.user().unwrap(),
        email: String::new(),
        name: String::new(),
        global_role: role,
        teams: teams.to_vec(),
        session_id: SessionId::new(),
        signed_in_at: noon(),
    };
    Caller::person(principal, Origin::local("test"))
}
