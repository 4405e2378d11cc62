//! Who may read what, and what they are shown.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use gateway_domain::{GlobalRole, RequestId, TeamRole, ledger::RequestRecord, money::NanoUsd};
use gateway_identity::{Caller, Paging, ServiceError};
use gateway_store::users;
use gateway_testkit::on_both;
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};

use super::{
    samples::{attempt, call, noon, request},
    world::{World, caller},
};
use crate::{
    requests::{self, StatusFilter},
    retention,
    usage::{self, Dimension},
};

fn ids(requests: &[&RequestRecord]) -> Vec<RequestId> {
    requests.iter().map(|request| request.id).collect()
}

on_both! {
    async fn everybody_sees_what_is_theirs(db: TestDb) {
        let world = World::new(db).await;
        let (ada, bob, eve, ci) =
            (world.call(&world.ada, 1), world.call(&world.bob, 2), world.call(&world.eve, 3), world.call(&world.ci, 4));
        world.ledger.flush().await.unwrap();
        let all = requests::Filter::default();
        let in_ml = |role| [(world.ml.id, role)];
        for (who, expected) in [
            (caller(&world.eve, GlobalRole::PlatformAdmin, &[]), ids(&[&ci, &eve, &bob, &ada])),
            (caller(&world.eve, GlobalRole::Auditor, &[]), ids(&[&ci, &eve, &bob, &ada])),
            (caller(&world.ada, GlobalRole::User, &in_ml(TeamRole::Admin)), ids(&[&ci, &bob, &ada])),
            (caller(&world.eve, GlobalRole::User, &in_ml(TeamRole::Owner)), ids(&[&ci, &eve, &bob, &ada])),
            (caller(&world.bob, GlobalRole::User, &in_ml(TeamRole::Member)), ids(&[&bob])),
            (caller(&world.eve, GlobalRole::User, &[]), ids(&[&eve])),
        ] {
            assert_eq!(world.list(&who, &all).await, expected);
            for request in [&ada, &bob, &eve, &ci] {
                let got = requests::get(&world.ctx, &who, request.id).await;
                assert_eq!(got.is_ok(), expected.contains(&request.id));
            }
            let filter = usage_filter();
            let rows = usage::summary(&world.ctx, &who, &filter, &[]).await.unwrap();
            assert_eq!((rows.len(), rows[0].requests), (1, expected.len() as u64));
        }
        let nobody = requests::get(&world.ctx, &Caller::system("test"), RequestId::new()).await;
        assert!(matches!(nobody, Err(ServiceError::NotFound("request"))));
    }

    async fn what_was_said_fewer_see(db: TestDb) {
        let world = World::new(db).await;
        let (bob, ci) = (world.call(&world.bob, 1), world.call(&world.ci, 2));
        world.ledger.flush().await.unwrap();
        let manager = caller(&world.ada, GlobalRole::User, &[(world.ml.id, TeamRole::Admin)]);
        for (who, request, is_shown) in [
            (&caller(&world.bob, GlobalRole::User, &[]), &bob, true),
            (&caller(&world.eve, GlobalRole::Auditor, &[]), &bob, true),
            (&caller(&world.eve, GlobalRole::PlatformAdmin, &[]), &ci, true),
            (&manager, &bob, false),
            (&manager, &ci, true),
        ] {
            let detail = requests::get(&world.ctx, who, request.id).await.unwrap();
            assert_eq!(detail.payload.is_some(), is_shown);
            assert_eq!(detail.attempts.len(), 1);
        }
    }

    async fn a_filter_narrows_and_never_widens(db: TestDb) {
        let world = World::new(db).await;
        let early = world.call(&world.ada, 1);
        let failed = world.change(&world.bob, |request| {
            (request.at, request.status, request.error_code) = (noon() + TimeDelta::minutes(2), 429, Some("rate_limited".into()));
        });
        let cut = world.change(&world.ci, |request| {
            (request.at, request.model, request.error_code) = (noon() + TimeDelta::minutes(3), "claude".into(), Some("cut".into()));
        });
        let eve = world.call(&world.eve, 4);
        world.ledger.flush().await.unwrap();
        let admin = Caller::system("test");
        let none = requests::Filter::default;
        let minute = |minutes| Some(noon() + TimeDelta::minutes(minutes));
        for (filter, expected) in [
            (requests::Filter { from: minute(2), to: minute(4), ..none() }, ids(&[&cut, &failed])),
            (requests::Filter { owner: Some(world.bob.owner), ..none() }, ids(&[&failed])),
            (requests::Filter { team: Some("ml".into()), ..none() }, ids(&[&cut, &failed, &early])),
            (requests::Filter { team: Some("no such".into()), ..none() }, ids(&[])),
            (requests::Filter { model: Some("claude".into()), ..none() }, ids(&[&cut])),
            (requests::Filter { status: Some(StatusFilter::Ok), ..none() }, ids(&[&eve, &early])),
            (requests::Filter { status: Some(StatusFilter::Failed), ..none() }, ids(&[&cut, &failed])),
            (requests::Filter { status: Some(StatusFilter::Exactly(200)), ..none() }, ids(&[&eve, &cut, &early])),
            (requests::Filter { key: Some(world.ada.key_id), ..none() }, ids(&[&early])),
        ] {
            assert_eq!(world.list(&admin, &filter).await, expected, "{filter:?}");
        }
        let bob = caller(&world.bob, GlobalRole::User, &[]);
        for filter in [
            requests::Filter { owner: Some(world.ada.owner), ..none() },
            requests::Filter { team: Some("other".into()), ..none() },
            requests::Filter { key: Some(world.eve.key_id), ..none() },
        ] {
            assert_eq!(world.list(&bob, &filter).await, [], "{filter:?}");
        }
    }

    async fn pages_follow_one_another(db: TestDb) {
        let world = World::new(db).await;
        // Some at the same moment.
        let mut made: Vec<_> = (0..23).map(|number| world.call(&world.ada, number / 3)).collect();
        world.call(&world.eve, 1);
        world.ledger.flush().await.unwrap();
        made.sort_by_key(|request| (request.at, request.id));
        made.reverse();
        let expected: Vec<_> = made.iter().map(|request| request.id).collect();
        let ada = caller(&world.ada, GlobalRole::User, &[(world.ml.id, TeamRole::Admin)]);
        let (mut listed, mut paging) = (Vec::new(), Paging { cursor: None, limit: Some(4) });
        loop {
            let page = requests::list(&world.ctx, &ada, &requests::Filter::default(), &paging).await.unwrap();
            listed.extend(page.items.iter().map(|view| view.record.id));
            paging.cursor = page.next;
            if paging.cursor.is_none() {
                break;
            }
        }
        assert_eq!(listed, expected);
        paging.cursor = Some("no cursor".to_owned());
        let refused = requests::list(&world.ctx, &ada, &requests::Filter::default(), &paging).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { field: "cursor", .. })));
    }

    async fn rows_say_who_and_stay_when_they_are_gone(db: TestDb) {
        let world = World::new(db).await;
        world.call(&world.ci, 1);
        let bob = world.call(&world.bob, 2);
        world.ledger.flush().await.unwrap();
        let admin = Caller::system("test");
        let page = requests::list(&world.ctx, &admin, &requests::Filter::default(), &Paging::default()).await.unwrap();
        let named: Vec<_> = page.items.iter().map(|view| (&*view.owner_label, view.key_name.as_deref())).collect();
        assert_eq!(named, [("bob@example.com", Some("laptop")), ("CI", Some("laptop"))]);
        assert_eq!(page.items[0].team, Some(("ml".to_owned(), "ML".to_owned())));
        users::delete(&*world.db, world.bob.owner.user().unwrap()).await.unwrap();
        let view = requests::get(&world.ctx, &admin, bob.id).await.unwrap().view;
        assert_eq!((&*view.owner_label, view.key_name), ("deleted person", None));
        let rows = usage::summary(&world.ctx, &admin, &usage_filter(), &[Dimension::User]).await.unwrap();
        assert!(rows.iter().any(|row| row.owner == Some((world.bob.owner, "deleted person".to_owned()))));
    }

    async fn the_sums_are_those_of_the_rows(db: TestDb) {
        let world = World::new(db).await;
        let mut runner = TestRunner::deterministic();
        let accounts = [&world.ada, &world.bob, &world.eve, &world.ci];
        let numbers = (0..4_usize, 0..3_u8, 0..3_i64, 0..1_u64 << 30, 0..1_i64 << 40);
        let mut made = Vec::new();
        for _ in 0..120 {
            let (who, model, days, tokens, cost) = numbers.new_tree(&mut runner).unwrap().current();
            let mut request = request(accounts[who]);
            request.at = noon() + TimeDelta::days(days);
            request.model = format!("model-{model}");
            let mut attempt = attempt(&request, 0);
            (attempt.tokens.input, attempt.cost) = (tokens, NanoUsd::new(cost));
            call(&world.ledger, &request, &attempt);
            made.push(attempt);
        }
        world.ledger.flush().await.unwrap();
        let admin = Caller::system("test");
        let all = [Dimension::Day, Dimension::Model, Dimension::Team, Dimension::User];
        for chosen in 0..16_usize {
            let by: Vec<_> = (0..4).filter(|bit| chosen >> bit & 1 == 1).map(|bit| all[bit]).collect();
            let rows = usage::summary(&world.ctx, &admin, &usage_filter(), &by).await.unwrap();
            let mut expected: BTreeMap<String, (u64, u64, i64)> = BTreeMap::new();
            for attempt in &made {
                let key: Vec<_> = by.iter().map(|dimension| match dimension {
                    Dimension::Day => attempt.started_at.date_naive().to_string(),
                    Dimension::Model => attempt.model.clone(),
                    Dimension::Team => if attempt.account.team_id == Some(world.ml.id) { "ml" } else { "other" }.to_owned(),
                    Dimension::User => attempt.account.owner.to_string(),
                }).collect();
                let sum = expected.entry(key.join(" ")).or_default();
                (sum.0, sum.1, sum.2) = (sum.0 + 1, sum.1 + attempt.tokens.input, sum.2 + attempt.cost.nano());
            }
            let found: BTreeMap<_, _> = rows.iter().map(|row| {
                let key: Vec<_> = by.iter().map(|dimension| match dimension {
                    Dimension::Day => row.day.unwrap().to_string(),
                    Dimension::Model => row.model.clone().unwrap(),
                    Dimension::Team => row.team.clone().unwrap().0,
                    Dimension::User => row.owner.clone().unwrap().0.to_string(),
                }).collect();
                assert_eq!(row.requests, row.attempts);
                (key.join(" "), (row.attempts, row.tokens.input, row.cost.nano()))
            }).collect();
            assert_eq!(found, expected, "{by:?}");
            let order: Vec<_> = rows.iter().map(|row| (row.day, std::cmp::Reverse(row.cost))).collect();
            assert!(order.is_sorted(), "{by:?}");
            let lines = usage::csv(&rows, &by).lines().count();
            assert_eq!(lines, rows.len() + 1);
        }
    }

    async fn usage_is_of_the_days_and_owners_that_were_asked_for(db: TestDb) {
        let world = World::new(db).await;
        for (account, days) in [(&world.ada, 0), (&world.ada, 1), (&world.bob, 1), (&world.ci, 2)] {
            world.call(account, days * 24 * 60);
        }
        world.ledger.flush().await.unwrap();
        let admin = Caller::system("test");
        let day = |days| noon().date_naive() + TimeDelta::days(days);
        let none = usage_filter;
        for (filter, expected) in [
            (usage::Filter { from: day(1), to: day(1), ..none() }, 2),
            (usage::Filter { from: day(1), ..none() }, 3),
            (usage::Filter { from: day(5), ..none() }, 0),
            (usage::Filter { owner: Some(world.ada.owner), ..none() }, 2),
            (usage::Filter { team: Some("ml".into()), ..none() }, 4),
            (usage::Filter { team: Some("no such".into()), ..none() }, 0),
            (usage::Filter { model: Some("gpt-4o-mini".into()), ..none() }, 4),
            (usage::Filter { model: Some("claude".into()), ..none() }, 0),
        ] {
            let rows = usage::summary(&world.ctx, &admin, &filter, &[]).await.unwrap();
            assert_eq!(rows[0].requests, expected, "{filter:?}");
        }
    }

    async fn old_requests_go_and_the_ledger_stays(db: TestDb) {
        let world = World::new(db).await;
        let (old, young) = (world.call(&world.ada, 0), world.call(&world.ada, 2));
        world.ledger.flush().await.unwrap();
        world.clock.advance(TimeDelta::days(30) + TimeDelta::minutes(1));
        assert_eq!(retention::prune(&world.ctx).await.unwrap(), 2, "the request and its payload");
        assert_eq!(retention::prune(&world.ctx).await.unwrap(), 0);
        let admin = Caller::system("test");
        assert!(requests::get(&world.ctx, &admin, old.id).await.is_err());
        assert!(requests::get(&world.ctx, &admin, young.id).await.unwrap().payload.is_some());
        assert_eq!(super::samples::attempts(&world.db, old.id).await.len(), 1);
        let rows = usage::summary(&world.ctx, &admin, &usage_filter(), &[]).await.unwrap();
        assert_eq!((rows[0].requests, rows[0].attempts), (2, 2));
    }
}

fn usage_filter() -> usage::Filter {
    usage::Filter {
        from: noon().date_naive(),
        to: noon().date_naive() + TimeDelta::days(10),
        owner: None,
        team: None,
        model: None,
    }
}
