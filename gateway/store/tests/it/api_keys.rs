//! Keys and their secrets.

use chrono::TimeDelta;
use gateway_domain::{
    ApiKeyId, KeyOwner, ManagedBy, MembershipSource, Payloads, Team, TeamRole, TokenHash,
    UserStatus,
};
use gateway_store::{
    Db,
    api_keys::{self, Filter, NewKey, Visible},
    service_accounts::{self, NewServiceAccount},
    teams, users,
};
use gateway_testkit::on_both;

use crate::samples::{hash, now, user};

async fn key(db: &Db, owner: KeyOwner) -> (ApiKeyId, TokenHash) {
    let (id, secret) = (ApiKeyId::new(), hash());
    let new = NewKey {
        id,
        prefix: "sk-ogw-abcdef",
        name: "laptop",
        owner,
        models: Some(&["gpt-4o-mini".to_owned(), "a/b".to_owned()]),
        expires_at: None,
    };
    api_keys::insert(db, new, now()).await.unwrap();
    api_keys::add_secret(db, id, &secret, now()).await.unwrap();
    (id, secret)
}

async fn team(db: &Db, key: &str) -> Team {
    let made = teams::insert(db, key, "A team", ManagedBy::Admin, now()).await;
    made.unwrap().unwrap()
}

async fn account(db: &Db, key: &str, team: &Team) -> KeyOwner {
    let new = NewServiceAccount {
        key,
        name: "A program",
        team: team.id,
        managed_by: ManagedBy::Admin,
    };
    let mut tx = db.begin().await.unwrap();
    let made = service_accounts::insert(&mut tx, new, now()).await.unwrap();
    tx.commit().await.unwrap();
    KeyOwner::ServiceAccount(made.unwrap().id)
}

async fn join(db: &Db, person: KeyOwner, team: &Team, days_ago: i64) {
    let (role, source) = (TeamRole::Member, MembershipSource::Manual);
    let since = now() - TimeDelta::days(days_ago);
    let user = person.user().unwrap();
    teams::set_member(db, user, team.id, role, source, since)
        .await
        .unwrap();
}

async fn ids(db: &Db, filter: Filter) -> Vec<ApiKeyId> {
    let rows = api_keys::list(db, &filter, 50).await.unwrap();
    rows.into_iter().map(|row| row.key.id).collect()
}

