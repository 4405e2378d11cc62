//! What is said arrives, once.

use gateway_domain::{
    ApiKeyId, KeyOwner, ServiceAccountId,
    ledger::{Account, Outcome, Pricing, UsageKind},
    money::{NanoUsd, Tokens},
};
use gateway_store::requests;
use gateway_testkit::on_both;
use serde_json::json;
use tokio::sync::watch;

use super::samples::{
    Spool, account, as_stored, attempt, attempts, call, found, noon, open, opened, parts_left_out,
    payload, request, sums, tokens,
};

on_both! {
    async fn a_call_stands_in_the_database_as_it_was_said(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let (first, mut second) = (attempt(&request, 0), attempt(&request, 1));
        second.outcome = Outcome::Cut;
        second.error_code = Some("broken".to_owned());
        second.upstream_status = None;
        for attempt in [&first, &second] {
            ledger.begin(&opened(attempt, &request)).unwrap();
            ledger.progress(attempt.id, 7);
            ledger.settle(attempt.clone());
        }
        ledger.close(request.clone(), Some(payload()));
        ledger.flush().await.unwrap();
        assert_eq!(found(&db, request.id).await, Some(as_stored(request.clone())));
        assert_eq!(attempts(&db, request.id).await, [first, second]);
        let kept = requests::payload(&*db, request.id).await.unwrap().unwrap();
        assert_eq!((kept.request, kept.response), (payload().request, payload().response));
        let spent = parts_left_out(tokens(100, 20) + tokens(100, 20));
        let cost = super::samples::price().cost(&tokens(100, 20));
        assert_eq!(sums(&db).await, (1, 2, spent, cost + cost, 0, 0));
        assert_eq!(ledger.stats().rows_written, 4);
    }

    async fn an_attempt_and_its_request_may_end_at_once(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let attempt = attempt(&request, 0);
        ledger.begin(&opened(&attempt, &request)).unwrap();
        ledger.finish(attempt.clone(), request.clone(), Some(payload()));
        assert_eq!(ledger.stats().open_attempts, 0);
        ledger.flush().await.unwrap();
        assert_eq!(attempts(&db, request.id).await, [attempt]);
        assert_eq!(found(&db, request.id).await, Some(as_stored(request.clone())));
        assert!(requests::payload(&*db, request.id).await.unwrap().is_some());
    }

    async fn what_was_done_leaves_no_journal_behind(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        call(&ledger, &request, &attempt(&request, 0));
        ledger.flush().await.unwrap();
        drop(ledger);
        assert!(spool.journals().is_empty());
    }

    async fn rows_arrive_without_being_asked_for(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let (stop, stopped) = watch::channel(false);
        let writer = tokio::spawn(ledger.clone().run(stopped));
        let request = request(&account());
        call(&ledger, &request, &attempt(&request, 0));
        while found(&db, request.id).await.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let last = super::samples::request(&account());
        call(&ledger, &last, &attempt(&last, 0));
        stop.send(true).unwrap();
        writer.await.unwrap();
        assert!(found(&db, last.id).await.is_some(), "what is left is written at the end");
    }

    async fn many_at_once_are_all_written(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let (stop, stopped) = watch::channel(false);
        let writer = tokio::spawn(ledger.clone().run(stopped));
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let ledger = ledger.clone();
                std::thread::spawn(move || {
                    for _ in 0..50 {
                        let request = request(&account());
                        call(&ledger, &request, &attempt(&request, 0));
                    }
                })
            })
            .collect();
        tokio::task::spawn_blocking(move || callers.into_iter().for_each(|caller| caller.join().unwrap())).await.unwrap();
        ledger.flush().await.unwrap();
        let (requests, attempts, ..) = sums(&db).await;
        assert_eq!((requests, attempts), (400, 400));
        assert_eq!(ledger.stats().open_attempts, 0);
        stop.send(true).unwrap();
        writer.await.unwrap();
    }

    async fn what_is_said_twice_counts_once(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let attempt = attempt(&request, 0);
        for _ in 0..2 {
            call(&ledger, &request, &attempt);
            call(&ledger, &request, &attempt);
            ledger.flush().await.unwrap();
        }
        let (requests, attempts, ..) = sums(&db).await;
        assert_eq!((requests, attempts), (1, 1));
    }

    async fn unpriced_and_estimated_are_counted(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let request = request(&account());
        let mut used = attempt(&request, 0);
        (used.pricing, used.usage, used.cost) = (Pricing::Unpriced, UsageKind::Estimated, NanoUsd::default());
        let mut unused = attempt(&request, 1);
        (unused.pricing, unused.usage, unused.cost) = (Pricing::Unpriced, UsageKind::None, NanoUsd::default());
        unused.tokens = Tokens::default();
        for attempt in [used, unused] {
            ledger.settle(attempt);
        }
        ledger.flush().await.unwrap();
        let (_, attempts, _, cost, unpriced, estimated) = sums(&db).await;
        assert_eq!((attempts, cost, unpriced, estimated), (2, NanoUsd::default(), 1, 1));
    }

    async fn a_service_account_and_no_team_are_written_too(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let account = Account {
            key_id: ApiKeyId::new(),
            owner: KeyOwner::ServiceAccount(ServiceAccountId::new()),
            team_id: None,
        };
        let mut request = request(&account);
        (request.served_by, request.client_request_id, request.labels) = (None, None, json!({}));
        call(&ledger, &request, &attempt(&request, 0));
        ledger.flush().await.unwrap();
        assert_eq!(found(&db, request.id).await, Some(as_stored(request)));
    }

    async fn nothing_that_a_caller_sends_keeps_rows_from_being_written(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let mut odd = request(&account());
        odd.model = format!("a\0b{}", "ä".repeat(5_000));
        odd.client_request_id = Some("x\0".repeat(5_000));
        odd.labels = json!({ "nul": "\0", "large": "y".repeat(100_000), "small": "z" });
        odd.tokens = tokens(u64::MAX, u64::MAX);
        odd.cost = NanoUsd::new(i64::MAX);
        let mut lying = attempt(&odd, 0);
        (lying.tokens, lying.cost) = (tokens(u64::MAX, u64::MAX), NanoUsd::new(i64::MAX));
        let mut strange = payload();
        strange.request = "\0".to_owned();
        ledger.settle(lying.clone());
        lying.id = gateway_domain::AttemptId::new();
        ledger.settle(lying);
        ledger.close(odd.clone(), Some(strange));
        ledger.flush().await.unwrap();
        let row = found(&db, odd.id).await.unwrap();
        assert!(row.model.starts_with("a\u{fffd}bä") && row.model.len() < 1_000);
        assert_eq!(row.labels, json!({ "nul": "\0", "small": "z" }));
        assert_eq!(attempts(&db, odd.id).await.len(), 2);
        assert_eq!(ledger.stats().refused, 0);
        assert_eq!(sums(&db).await.1, 2);
    }

    async fn a_request_without_an_upstream_counts_for_no_model(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let mut refused = request(&account());
        (refused.model, refused.attempts, refused.status) = ("made up".to_owned(), 0, 404);
        ledger.close(refused, None);
        ledger.flush().await.unwrap();
        let filter = gateway_store::usage::Filter {
            scope: requests::Scope::All,
            from: noon().date_naive(),
            to: noon().date_naive(),
            owner: None,
            team: None,
            model: None,
        };
        let by = [gateway_store::usage::Dimension::Model];
        let sums = gateway_store::usage::sum(&db, &filter, &by, 10).await.unwrap();
        assert_eq!(sums.len(), 1);
        assert_eq!((sums[0].model.as_deref(), sums[0].requests), (Some(""), 1));
    }

    async fn the_use_of_a_key_is_noted_and_never_set_back(db: TestDb) {
        let spool = Spool::new();
        let ledger = open(&db, &spool).await;
        let key = super::world::key(&db).await;
        let later = noon() + chrono::TimeDelta::seconds(5);
        ledger.key_used(key, later);
        ledger.key_used(key, noon());
        ledger.key_used(ApiKeyId::new(), noon());
        ledger.flush().await.unwrap();
        assert_eq!(super::world::last_used(&db, key).await, Some(later));
        ledger.key_used(key, noon());
        ledger.flush().await.unwrap();
        assert_eq!(super::world::last_used(&db, key).await, Some(later));
    }
}
