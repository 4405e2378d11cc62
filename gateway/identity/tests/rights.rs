//! What a key may do, as a call of the data plane asks for it.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot have what it needs stops at once and says where"
)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::TimeDelta;
use gateway_domain::{
    ApiKeyId, ApiKeySecret, Clock as _, Email, FixedClock, GlobalRole, KeyOwner, ManagedBy,
    MembershipSource, Payloads, RoleSource, ServiceAccountStatus, SignIn, SystemClock, TeamRole,
    User, UserId, UserStatus,
};
use gateway_identity::{
    Caller, Context,
    api_keys::{self, Change, NewKey, OwnerRef},
    people,
    rights::{KeyRefusal, KeyRing},
    service_accounts, teams,
};
use gateway_store::{Db, teams as team_rows, users};
use gateway_testkit::{TestDb, on_both};

const CONFIG: &str = r#"
server: {public_base_url: "https://gateway.test"}
providers: [{id: up, type: openai_compatible, base_url: "http://127.0.0.1:9/v1"}]
models:
  - {id: alpha, routes: [{provider: up}]}
  - {id: beta/1, routes: [{provider: up}]}
"#;

/// A gateway, somebody who has a key there, and what remembers keys.
struct World {
    ctx: Context,
    clock: FixedClock,
    ring: KeyRing,
    person: User,
}

impl World {
    async fn new(db: &TestDb) -> Self {
        let clock = FixedClock::new(SystemClock.now());
        let ctx = context(db, &clock);
        let person = person(db, "ann@example.com").await;
        Self {
            ctx,
            clock,
            ring: KeyRing::new(),
            person,
        }
    }

    async fn key(&self) -> (ApiKeyId, ApiKeySecret) {
        self.key_of(OwnerRef::Owner(KeyOwner::User(self.person.id)))
            .await
    }

    async fn key_of(&self, owner: OwnerRef) -> (ApiKeyId, ApiKeySecret) {
        let new = NewKey {
            owner,
            name: "laptop".to_owned(),
            models: None,
            expires_at: None,
        };
        let made = api_keys::create(&self.ctx, &system(), new).await;
        let (info, secret) = made.expect("a key");
        (info.key.id, secret)
    }

    async fn refusal(&self, secret: &ApiKeySecret) -> Option<KeyRefusal> {
        self.ring.rights(&self.ctx, secret).await.err()
    }
}

fn context(db: &Db, clock: &FixedClock) -> Context {
    let config = gateway_config::parse(CONFIG, "test.yaml", &BTreeMap::new());
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    Context::new(db.clone(), Arc::new(clock.clone()), Arc::new(config)).expect("a context")
}

fn system() -> Caller {
    Caller::system("test")
}

async fn person(db: &Db, address: &str) -> User {
    let email: Email = address.parse().expect("an address");
    let new = users::NewUser {
        email: &email,
        name: "Somebody",
        status: UserStatus::Active,
        sign_in: SignIn::password(),
        global_role: GlobalRole::User,
        role_source: RoleSource::Manual,
        request_logging_enabled: true,
        managed_by: ManagedBy::Admin,
    };
    let mut tx = db.begin().await.expect("a transaction");
    let user = users::insert(&mut tx, new, SystemClock.now()).await;
    tx.commit().await.expect("a commit");
    user.expect("an answer").expect("a person")
}

async fn set_status(ctx: &Context, id: UserId, status: UserStatus) {
    let change = people::Change {
        status: Some(status),
        ..people::Change::default()
    };
    let changed = people::change(ctx, &system(), id, change).await;
    changed.expect("a change");
}

