//! Whatever is done in whatever order, every attempt that was begun has one row, and the sums are those of the rows.

use std::collections::BTreeMap;

use gateway_domain::{
    AttemptId, RequestId,
    ledger::{Attempt, Outcome, RequestRecord},
    money::{NanoUsd, Tokens},
};
use gateway_testkit::TestDb;
use proptest::{prelude::*, test_runner::Config};

use super::samples::{
    Spool, account, as_stored, attempt, attempts, found, killed, noon, open_with, opened,
    parts_left_out, payload, price, request, small, sums,
};
use crate::Ledger;

#[derive(Clone, Copy, Debug)]
enum Op {
    /// A new request begins, with its first attempt.
    Request,
    /// Another attempt of one of the requests.
    Begin(usize),
    /// One of the attempts goes on.
    Progress(usize, u16),
    /// It is settled, with so many tokens.
    Settle(usize, u16),
    /// A request is closed, or closed again.
    Close(usize),
    /// The writer writes one batch, if the database takes it.
    Step,
    /// The journal is cleared up.
    Tidy,
    /// The database fails from now on, or no more.
    Fail(bool),
    /// The process dies and another begins.
    Kill,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => Just(Op::Request),
        3 => any::<usize>().prop_map(Op::Begin),
        4 => (any::<usize>(), any::<u16>()).prop_map(|(which, output)| Op::Progress(which, output)),
        9 => (any::<usize>(), any::<u16>()).prop_map(|(which, output)| Op::Settle(which, output)),
        7 => any::<usize>().prop_map(Op::Close),
        6 => Just(Op::Step),
        4 => Just(Op::Tidy),
        2 => any::<bool>().prop_map(Op::Fail),
        1 => Just(Op::Kill),
    ];
    proptest::collection::vec(op, 1..150)
}

/// What must come of it.
#[derive(Default)]
struct Model {
    requests: Vec<(RequestRecord, Option<RequestRecord>)>,
    attempts: Vec<Expected>,
}

struct Expected {
    attempt: Attempt,
    output: u64,
    /// The row, once it is certain.
    row: Option<Attempt>,
}

struct World {
    db: TestDb,
    spool: Spool,
    ledger: Option<Ledger>,
    is_failing: bool,
    model: Model,
}