on_both! {
    async fn a_key_is_read_as_it_was_written(db: TestDb) {
        let person = user(&db, "ann@example.com").await;
        let owner = KeyOwner::User(person.id);
        let (id, secret) = key(&db, owner).await;
        let stored = api_keys::find(&*db, id).await.unwrap().unwrap();
        assert_eq!(stored.key.owner, owner);
        assert_eq!(stored.key.models.as_deref().unwrap(), ["gpt-4o-mini", "a/b"]);
        assert_eq!((stored.key.created_at, stored.key.expires_at), (now_of(&stored), None));
        assert_eq!(stored.owner_label, "ann@example.com");
        assert!(stored.owner_works);
        assert_eq!((stored.team, stored.service_team), (None, None));
        let holder = api_keys::look_up(&*db, &secret).await.unwrap().unwrap();
        assert_eq!((holder.key_id, holder.owner, holder.team_id), (id, owner, None));
        assert_eq!(holder.request_logging_enabled, Some(false));
        assert_eq!(api_keys::look_up(&*db, &hash()).await.unwrap(), None);
    }

    async fn calls_go_to_the_team_of_longest_standing_that_is_left(db: TestDb) {
        let owner = KeyOwner::User(user(&db, "ann@example.com").await.id);
        let (old, young, gone) = (team(&db, "old").await, team(&db, "young").await, team(&db, "gone").await);
        join(&db, owner, &young, 1).await;
        join(&db, owner, &old, 2).await;
        join(&db, owner, &gone, 3).await;
        teams::set_ownership(&*db, gone.id, ManagedBy::Config, Some(now())).await.unwrap();
        teams::set_payloads(&*db, old.id, Some(Payloads::Redacted)).await.unwrap();
        let (id, secret) = key(&db, owner).await;
        let holder = api_keys::look_up(&*db, &secret).await.unwrap().unwrap();
        assert_eq!(holder.team_id, Some(old.id));
        assert_eq!(holder.team_payloads, Some(Payloads::Redacted));
        let stored = api_keys::find(&*db, id).await.unwrap().unwrap();
        assert_eq!(stored.team, Some(("old".to_owned(), "A team".to_owned())));
        teams::remove_member(&*db, owner.user().unwrap(), old.id).await.unwrap();
        let holder = api_keys::look_up(&*db, &secret).await.unwrap().unwrap();
        assert_eq!(holder.team_id, Some(young.id));
    }

    async fn an_owner_works_or_does_not(db: TestDb) {
        let person = user(&db, "ann@example.com").await;
        let team = team(&db, "ml").await;
        let program = account(&db, "ci", &team).await;
        let (_, of_person) = key(&db, KeyOwner::User(person.id)).await;
        let (_, of_program) = key(&db, program).await;
        let works = async |secret| api_keys::look_up(&*db, secret).await.unwrap().unwrap().owner_works;
        assert!(works(&of_person).await && works(&of_program).await);
        users::set_status(&*db, person.id, UserStatus::Invited, None).await.unwrap();
        assert!(!works(&of_person).await);
        teams::set_ownership(&*db, team.id, ManagedBy::Config, Some(now())).await.unwrap();
        assert!(!works(&of_program).await, "its team is archived");
        teams::set_ownership(&*db, team.id, ManagedBy::Config, None).await.unwrap();
        assert!(works(&of_program).await);
        let KeyOwner::ServiceAccount(id) = program else { unreachable!() };
        let by = Some(gateway_domain::DisabledBy::Admin);
        service_accounts::set_disabled(&*db, id, by).await.unwrap();
        assert!(!works(&of_program).await);
        service_accounts::delete(&*db, id).await.unwrap();
        assert_eq!(api_keys::look_up(&*db, &of_program).await.unwrap(), None);
    }

    async fn at_most_two_secrets_live(db: TestDb) {
        let owner = KeyOwner::User(user(&db, "ann@example.com").await.id);
        let (id, first) = key(&db, owner).await;
        let now = now();
        let mut secrets = vec![first];
        for rotation in 0..3 {
            let at = now + TimeDelta::minutes(rotation);
            api_keys::end_secrets(&*db, id, at + TimeDelta::hours(24), at).await.unwrap();
            let next = hash();
            api_keys::add_secret(&*db, id, &next, at).await.unwrap();
            secrets.push(next);
        }
        let mut ends = Vec::new();
        for secret in &secrets {
            let holder = api_keys::look_up(&*db, secret).await.unwrap().unwrap();
            ends.push(holder.secret_until);
        }
        let minutes = |n| Some(now + TimeDelta::minutes(n));
        assert_eq!(ends, [minutes(1), minutes(2), minutes(2 + 24 * 60), None]);
    }

    async fn a_key_is_revoked_once_and_last_used_only_goes_on(db: TestDb) {
        let owner = KeyOwner::User(user(&db, "ann@example.com").await.id);
        let (id, _) = key(&db, owner).await;
        let later = now() + TimeDelta::minutes(5);
        for at in [later, now()] {
            api_keys::touch(&*db, id, at).await.unwrap();
        }
        let stored = api_keys::find(&*db, id).await.unwrap().unwrap();
        assert_eq!(stored.key.last_used_at, Some(later));
        assert_eq!(api_keys::count_live(&*db, owner, now()).await.unwrap(), 1);
        assert!(api_keys::revoke(&*db, id, later).await.unwrap());
        assert!(!api_keys::revoke(&*db, id, now()).await.unwrap());
        let stored = api_keys::find(&*db, id).await.unwrap().unwrap();
        assert_eq!(stored.key.revoked_at, Some(later));
        assert_eq!(api_keys::count_live(&*db, owner, now()).await.unwrap(), 0);
    }

    async fn lists_hold_what_was_asked_for(db: TestDb) {
        let (ann, bob) = (user(&db, "ann@example.com").await, user(&db, "bob@example.com").await);
        let [ann, bob] = [ann, bob].map(|user| KeyOwner::User(user.id));
        let (ml, ops) = (team(&db, "ml").await, team(&db, "ops").await);
        join(&db, bob, &ml, 1).await;
        let program = account(&db, "ci", &ops).await;
        let mut made = Vec::new();
        for owner in [ann, bob, program] {
            made.push(key(&db, owner).await.0);
        }
        let [of_ann, of_bob, of_program] = made[..] else { unreachable!() };
        assert_eq!(ids(&db, Filter::default()).await, [of_program, of_bob, of_ann]);
        assert_eq!(ids(&db, Filter { owner: Some(ann), ..Filter::default() }).await, [of_ann]);
        assert_eq!(ids(&db, Filter { owner: Some(program), ..Filter::default() }).await, [of_program]);
        assert_eq!(ids(&db, Filter { team: Some(ml.id), ..Filter::default() }).await, [of_bob]);
        assert_eq!(ids(&db, Filter { team: Some(ops.id), ..Filter::default() }).await, [of_program]);
        assert_eq!(ids(&db, Filter { before: Some(of_bob), ..Filter::default() }).await, [of_ann]);
        let seen_by_ann = |teams: &[&Team]| Filter {
            visible: Some(Visible {
                user: ann.user().unwrap(),
                teams: teams.iter().map(|team| team.id).collect(),
            }),
            ..Filter::default()
        };
        assert_eq!(ids(&db, seen_by_ann(&[])).await, [of_ann]);
        assert_eq!(ids(&db, seen_by_ann(&[&ml])).await, [of_bob, of_ann]);
        assert_eq!(ids(&db, seen_by_ann(&[&ml, &ops])).await, [of_program, of_bob, of_ann]);
    }

    async fn a_decision_is_counted_and_a_batch_is_not(db: TestDb) {
        let before = db.generation();
        drop(db.begin().await.unwrap());
        assert_eq!(db.generation(), before, "nothing was committed");
        db.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(db.generation(), before + 1);
        let same = (*db).clone();
        same.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(db.generation(), before + 2, "clones count together");
        db.begin_batch().await.unwrap().commit().await.unwrap();
        assert_eq!(db.generation(), before + 2);
    }
}

fn now_of(stored: &api_keys::StoredKey) -> chrono::DateTime<chrono::Utc> {
    let made = stored.key.created_at;
    assert!((now() - made).abs() < TimeDelta::minutes(5));
    made
}
