//! People.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use gateway_domain::{
    DisabledBy, GlobalRole, ManagedBy, OneTimePurpose, RoleSource, SignIn, UserId, UserStatus,
};
use gateway_store::{
    Executor as _, one_time_links, teams,
    users::{self, Filter, NewUser},
};
use gateway_testkit::on_both;

use crate::samples::{assertion, email, hash, named, new_user, now, user};

async fn found(db: &gateway_store::Db, search: &str) -> BTreeSet<String> {
    let filter = Filter {
        search: Some(search),
        ..Filter::default()
    };
    let users = users::list(db, &filter, 100).await.unwrap();
    users.into_iter().map(|user| user.email).collect()
}

on_both! {
    async fn keeps_what_it_is_given(db: TestDb) {
        let email = email("Ada@Example.com");
        let mut tx = db.begin().await.unwrap();
        let new = NewUser {
            name: "Ada Lovelace",
            status: UserStatus::Invited,
            sign_in: SignIn::provider("idp"),
            global_role: GlobalRole::Auditor,
            role_source: RoleSource::Config,
            request_logging_enabled: true,
            managed_by: ManagedBy::Config,
            ..new_user(&email)
        };
        let made = users::insert(&mut tx, new, now()).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        assert_eq!(made.email, "Ada@Example.com");
        assert_eq!(made.name, "Ada Lovelace");
        assert_eq!(made.status, UserStatus::Invited);
        assert_eq!(made.sign_in, SignIn::provider("idp"));
        assert_eq!(made.global_role, GlobalRole::Auditor);
        assert_eq!(made.role_source, RoleSource::Config);
        assert!(made.request_logging_enabled);
        assert_eq!(made.managed_by, ManagedBy::Config);
        assert!(!made.must_change_password);
        assert_eq!(made.created_at, now().max(made.created_at));
        assert_eq!(made.last_sign_in_at, None);
        assert_eq!(users::find(&*db, made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(users::of_config(&*db).await.unwrap(), [made]);
        assert_eq!(users::find(&*db, UserId::new()).await.unwrap(), None);
    }

    async fn an_address_is_taken_once_whatever_its_case(db: TestDb) {
        let first = user(&db, "ada@example.com").await;
        let again = email("ADA@example.COM");
        let mut tx = db.begin().await.unwrap();
        assert_eq!(users::insert(&mut tx, new_user(&again), now()).await.unwrap(), None);
        // The transaction is still good.
        tx.commit().await.unwrap();
        let by_email = users::find_by_email(&*db, &again).await.unwrap().unwrap();
        assert_eq!(by_email.id, first.id);
    }

    async fn case_163_aliases_are_other_people(db: TestDb) {
        for address in ["ada@example.com", "ada+x@example.com", "a.da@example.com", "áda@example.com"] {
            user(&db, address).await;
        }
        assert_eq!(users::list(&db, &Filter::default(), 100).await.unwrap().len(), 4);
    }

    async fn holder_says_what_a_sign_in_must_know(db: TestDb) {
        let address = email("ada@example.com");
        assert_eq!(users::holder(&*db, &address).await.unwrap(), None);
        let ada = user(&db, "ada@example.com").await;
        let holder = users::holder(&*db, &email("ADA@example.com")).await.unwrap().unwrap();
        assert_eq!((holder.user_id, holder.status, holder.is_linked), (ada.id, UserStatus::Active, false));
        assert!(holder.sign_in.is_password());
        gateway_store::identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        assert!(users::holder(&*db, &address).await.unwrap().unwrap().is_linked);
    }

    async fn is_found_by_the_beginning_of_address_host_and_each_word(db: TestDb) {
        named(&db, "Ada.L@Analytical.example", "Augusta Ada King-Noel").await;
        named(&db, "charles@difference.example", "Charles Babbage").await;
        for search in ["ada.l", "ADA", "analyt", "augusta", "King", "noel", " ada ", "ada.l@analytical.example"] {
            assert_eq!(found(&db, search).await, ["Ada.L@Analytical.example".to_owned()].into(), "{search}");
        }
        assert_eq!(found(&db, "example").await.len(), 0, "not the middle of a host");
        assert_eq!(found(&db, "%").await.len(), 0, "no wildcard");
        assert_eq!(found(&db, "_da").await.len(), 0, "no wildcard");
        assert_eq!(found(&db, "").await.len(), 2, "nothing asked, everybody found");
    }

    async fn search_knows_letters_beyond_ascii(db: TestDb) {
        named(&db, "o@example.com", "Ödön Čapek 山田太郎").await;
        for search in ["ödön", "ÖDÖN", "čap", "山田"] {
            assert_eq!(found(&db, search).await.len(), 1, "{search}");
        }
    }

    async fn search_follows_a_new_name(db: TestDb) {
        let ada = named(&db, "ada@example.com", "Ada Byron").await;
        let mut tx = db.begin().await.unwrap();
        users::set_name(&mut tx, ada.id, &email("ada@example.com"), "Ada Lovelace").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(&db, "byron").await.len(), 0);
        assert_eq!(found(&db, "lovelace").await.len(), 1);
        assert_eq!(users::find(&*db, ada.id).await.unwrap().unwrap().name, "Ada Lovelace");
    }

    async fn a_long_or_repetitive_name_can_be_kept(db: TestDb) {
        let name = format!("Ada Ada ada {}", "x".repeat(500));
        let ada = named(&db, "ada@example.com", &name).await;
        assert_eq!(ada.name, name);
        assert_eq!(found(&db, &"x".repeat(64)).await.len(), 1);
    }

    async fn pages_are_complete_and_newest_first(db: TestDb) {
        let mut all = Vec::new();
        for number in 0..7 {
            all.push(user(&db, &format!("u{number}@example.com")).await.id);
        }
        all.reverse();
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let filter = Filter { before, ..Filter::default() };
            let page = users::list(&db, &filter, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            seen.extend(page.iter().map(|user| user.id));
        }
        assert_eq!(seen, all);
    }

    async fn filters_add_up(db: TestDb) {
        let ada = named(&db, "ada@example.com", "Ada").await;
        let bob = named(&db, "bob@example.com", "Bob").await;
        users::set_status(&*db, bob.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
        let team = teams::insert(&*db, "ml", "ML", ManagedBy::Admin, now()).await.unwrap().unwrap();
        for id in [ada.id, bob.id] {
            teams::set_member(
                &*db, id, team.id, gateway_domain::TeamRole::Member, gateway_domain::MembershipSource::Manual, now(),
            ).await.unwrap();
        }
        let filter = Filter {
            search: Some("example"),
            status: Some(UserStatus::Disabled),
            team: Some(team.id),
            before: None,
        };
        let search_host = users::list(&db, &filter, 10).await.unwrap();
        assert_eq!(search_host.iter().map(|user| user.id).collect::<Vec<_>>(), [bob.id]);
        let other = Filter { status: Some(UserStatus::Invited), ..filter };
        assert!(users::list(&db, &other, 10).await.unwrap().is_empty());
        let counts = users::count_by_status(&*db).await.unwrap();
        assert_eq!(counts, [(UserStatus::Active, 1), (UserStatus::Disabled, 1)]);
    }

    async fn a_search_that_many_match_finds_the_same(db: TestDb) {
        let team = teams::insert(&*db, "ml", "ML", ManagedBy::Admin, now()).await.unwrap().unwrap();
        let mut members = Vec::new();
        for number in 0..6 {
            let someone = named(&db, &format!("u{number}@example.com"), "Common").await;
            if number % 2 == 0 {
                teams::set_member(
                    &*db, someone.id, team.id, gateway_domain::TeamRole::Member,
                    gateway_domain::MembershipSource::Manual, now(),
                ).await.unwrap();
                members.push(someone.id);
            }
        }
        members.reverse();
        let list = async |filter: Filter<'_>| users::list(&db, &filter, 10).await.unwrap();
        let everybody = Filter { search: Some("comm"), ..Filter::default() };
        let of_team = Filter { team: Some(team.id), ..everybody.clone() };
        let few = list(everybody.clone()).await;
        let few_members = list(of_team.clone()).await;
        assert_eq!(few.len(), 6);
        assert_eq!(few_members.iter().map(|user| user.id).collect::<Vec<_>>(), members);
        // So many words begin so that looking at each match is no longer the way.
        db.query(
            "INSERT INTO user_terms (term, user_id) \
             WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 3000) \
             SELECT 'common' || CAST(n AS TEXT), $1 FROM numbers",
        ).bind(few[0].id).execute().await.unwrap();
        assert_eq!(list(everybody.clone()).await, few);
        assert_eq!(list(of_team.clone()).await, few_members);
        let before = Some(few_members[0].id);
        assert_eq!(list(Filter { before, ..everybody }).await, few[2..]);
        assert_eq!(list(Filter { before, ..of_team.clone() }).await, few_members[1..]);
        assert_eq!(list(Filter { status: Some(UserStatus::Disabled), ..of_team }).await, []);
    }

    async fn a_status_and_its_author_go_together(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        assert!(users::set_status(&*db, ada.id, UserStatus::Disabled, None).await.is_err());
        assert!(users::set_status(&*db, ada.id, UserStatus::Active, Some(DisabledBy::Admin)).await.is_err());
        users::set_status(&*db, ada.id, UserStatus::Disabled, Some(DisabledBy::Config)).await.unwrap();
        let now_disabled = users::find(&*db, ada.id).await.unwrap().unwrap();
        assert_eq!(now_disabled.disabled_by, Some(DisabledBy::Config));
    }

    async fn changes_are_kept(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        users::set_role(&*db, ada.id, GlobalRole::PlatformAdmin, RoleSource::Manual).await.unwrap();
        users::set_request_logging(&*db, ada.id, true).await.unwrap();
        users::set_ownership(&*db, ada.id, ManagedBy::Config, &SignIn::provider("idp")).await.unwrap();
        users::touch_sign_in(&*db, ada.id, now()).await.unwrap();
        let ada = users::find(&*db, ada.id).await.unwrap().unwrap();
        assert_eq!((ada.global_role, ada.role_source), (GlobalRole::PlatformAdmin, RoleSource::Manual));
        assert!(ada.request_logging_enabled);
        assert_eq!((ada.managed_by, ada.sign_in.as_str()), (ManagedBy::Config, "idp"));
        assert!(ada.last_sign_in_at.is_some());
    }

    async fn passwords_come_and_go(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        assert_eq!(users::password_hash(&*db, ada.id).await.unwrap(), None);
        assert!(!users::has_come(&*db, ada.id).await.unwrap());
        users::set_password(&*db, ada.id, "$argon2id$x", true).await.unwrap();
        assert_eq!(users::password_hash(&*db, ada.id).await.unwrap().as_deref(), Some("$argon2id$x"));
        assert!(users::find(&*db, ada.id).await.unwrap().unwrap().must_change_password);
        assert!(users::has_come(&*db, ada.id).await.unwrap());
        users::clear_password(&*db, ada.id).await.unwrap();
        assert_eq!(users::password_hash(&*db, ada.id).await.unwrap(), None);
        assert!(!users::find(&*db, ada.id).await.unwrap().unwrap().must_change_password);
        assert_eq!(users::password_hash(&*db, UserId::new()).await.unwrap(), None);
    }

    async fn somebody_linked_has_come(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        gateway_store::identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        assert!(users::has_come(&*db, ada.id).await.unwrap());
    }

    async fn admins_are_counted_by_what_they_can_do(db: TestDb) {
        assert_eq!(users::count_active_admins(&*db).await.unwrap(), 0);
        let ada = user(&db, "ada@example.com").await;
        users::set_role(&*db, ada.id, GlobalRole::PlatformAdmin, RoleSource::Manual).await.unwrap();
        assert_eq!(users::count_active_admins(&*db).await.unwrap(), 1);
        users::set_status(&*db, ada.id, UserStatus::Invited, None).await.unwrap();
        assert_eq!(users::count_active_admins(&*db).await.unwrap(), 0);
        users::set_status(&*db, ada.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
    }

    async fn an_invited_admin_needs_a_way_in(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        users::set_role(&*db, ada.id, GlobalRole::PlatformAdmin, RoleSource::Manual).await.unwrap();
        assert!(users::any_admin_with_way_in(&*db, now()).await.unwrap());
        users::set_status(&*db, ada.id, UserStatus::Invited, None).await.unwrap();
        assert!(!users::any_admin_with_way_in(&*db, now()).await.unwrap(), "invited with a password, no link");
        let until = now() + TimeDelta::hours(1);
        one_time_links::insert(&*db, &hash(), OneTimePurpose::Invite, Some(ada.id), None, now(), until).await.unwrap();
        assert!(users::any_admin_with_way_in(&*db, now()).await.unwrap());
        assert!(!users::any_admin_with_way_in(&*db, until).await.unwrap(), "the link has expired");
        users::set_ownership(&*db, ada.id, ManagedBy::Admin, &SignIn::provider("idp")).await.unwrap();
        assert!(users::any_admin_with_way_in(&*db, until).await.unwrap(), "a provider is a way in");
    }

    async fn deleting_takes_everything_that_is_theirs(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        gateway_store::identities::insert(&*db, ada.id, &assertion("idp", "1"), now()).await.unwrap();
        users::delete(&*db, ada.id).await.unwrap();
        assert_eq!(users::find(&*db, ada.id).await.unwrap(), None);
        assert_eq!(gateway_store::identities::linked(&*db, &assertion("idp", "1")).await.unwrap(), None);
        assert!(found(&db, "ada").await.is_empty());
        user(&db, "ada@example.com").await;
    }
}
