//! Teams and who is in them.

use gateway_domain::{ManagedBy, MembershipSource, Team, TeamRole};
use gateway_store::{Db, teams, users};
use gateway_testkit::on_both;

use crate::samples::{now, user};

async fn team(db: &Db, key: &str) -> Team {
    let made = teams::insert(db, key, "A team", ManagedBy::Admin, now()).await;
    made.unwrap().unwrap()
}

on_both! {
    async fn a_key_is_taken_once(db: TestDb) {
        let ml = team(&db, "ml").await;
        assert_eq!(teams::insert(&*db, "ml", "Other", ManagedBy::Config, now()).await.unwrap(), None);
        assert_eq!(teams::find(&*db, "ml").await.unwrap(), Some(ml));
        assert_eq!(teams::find(&*db, "ML").await.unwrap(), None);
    }

    async fn lists_go_by_the_bytes_of_keys(db: TestDb) {
        for key in ["b", "a_b", "a-b", "a", "ab", "a0"] {
            team(&db, key).await;
        }
        let keys = |teams: Vec<Team>| teams.into_iter().map(|team| team.key).collect::<Vec<_>>();
        let first = keys(teams::list(&db, None, 4).await.unwrap());
        assert_eq!(first, ["a", "a-b", "a0", "a_b"]);
        let rest = keys(teams::list(&db, Some("a_b"), 4).await.unwrap());
        assert_eq!(rest, ["ab", "b"]);
    }

    async fn an_archived_team_grants_and_shows_nothing(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let ml = team(&db, "ml").await;
        teams::set_member(&*db, ada.id, ml.id, TeamRole::Owner, MembershipSource::Config, now()).await.unwrap();
        assert_eq!(teams::of_user(&db, ada.id, None, 10).await.unwrap().len(), 1);
        teams::set_ownership(&*db, ml.id, ManagedBy::Config, Some(now())).await.unwrap();
        assert!(teams::list(&db, None, 10).await.unwrap().is_empty());
        assert!(teams::memberships_of(&db, [ada.id]).await.unwrap().is_empty());
        assert!(teams::of_user(&db, ada.id, None, 10).await.unwrap().is_empty());
        assert!(teams::find(&*db, "ml").await.unwrap().unwrap().archived_at.is_some());
        assert_eq!(teams::of_config(&*db).await.unwrap().len(), 1);
        teams::set_ownership(&*db, ml.id, ManagedBy::Config, None).await.unwrap();
        assert_eq!(teams::memberships_of(&db, [ada.id]).await.unwrap().len(), 1);
    }

    async fn a_place_is_set_changed_and_taken(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let ml = team(&db, "ml").await;
        assert!(teams::is_empty(&*db, ml.id).await.unwrap());
        assert_eq!(teams::membership(&*db, ada.id, ml.id).await.unwrap(), None);
        teams::set_member(&*db, ada.id, ml.id, TeamRole::Member, MembershipSource::Jit, now()).await.unwrap();
        teams::set_member(&*db, ada.id, ml.id, TeamRole::Admin, MembershipSource::Manual, now()).await.unwrap();
        let place = teams::membership(&*db, ada.id, ml.id).await.unwrap();
        assert_eq!(place, Some((TeamRole::Admin, MembershipSource::Manual)));
        assert!(!teams::is_empty(&*db, ml.id).await.unwrap());
        assert_eq!(teams::sizes(&db, [ml.id]).await.unwrap(), [(ml.id, 1)]);
        assert!(teams::memberships_from_config(&*db, ada.id).await.unwrap().is_empty());
        assert!(teams::remove_member(&*db, ada.id, ml.id).await.unwrap());
        assert!(!teams::remove_member(&*db, ada.id, ml.id).await.unwrap());
        assert!(teams::sizes(&db, [ml.id]).await.unwrap().is_empty());
    }

    async fn the_file_knows_its_own_places(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let (ml, ops) = (team(&db, "ml").await, team(&db, "ops").await);
        teams::set_member(&*db, ada.id, ml.id, TeamRole::Member, MembershipSource::Config, now()).await.unwrap();
        teams::set_member(&*db, ada.id, ops.id, TeamRole::Member, MembershipSource::Manual, now()).await.unwrap();
        assert_eq!(teams::memberships_from_config(&*db, ada.id).await.unwrap(), [(ml.id, TeamRole::Member)]);
    }

    async fn members_come_in_pages_with_their_roles(db: TestDb) {
        let (ml, ops) = (team(&db, "ml").await, team(&db, "ops").await);
        let mut ids = Vec::new();
        for number in 0..5 {
            let somebody = user(&db, &format!("u{number}@example.com")).await;
            teams::set_member(&*db, somebody.id, ml.id, TeamRole::Member, MembershipSource::Manual, now()).await.unwrap();
            teams::set_member(&*db, somebody.id, ops.id, TeamRole::Owner, MembershipSource::Manual, now()).await.unwrap();
            ids.push(somebody.id);
        }
        ids.reverse();
        let first = teams::members(&db, ml.id, None, 3).await.unwrap();
        assert_eq!(first.iter().map(|(user, _)| user.id).collect::<Vec<_>>(), ids[..3]);
        assert!(first.iter().all(|(user, place)| place.role == TeamRole::Member && place.user_id == user.id));
        let rest = teams::members(&db, ml.id, Some(ids[2]), 3).await.unwrap();
        assert_eq!(rest.len(), 2);
    }

    async fn deleting_a_team_frees_its_people(db: TestDb) {
        let ada = user(&db, "ada@example.com").await;
        let ml = team(&db, "ml").await;
        teams::set_member(&*db, ada.id, ml.id, TeamRole::Member, MembershipSource::Manual, now()).await.unwrap();
        teams::rename(&*db, ml.id, "Machine learning").await.unwrap();
        assert_eq!(teams::find(&*db, "ml").await.unwrap().unwrap().name, "Machine learning");
        teams::delete(&*db, ml.id).await.unwrap();
        assert_eq!(teams::find(&*db, "ml").await.unwrap(), None);
        assert!(teams::memberships_of(&db, [ada.id]).await.unwrap().is_empty());
        assert!(users::find(&*db, ada.id).await.unwrap().is_some());
    }
}
