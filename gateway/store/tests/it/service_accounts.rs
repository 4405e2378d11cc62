//! Service accounts.

use gateway_domain::{DisabledBy, ManagedBy, ServiceAccount, ServiceAccountStatus, Team};
use gateway_store::{
    Db,
    service_accounts::{self, Filter, NewServiceAccount},
    teams,
};
use gateway_testkit::on_both;

use crate::samples::now;

async fn team(db: &Db, key: &str) -> Team {
    let made = teams::insert(db, key, "A team", ManagedBy::Admin, now()).await;
    made.unwrap().unwrap()
}

async fn insert(db: &Db, key: &str, team: &Team) -> Option<ServiceAccount> {
    let new = NewServiceAccount {
        key,
        name: "A program",
        team: team.id,
        managed_by: ManagedBy::Config,
    };
    let mut tx = db.begin().await.unwrap();
    let made = service_accounts::insert(&mut tx, new, now()).await.unwrap();
    tx.commit().await.unwrap();
    made
}

on_both! {
    async fn a_key_is_taken_once(db: TestDb) {
        let ml = team(&db, "ml").await;
        let made = insert(&db, "ci", &ml).await.unwrap();
        assert_eq!((made.team_key.as_str(), made.status), ("ml", ServiceAccountStatus::Active));
        assert_eq!(insert(&db, "ci", &ml).await, None);
        assert_eq!(service_accounts::find(&*db, "ci").await.unwrap().as_ref(), Some(&made));
        assert_eq!(service_accounts::find_by_id(&*db, made.id).await.unwrap(), Some(made));
    }

    async fn it_is_changed_disabled_and_deleted(db: TestDb) {
        let (ml, ops) = (team(&db, "ml").await, team(&db, "ops").await);
        let made = insert(&db, "ci", &ml).await.unwrap();
        service_accounts::set_details(&*db, made.id, "Other", ops.id).await.unwrap();
        service_accounts::set_disabled(&*db, made.id, Some(DisabledBy::Config)).await.unwrap();
        service_accounts::set_ownership(&*db, made.id, ManagedBy::Admin).await.unwrap();
        let found = service_accounts::find(&*db, "ci").await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.team_key.as_str()), ("Other", "ops"));
        assert_eq!((found.status, found.disabled_by), (ServiceAccountStatus::Disabled, Some(DisabledBy::Config)));
        assert_eq!(found.managed_by, ManagedBy::Admin);
        service_accounts::set_disabled(&*db, made.id, None).await.unwrap();
        let found = service_accounts::find(&*db, "ci").await.unwrap().unwrap();
        assert_eq!((found.status, found.disabled_by), (ServiceAccountStatus::Active, None));
        assert!(!service_accounts::has_history(&*db, made.id).await.unwrap());
        service_accounts::delete(&*db, made.id).await.unwrap();
        assert_eq!(service_accounts::find(&*db, "ci").await.unwrap(), None);
    }

    async fn lists_go_by_key_and_leave_archived_teams_out(db: TestDb) {
        let (ml, ops) = (team(&db, "ml").await, team(&db, "ops").await);
        for (key, team) in [("b", &ml), ("a", &ml), ("c", &ops)] {
            insert(&db, key, team).await.unwrap();
        }
        let keys = async |filter: Filter<'_>| {
            let rows = service_accounts::list(&db, &filter, 50).await.unwrap();
            rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(Filter::default()).await, ["a", "b", "c"]);
        assert_eq!(keys(Filter { teams: None, after: Some("a") }).await, ["b", "c"]);
        assert_eq!(keys(Filter { teams: Some(&[ops.id]), after: None }).await, ["c"]);
        assert_eq!(keys(Filter { teams: Some(&[]), after: None }).await, [""; 0]);
        assert!(!teams::is_empty(&*db, ml.id).await.unwrap());
        assert!(service_accounts::any_of_team(&*db, ml.id).await.unwrap());
        teams::set_ownership(&*db, ml.id, ManagedBy::Config, Some(now())).await.unwrap();
        assert_eq!(keys(Filter::default()).await, ["c"]);
        assert_eq!(service_accounts::of_config(&*db).await.unwrap().len(), 3);
    }
}
