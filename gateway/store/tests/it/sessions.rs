//! Sessions: live only within their limits, and never revived.

use chrono::{DateTime, TimeDelta, Utc};
use gateway_domain::{SessionId, TokenHash, User};
use gateway_store::{Db, sessions, users};
use gateway_testkit::on_both;

use crate::samples::{hash, now, user};

/// Opened at `at`: an hour when unused, a day at most.
async fn open(db: &Db, user: &User, at: DateTime<Utc>) -> (SessionId, TokenHash) {
    let (id, token) = (SessionId::new(), hash());
    let new = sessions::NewSession {
        id,
        token_hash: token,
        user_id: user.id,
        provider_key: "idp",
        now: at,
        idle_expires_at: at + TimeDelta::hours(1),
        expires_at: at + TimeDelta::days(1),
        address: "192.0.2.1",
        user_agent: "Browser",
    };
    sessions::insert(db, &new).await.unwrap();
    (id, token)
}

async fn is_live(db: &Db, token: &TokenHash, at: DateTime<Utc>) -> bool {
    sessions::find_live(db, token, at).await.unwrap().is_some()
}

on_both! {
    async fn a_live_session_brings_its_person(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (id, token) = open(&db, &ada, at).await;
        let live = sessions::find_live(&*db, &token, at).await.unwrap().unwrap();
        assert_eq!(live.session_id, id);
        assert_eq!(live.provider_key, "idp");
        assert_eq!((live.session_created_at, live.last_seen_at), (at, at));
        assert_eq!(live.expires_at, at + TimeDelta::days(1));
        assert_eq!(live.user, users::find(&*db, ada.id).await.unwrap().unwrap());
        let info = sessions::find(&*db, id, at).await.unwrap().unwrap();
        assert_eq!((info.address.as_str(), info.user_agent.as_str()), ("192.0.2.1", "Browser"));
        assert_eq!(sessions::count_live(&*db, at).await.unwrap(), 1);
    }

    async fn only_live_sessions_of_other_providers_are_ended(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (_, token) = open(&db, &ada, at).await;
        let mut tx = db.begin().await.unwrap();
        for kept in [&["password", "idp"][..], &["idp"]] {
            let ended = sessions::revoke_of_providers_other_than(&mut tx, kept, at).await.unwrap();
            assert!(ended.is_empty());
        }
        let late = at + TimeDelta::hours(2);
        let ended = sessions::revoke_of_providers_other_than(&mut tx, &["password"], late).await.unwrap();
        assert!(ended.is_empty(), "it is over already");
        let ended = sessions::revoke_of_providers_other_than(&mut tx, &["password", "IDP"], at).await.unwrap();
        assert_eq!(ended, [(ada.id, "idp".to_owned())]);
        let again = sessions::revoke_of_providers_other_than(&mut tx, &[], at).await.unwrap();
        assert!(again.is_empty());
        tx.commit().await.unwrap();
        assert!(!is_live(&db, &token, at).await);
    }

    async fn case_202_the_idle_limit_ends_it_and_use_prolongs_it(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (id, token) = open(&db, &ada, at).await;
        assert!(is_live(&db, &token, at + TimeDelta::minutes(59)).await);
        assert!(!is_live(&db, &token, at + TimeDelta::hours(1)).await);
        let used = at + TimeDelta::minutes(30);
        sessions::touch(&*db, id, used, used + TimeDelta::hours(1)).await.unwrap();
        assert!(is_live(&db, &token, at + TimeDelta::minutes(80)).await);
        let live = sessions::find_live(&*db, &token, used).await.unwrap().unwrap();
        assert_eq!(live.last_seen_at, used);
    }

    async fn case_202_the_absolute_limit_ends_it_however_much_it_is_used(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (id, token) = open(&db, &ada, at).await;
        for hour in 1..=24 {
            let used = at + TimeDelta::minutes(hour * 60 - 1);
            sessions::touch(&*db, id, used, used + TimeDelta::hours(2)).await.unwrap();
        }
        assert!(is_live(&db, &token, at + TimeDelta::minutes(24 * 60 - 1)).await);
        assert!(!is_live(&db, &token, at + TimeDelta::hours(24)).await);
        assert_eq!(sessions::find(&*db, id, at + TimeDelta::hours(24)).await.unwrap(), None);
        assert_eq!(sessions::count_live(&*db, at + TimeDelta::hours(24)).await.unwrap(), 0);
    }

    async fn case_206_nothing_revives_a_dead_session(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (revoked, revoked_token) = open(&db, &ada, at).await;
        let (_, idle_token) = open(&db, &ada, at).await;
        assert!(sessions::revoke(&*db, revoked, at).await.unwrap());
        assert!(!sessions::revoke(&*db, revoked, at).await.unwrap());
        sessions::touch(&*db, revoked, at, at + TimeDelta::hours(9)).await.unwrap();
        assert!(!sessions::save_data(&*db, &revoked_token, "{}", at).await.unwrap());
        assert!(!is_live(&db, &revoked_token, at).await);
        assert_eq!(sessions::load_data(&*db, &revoked_token, at).await.unwrap(), None);
        let too_late = at + TimeDelta::hours(2);
        assert!(!sessions::save_data(&*db, &idle_token, "{}", too_late).await.unwrap());
        let info = sessions::of_user(&*db, ada.id, None, at, 10).await.unwrap();
        assert_eq!(info.len(), 1);
        sessions::touch(&*db, info[0].id, too_late, too_late + TimeDelta::hours(1)).await.unwrap();
        assert!(!is_live(&db, &idle_token, too_late).await);
    }

    async fn data_is_kept_while_it_lives(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (_, token) = open(&db, &ada, at).await;
        assert_eq!(sessions::load_data(&*db, &token, at).await.unwrap().unwrap().0, "{}");
        assert!(sessions::save_data(&*db, &token, r#"{"a":1}"#, at).await.unwrap());
        let (data, expires_at) = sessions::load_data(&*db, &token, at).await.unwrap().unwrap();
        assert_eq!((data.as_str(), expires_at), (r#"{"a":1}"#, at + TimeDelta::days(1)));
        assert!(!sessions::save_data(&*db, &hash(), "{}", at).await.unwrap(), "save makes no session");
    }

    async fn case_207_a_cookie_is_revoked_once(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (id, token) = open(&db, &ada, at).await;
        assert_eq!(sessions::revoke_token(&*db, &token, at).await.unwrap(), Some((id, ada.id)));
        assert_eq!(sessions::revoke_token(&*db, &token, at).await.unwrap(), None);
        assert_eq!(sessions::revoke_token(&*db, &hash(), at).await.unwrap(), None);
    }

    async fn case_208_all_but_one_are_revoked(db: TestDb) {
        let (ada, bob) = (user(&db, "ada@example.com").await, user(&db, "bob@example.com").await);
        let at = now();
        let mut tokens = Vec::new();
        for _ in 0..3 {
            tokens.push(open(&db, &ada, at).await);
        }
        let (_, of_bob) = open(&db, &bob, at).await;
        let (kept, kept_token) = tokens[1];
        assert_eq!(sessions::revoke_all(&*db, ada.id, Some(kept), at).await.unwrap(), 2);
        assert!(is_live(&db, &kept_token, at).await);
        assert_eq!(sessions::revoke_all(&*db, ada.id, None, at).await.unwrap(), 1);
        assert!(!is_live(&db, &kept_token, at).await);
        assert!(is_live(&db, &of_bob, at).await);
    }

    async fn a_persons_sessions_are_listed_newest_first_in_pages(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(open(&db, &ada, at).await.0);
        }
        ids.reverse();
        let list = async |before| {
            let page = sessions::of_user(&*db, ada.id, before, at, 3).await.unwrap();
            page.into_iter().map(|session| session.id).collect::<Vec<_>>()
        };
        assert_eq!(list(None).await, ids[..3]);
        assert_eq!(list(Some(ids[2])).await, ids[3..]);
    }

    async fn sessions_go_with_their_person(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let at = now();
        let (_, token) = open(&db, &ada, at).await;
        users::delete(&*db, ada.id).await.unwrap();
        assert!(!is_live(&db, &token, at).await);
    }
}