on_both! {
    async fn the_first_call_after_a_change_knows_of_it(db: TestDb) {
        let world = World::new(&db).await;
        let (id, secret) = world.key().await;
        let rights = world.ring.rights(&world.ctx, &secret).await.expect("rights");
        assert_eq!(rights.account.key_id, id);
        assert_eq!(rights.account.owner, KeyOwner::User(world.person.id));
        assert_eq!((rights.key_name.as_str(), rights.owner_label.as_str()), ("laptop", "ann@example.com"));
        assert!(rights.allow("alpha") && rights.allow("anything"));
        let models = Change {
            models: Some(Some(vec!["beta/1".to_owned()])),
            ..Change::default()
        };
        api_keys::change(&world.ctx, &system(), id, models).await.expect("a change");
        let rights = world.ring.rights(&world.ctx, &secret).await.expect("rights");
        assert!(rights.allow("beta/1") && !rights.allow("alpha"));
        set_status(&world.ctx, world.person.id, UserStatus::Disabled).await;
        assert_eq!(world.refusal(&secret).await, Some(KeyRefusal::OwnerDisabled));
        users::set_password(&*db, world.person.id, "x", false).await.expect("a password");
        set_status(&world.ctx, world.person.id, UserStatus::Active).await;
        assert_eq!(world.refusal(&secret).await, None);
        api_keys::revoke(&world.ctx, &system(), id).await.expect("a revocation");
        assert_eq!(world.refusal(&secret).await, Some(KeyRefusal::Revoked));
    }

    async fn another_process_knows_soon(db: TestDb) {
        let world = World::new(&db).await;
        let (id, secret) = world.key().await;
        let other = context(&*db.reconnect().await, &world.clock);
        let ring = KeyRing::new();
        ring.rights(&other, &secret).await.expect("rights");
        api_keys::revoke(&world.ctx, &system(), id).await.expect("a revocation");
        // By then nothing that was read before is used any more.
        tokio::time::sleep(Duration::from_millis(950)).await;
        assert_eq!(ring.rights(&other, &secret).await.err(), Some(KeyRefusal::Revoked));
    }

    async fn a_key_in_steady_use_is_asked_for_anew(db: TestDb) {
        let world = World::new(&db).await;
        let (id, secret) = world.key().await;
        assert_eq!(world.refusal(&secret).await, None);
        gateway_store::api_keys::revoke(&*db, id, world.ctx.now()).await.expect("a revocation");
        let mut calls = 0;
        while world.refusal(&secret).await.is_none() {
            calls += 1;
            assert!(calls < 1_000, "old knowledge is used for ever");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn an_unknown_key_is_unknown_until_it_is_made(db: TestDb) {
        let world = World::new(&db).await;
        let secret = ApiKeySecret::generate();
        assert_eq!(world.refusal(&secret).await, Some(KeyRefusal::Unknown));
        let (id, _) = world.key().await;
        let now = world.ctx.now();
        gateway_store::api_keys::add_secret(&*db, id, &secret.hash(), now).await.expect("a secret");
        assert_eq!(world.refusal(&secret).await, None, "the key before it was a decision");
    }

    async fn without_a_database_nobody_gets_through_on_old_knowledge(db: TestDb) {
        let world = World::new(&db).await;
        let (_, secret) = world.key().await;
        let other = context(&*db.reconnect().await, &world.clock);
        let ring = KeyRing::new();
        ring.rights(&other, &secret).await.expect("rights");
        other.db().close().await;
        tokio::time::sleep(Duration::from_millis(950)).await;
        let unavailable = Some(KeyRefusal::Unavailable);
        assert_eq!(ring.rights(&other, &secret).await.err(), unavailable);
        let stranger = ApiKeySecret::generate();
        assert_eq!(ring.rights(&other, &stranger).await.err(), unavailable);
    }

    async fn time_ends_keys_and_replaced_secrets_without_asking_anybody(db: TestDb) {
        let world = World::new(&db).await;
        let (id, first) = world.key().await;
        let overlap = Duration::from_hours(1);
        let rotated = api_keys::rotate(&world.ctx, &system(), id, overlap).await;
        let (_, second) = rotated.expect("a rotation");
        for secret in [&first, &second] {
            assert_eq!(world.refusal(secret).await, None);
        }
        world.clock.advance(TimeDelta::minutes(59));
        assert_eq!(world.refusal(&first).await, None);
        world.clock.advance(TimeDelta::minutes(1));
        assert_eq!(world.refusal(&first).await, Some(KeyRefusal::Revoked));
        assert_eq!(world.refusal(&second).await, None);
        let ends = Change {
            expires_at: Some(Some(world.ctx.now() + TimeDelta::days(1))),
            ..Change::default()
        };
        api_keys::change(&world.ctx, &system(), id, ends).await.expect("a change");
        assert_eq!(world.refusal(&second).await, None);
        world.clock.advance(TimeDelta::days(1));
        assert_eq!(world.refusal(&second).await, Some(KeyRefusal::Expired));
    }

    async fn a_second_rotation_ends_the_oldest_secret(db: TestDb) {
        let world = World::new(&db).await;
        let (id, first) = world.key().await;
        let mut secrets = vec![first];
        for _ in 0..2 {
            let rotated = api_keys::rotate(&world.ctx, &system(), id, api_keys::DEFAULT_OVERLAP).await;
            secrets.push(rotated.expect("a rotation").1);
        }
        assert_eq!(world.refusal(&secrets[0]).await, Some(KeyRefusal::Revoked));
        assert_eq!(world.refusal(&secrets[1]).await, None);
        assert_eq!(world.refusal(&secrets[2]).await, None);
        let now = api_keys::rotate(&world.ctx, &system(), id, Duration::ZERO).await;
        secrets.push(now.expect("a rotation").1);
        assert_eq!(world.refusal(&secrets[2]).await, Some(KeyRefusal::Revoked));
        assert_eq!(world.refusal(&secrets[3]).await, None);
        api_keys::revoke(&world.ctx, &system(), id).await.expect("a revocation");
        for secret in &secrets {
            assert_eq!(world.refusal(secret).await, Some(KeyRefusal::Revoked));
        }
    }

    async fn people_and_programs_take_their_keys_with_them(db: TestDb) {
        let world = World::new(&db).await;
        let ctx = &world.ctx;
        let (_, of_person) = world.key().await;
        teams::create(ctx, &system(), "ml", "ML").await.expect("a team");
        service_accounts::create(ctx, &system(), "ci", "CI", "ml").await.expect("a service account");
        let (_, of_program) = world.key_of(OwnerRef::Named("ci".to_owned())).await;
        for secret in [&of_person, &of_program] {
            assert_eq!(world.refusal(secret).await, None);
        }
        let disabled = ServiceAccountStatus::Disabled;
        service_accounts::set_status(ctx, &system(), "ci", disabled).await.expect("a change");
        assert_eq!(world.refusal(&of_program).await, Some(KeyRefusal::OwnerDisabled));
        let active = ServiceAccountStatus::Active;
        service_accounts::set_status(ctx, &system(), "ci", active).await.expect("a change");
        assert_eq!(world.refusal(&of_program).await, None);
        service_accounts::delete(ctx, &system(), "ci").await.expect("a deletion");
        assert_eq!(world.refusal(&of_program).await, Some(KeyRefusal::Unknown));
        people::delete(ctx, &system(), world.person.id).await.expect("a deletion");
        assert_eq!(world.refusal(&of_person).await, Some(KeyRefusal::Unknown));
    }

    async fn the_strictest_policy_and_the_oldest_team_are_in_force(db: TestDb) {
        let world = World::new(&db).await;
        let ctx = &world.ctx;
        let (_, secret) = world.key().await;
        let rights = async || world.ring.rights(ctx, &secret).await.expect("rights");
        assert_eq!(rights().await.payloads, Payloads::Full);
        assert_eq!(rights().await.account.team_id, None);
        let ml = teams::create(ctx, &system(), "ml", "ML").await.expect("a team");
        let ops = teams::create(ctx, &system(), "ops", "Ops").await.expect("a team");
        let id = world.person.id;
        for (team, days) in [(&ops, 1), (&ml, 2)] {
            let since = ctx.now() - TimeDelta::days(days);
            let (role, source) = (TeamRole::Member, MembershipSource::Manual);
            team_rows::set_member(&*db, id, team.id, role, source, since).await.expect("a place");
        }
        let keep = async |team: &str, payloads| {
            let change = teams::Change { name: None, payloads: Some(payloads) };
            teams::change(ctx, &system(), team, change).await.expect("a change");
        };
        keep("ml", Some(Payloads::Redacted)).await;
        assert_eq!(rights().await.account.team_id, Some(ml.id));
        assert_eq!(rights().await.payloads, Payloads::Redacted);
        keep("ops", Some(Payloads::Off)).await;
        assert_eq!(rights().await.payloads, Payloads::Redacted, "another team's");
        teams::remove_member(ctx, &system(), "ml", id).await.expect("a removal");
        assert_eq!(rights().await.account.team_id, Some(ops.id));
        assert_eq!(rights().await.payloads, Payloads::Off);
        keep("ops", None).await;
        assert_eq!(rights().await.payloads, Payloads::Full);
        let off = people::Change { request_logging_enabled: Some(false), ..people::Change::default() };
        people::change(ctx, &system(), id, off).await.expect("a change");
        assert_eq!(rights().await.payloads, Payloads::Off);
    }

    async fn many_calls_at_once_get_the_same_answer(db: TestDb) {
        let world = World::new(&db).await;
        let (_, secret) = world.key().await;
        let calls = (0..64).map(|_| world.ring.rights(&world.ctx, &secret));
        let answers = futures_util::future::join_all(calls).await;
        let first = answers[0].as_ref().expect("rights");
        for answer in &answers {
            assert!(Arc::ptr_eq(first, answer.as_ref().expect("rights")), "one of them asked");
        }
    }
}
