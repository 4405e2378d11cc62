//! Databases on a PostgreSQL server that this process found or started.
//!
//! A thread with a runtime of its own owns the server: every test has another runtime, and a connection must not outlive
//! the one it was made in.

use std::{
    collections::VecDeque,
    io::Write as _,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc as blocking,
    },
    thread,
    time::Duration,
};

use gateway_domain::{Clock as _, SystemClock};
use gateway_store::{Db, Executor as _};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::{Guard, TestDb, server::Server};

/// Databases of this prefix are ours; the number behind it is when they were made, in hexadecimal seconds.
const PREFIX: &str = "ogw_test_";

/// How many databases of finished tests stay for a while on a server of our own. Dropping one that somebody is still
/// connected to takes the server a tenth of a second; by then they have left.
const KEPT: usize = 16;

enum Job {
    Create(bool, oneshot::Sender<Answer>),
    Drop(String, blocking::Sender<()>),
}

/// The URL of a new database, nothing when no server can be had, or why it failed.
type Answer = Result<Option<(String, String)>, String>;

/// A migrated PostgreSQL database; `None` when no server can be had, which counts the test as skipped.
pub async fn postgres() -> Option<TestDb> {
    create(true).await
}

/// The same without any table, for tests of the migrations themselves.
pub async fn postgres_unmigrated() -> Option<TestDb> {
    create(false).await
}

async fn create(migrated: bool) -> Option<TestDb> {
    let (answer, answered) = oneshot::channel();
    jobs().send(Job::Create(migrated, answer)).unwrap();
    let (name, url) = match answered.await.unwrap() {
        Ok(Some(made)) => made,
        Ok(None) => {
            say_skipped();
            return None;
        }
        Err(why) => panic!("no test database: {why}"),
    };
    Some(TestDb {
        db: Db::connect(&url).await.unwrap(),
        url,
        guard: Arc::new(Guard::Database(name)),
    })
}

/// Written past libtest's capture, so that it is seen; the last line has the total.
fn say_skipped() {
    static SKIPPED: AtomicUsize = AtomicUsize::new(0);
    let total = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let mut stderr = std::io::stderr().lock();
    if total == 1 {
        let _ = writeln!(
            stderr,
            "ogw-testkit: NO POSTGRESQL: set DATABASE_URL, start Docker, or install PostgreSQL's server; its tests are skipped"
        );
    }
    let test = thread::current().name().unwrap_or("?").to_owned();
    let _ = writeln!(
        stderr,
        "ogw-testkit: SKIPPED {test} (PostgreSQL tests skipped so far: {total})"
    );
}

pub(super) fn drop_database(name: &str) {
    let (done, finished) = blocking::channel();
    if jobs().send(Job::Drop(name.to_owned(), done)).is_ok() {
        // A server that outlives us must not keep it; but no test waits for ever.
        let _ = finished.recv_timeout(Duration::from_secs(5));
    }
}

fn jobs() -> &'static mpsc::UnboundedSender<Job> {
    static JOBS: OnceLock<mpsc::UnboundedSender<Job>> = OnceLock::new();
    JOBS.get_or_init(|| {
        let (sender, receiver) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("test databases".to_owned())
            .spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap()
                    .block_on(work(receiver));
            })
            .unwrap();
        sender
    })
}

async fn work(mut jobs: mpsc::UnboundedReceiver<Job>) {
    let maker = Maker::new().await;
    let mut gone = VecDeque::new();
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Create(migrated, answer) => {
                let made = match &maker {
                    Ok(Some(maker)) => maker.create(migrated).await.map(Some),
                    Ok(None) => Ok(None),
                    Err(why) => Err(why.clone()),
                };
                let _ = answer.send(made);
            }
            Job::Drop(name, done) => {
                if let Ok(Some(maker)) = &maker {
                    gone.push_back(name);
                    let keep = if maker.server.outlives_us() { 0 } else { KEPT };
                    while gone.len() > keep {
                        let name = gone.pop_front().unwrap_or_default();
                        maker.drop(&name).await;
                    }
                }
                let _ = done.send(());
            }
        }
    }
}

struct Maker {
    server: Server,
    admin: Db,
    base: String,
    /// How a database is copied, where we may choose.
    strategy: &'static str,
    made: AtomicUsize,
}

impl Maker {
    async fn new() -> Result<Option<Self>, String> {
        let Some(server) = Server::find().await? else {
            return Ok(None);
        };
        let admin = Db::connect(server.url()).await.map_err(explain)?;
        let base = format!(
            "{PREFIX}{:x}_{}_base",
            SystemClock.now().timestamp(),
            std::process::id()
        );
        let maker = Self {
            strategy: strategy(&server, &admin).await?,
            server,
            admin,
            base,
            made: AtomicUsize::new(0),
        };
        maker.drop_leftovers().await;
        maker.make_base().await?;
        Ok(Some(maker))
    }

    async fn make_base(&self) -> Result<(), String> {
        self.run(format!("CREATE DATABASE {}", self.base)).await?;
        let base = Db::connect(&self.url_of(&self.base))
            .await
            .map_err(explain)?;
        base.migrate().await.map_err(explain)?;
        // A database that somebody is connected to cannot be a template.
        base.close().await;
        Ok(())
    }

    async fn create(&self, migrated: bool) -> Result<(String, String), String> {
        let stem = self.base.trim_end_matches("base");
        let name = format!("{stem}{}", self.made.fetch_add(1, Ordering::Relaxed));
        let template = if migrated { &self.base } else { "template0" };
        let strategy = self.strategy;
        self.run(format!(
            "CREATE DATABASE {name} TEMPLATE {template} {strategy}"
        ))
        .await?;
        let url = self.url_of(&name);
        Ok((name, url))
    }

    async fn drop(&self, name: &str) {
        let _ = self
            .run(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await;
    }

    /// What killed test runs left on a server that outlived them: databases of ours that are older than an hour.
    async fn drop_leftovers(&self) {
        if !self.server.outlives_us() {
            return;
        }
        let names: Vec<(String,)> = self
            .admin
            .query(
                "SELECT CAST(datname AS TEXT) FROM pg_database WHERE datname LIKE 'ogw\\_test\\_%'",
            )
            .fetch_all()
            .await
            .unwrap_or_default();
        let hour_ago = SystemClock.now().timestamp() - 3600;
        for (name,) in names {
            let made = name[PREFIX.len()..]
                .split('_')
                .next()
                .and_then(|hex| i64::from_str_radix(hex, 16).ok());
            if made.is_some_and(|made| made < hour_ago) {
                self.drop(&name).await;
            }
        }
    }

    /// The names in it are ours, and nothing in them needs quoting.
    async fn run(&self, sql: String) -> Result<(), String> {
        let sql: &'static str = sql.leak();
        let done = self.admin.query(sql).execute().await;
        done.map(drop).map_err(explain)
    }

    fn url_of(&self, database: &str) -> String {
        let mut url = Url::parse(self.server.url()).unwrap();
        url.set_path(database);
        url.into()
    }
}

/// Copying files needs checkpoints, which cost nothing on a server that never syncs. PostgreSQL 15 gave the choice.
async fn strategy(server: &Server, admin: &Db) -> Result<&'static str, String> {
    let version: i64 = admin
        .query("SELECT CAST(current_setting('server_version_num') AS BIGINT)")
        .fetch_scalar()
        .await
        .map_err(explain)?;
    let choose = version >= 150_000 && !server.outlives_us();
    Ok(if choose { "STRATEGY FILE_COPY" } else { "" })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "its place is in map_err, which gives the value away"
)]
pub(super) fn explain(error: gateway_store::Error) -> String {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