impl World {
    async fn new(db: TestDb) -> Self {
        let spool = Spool::new();
        let ledger = Some(open_with(&db, &spool, small()).await);
        Self {
            db,
            spool,
            ledger,
            is_failing: false,
            model: Model::default(),
        }
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    async fn apply(&mut self, op: Op) {
        let running = |model: &Model, which: usize| {
            let running: Vec<_> = (0..model.attempts.len())
                .filter(|index| model.attempts[*index].row.is_none())
                .collect();
            (!running.is_empty()).then(|| running[which % running.len()])
        };
        match op {
            Op::Request => {
                let day =
                    chrono::TimeDelta::days(i64::try_from(self.model.requests.len() % 3).unwrap());
                let mut account = account();
                if self.model.requests.len().is_multiple_of(4) {
                    account.team_id = None;
                }
                let request = RequestRecord {
                    at: noon() + day,
                    ..request(&account)
                };
                self.model.requests.push((request, None));
                self.begin(self.model.requests.len() - 1);
            }
            Op::Begin(which) if !self.model.requests.is_empty() => {
                let which = which % self.model.requests.len();
                if self.model.requests[which].1.is_none() {
                    self.begin(which);
                }
            }
            Op::Progress(which, output) => {
                if let Some(index) = running(&self.model, which) {
                    let expected = &mut self.model.attempts[index];
                    expected.output = output.into();
                    let (id, output) = (expected.attempt.id, expected.output);
                    self.ledger().progress(id, output);
                }
            }
            Op::Settle(which, output) => {
                if let Some(index) = running(&self.model, which) {
                    let mut row = self.model.attempts[index].attempt.clone();
                    row.tokens.output = output.into();
                    row.cost = price().cost(&row.tokens);
                    self.model.attempts[index].row = Some(row.clone());
                    self.ledger().settle(row);
                }
            }
            Op::Close(which) if !self.model.requests.is_empty() => {
                let which = which % self.model.requests.len();
                let (request, closed) = &mut self.model.requests[which];
                let row = closed.get_or_insert_with(|| request.clone()).clone();
                self.ledger()
                    .close(row, which.is_multiple_of(2).then(payload));
            }
            Op::Begin(_) | Op::Close(_) => {}
            Op::Step => {
                let ledger = self.ledger();
                let written = ledger.writer().lock().await.step(ledger.shared()).await;
                assert!(written.is_ok() || self.is_failing);
            }
            Op::Tidy => self.ledger().shared().journal.tidy().unwrap(),
            Op::Fail(fail) => self.fail(fail).await,
            Op::Kill => self.kill().await,
        }
    }

    fn begin(&mut self, which: usize) {
        let request = &self.model.requests[which].0;
        let ordinal = self
            .model
            .attempts
            .iter()
            .filter(|known| known.attempt.request_id == request.id)
            .count();
        let attempt = attempt(request, i32::try_from(ordinal).unwrap());
        self.ledger().begin(&opened(&attempt, request)).unwrap();
        self.model.attempts.push(Expected {
            attempt,
            output: 0,
            row: None,
        });
    }

    async fn fail(&mut self, fail: bool) {
        if fail && !self.is_failing {
            self.db.refuse_inserts("usage_daily").await;
        }
        if !fail && self.is_failing {
            self.db.accept_inserts("usage_daily").await;
        }
        self.is_failing = fail;
    }

    async fn kill(&mut self) {
        self.fail(false).await;
        drop(self.ledger.take());
        self.ledger = Some(open_with(&self.db, &self.spool, small()).await);
        for expected in self
            .model
            .attempts
            .iter_mut()
            .filter(|expected| expected.row.is_none())
        {
            let (tokens, cost) = killed(&expected.attempt, expected.output);
            expected.row = Some(Attempt {
                tokens,
                cost,
                outcome: Outcome::Killed,
                ..expected.attempt.clone()
            });
        }
        let rows: Vec<Attempt> = self
            .model
            .attempts
            .iter()
            .filter_map(|expected| expected.row.clone())
            .collect();
        for (request, closed) in &mut self.model.requests {
            let of_it = rows.iter().filter(|row| row.request_id == request.id);
            let (tokens, cost, count) = of_it.fold(
                (Tokens::default(), NanoUsd::default(), 0),
                |(tokens, cost, count), row| (tokens + row.tokens, cost + row.cost, count + 1),
            );
            closed.get_or_insert_with(|| RequestRecord {
                tokens,
                cost,
                attempts: count,
                error_code: Some("killed".to_owned()),
                status: 500,
                ..request.clone()
            });
        }
    }

    async fn check(mut self) {
        self.kill().await;
        let mut all: BTreeMap<RequestId, BTreeMap<AttemptId, Attempt>> = BTreeMap::new();
        for expected in &self.model.attempts {
            let row = expected.row.clone().unwrap();
            all.entry(row.request_id).or_default().insert(row.id, row);
        }
        let (mut tokens, mut cost, mut count) = (Tokens::default(), NanoUsd::default(), 0);
        for (request, closed) in &self.model.requests {
            let expected = closed.clone().unwrap();
            let row = found(&self.db, request.id).await.unwrap();
            let key = |row: &RequestRecord| {
                (
                    row.attempts,
                    row.tokens,
                    row.cost,
                    row.error_code.clone(),
                    row.status,
                )
            };
            assert_eq!(key(&row), key(&as_stored(expected)));
            let expected = all.remove(&request.id).unwrap();
            let rows = attempts(&self.db, request.id).await;
            assert_eq!(rows.len(), expected.len());
            for row in rows {
                let expected = &expected[&row.id];
                assert_eq!(
                    (row.tokens, row.cost, row.outcome),
                    (expected.tokens, expected.cost, expected.outcome)
                );
                (tokens, cost, count) = (tokens + row.tokens, cost + row.cost, count + 1);
            }
        }
        let sums = sums(&self.db).await;
        let requests = self.model.requests.len() as u64;
        assert_eq!(
            (sums.0, sums.1, sums.2, sums.3),
            (requests, count, parts_left_out(tokens), cost)
        );
        drop(self.ledger.take());
        assert!(self.spool.journals().is_empty());
    }
}

fn run(ops: Vec<Op>, db: impl Future<Output = Option<TestDb>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let Some(db) = db.await else { return };
        let mut world = World::new(db).await;
        for op in ops {
            world.apply(op).await;
        }
        world.check().await;
    });
}

proptest! {
    #![proptest_config(Config { cases: 32, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_attempt_has_one_row_on_sqlite(ops in ops()) {
        run(ops, async { Some(gateway_testkit::sqlite().await) });
    }
}

proptest! {
    #![proptest_config(Config { cases: 6, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_attempt_has_one_row_on_postgres(ops in ops()) {
        run(ops, gateway_testkit::postgres());
    }
}
