//! A gateway under test.

use std::{ops::Deref, sync::Arc};

use axum::Router;
use gateway::app::{self, AppOptions};
use gateway_domain::{Clock as _, FixedClock, SystemClock};
use gateway_identity::{Caller, Context, declared};
use gateway_inference::Plane;
use gateway_testkit::{FakeGitHub, FakeIdp, TestDb};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use super::{Browser, config, spool::Spool};

/// A gateway over a database, with an OIDC provider `idp` and a GitHub `github` that share its clock. Clones are the same
/// gateway; what a browser can do, it can do with a browser of its own.
#[derive(Clone)]
pub struct TestApp {
    pub ctx: Context,
    /// Its ledger's writer runs for as long as the app is there.
    pub plane: Plane,
    _spool: Arc<Spool>,
    pub db: TestDb,
    /// Begins at the present: tokens and certificates carry times.
    pub clock: FixedClock,
    pub config: Value,
    pub router: Router,
    pub browser: Browser,
}

impl TestApp {
    /// Over `db`, under the default file.
    pub async fn new(db: TestDb) -> Self {
        log_when_asked();
        let clock = FixedClock::new(SystemClock.now());
        let idp = FakeIdp::start(clock.clone()).await;
        let github = FakeGitHub::start().await;
        let config = config::default(&idp, &github);
        Self::open(db, clock, idp, github, config).await
    }

    async fn open(
        db: TestDb,
        clock: FixedClock,
        idp: FakeIdp,
        github: FakeGitHub,
        config: Value,
    ) -> Self {
        let parsed = config::parse(&config);
        let ctx = Context::new((*db).clone(), Arc::new(clock.clone()), parsed).unwrap();
        apply(&ctx).await;
        let (plane, spool) = Spool::open(&ctx).await;
        let router = app::router(ctx.clone(), plane.clone(), AppOptions::default());
        let browser = Browser::new(router.clone(), idp, github);
        Self {
            ctx,
            plane,
            _spool: Arc::new(spool),
            db,
            clock,
            config,
            router,
            browser,
        }
    }

    /// A gateway under another file, over the same database and against the same providers. It stands for a restart
    /// with a changed file; the browser keeps its cookies.
    pub async fn restarted_with(&self, change: impl FnOnce(&mut Value)) -> Self {
        let mut config = self.config.clone();
        change(&mut config);
        let mut app = Self::open(
            self.db.clone(),
            self.clock.clone(),
            self.idp.clone(),
            self.github.clone(),
            config,
        )
        .await;
        app.browser = self.browser.at(app.router.clone());
        app
    }

    /// A second gateway over the same database, with connections and caches of its own.
    pub async fn replica(&self) -> Self {
        let db = self.db.reconnect().await;
        let mut app = Self::open(
            db,
            self.clock.clone(),
            self.idp.clone(),
            self.github.clone(),
            self.config.clone(),
        )
        .await;
        app.browser = self.browser.at(app.router.clone());
        app
    }

    /// The same with the first OIDC provider's settings changed.
    pub async fn with_provider(&self, change: impl FnOnce(&mut Value)) -> Self {
        self.restarted_with(|config| change(&mut config["auth"]["oidc"]["providers"][0]))
            .await
    }

    /// The same with the GitHub provider's settings changed.
    pub async fn with_github(&self, change: impl FnOnce(&mut Value)) -> Self {
        self.restarted_with(|config| change(&mut config["auth"]["oauth"]["providers"][0]))
            .await
    }

    /// Puts another file in force while everything runs on.
    pub async fn reload_with(&mut self, change: impl FnOnce(&mut Value)) {
        change(&mut self.config);
        self.ctx.reload(config::parse(&self.config)).unwrap();
        apply(&self.ctx).await;
    }

    /// Waits, for the gateway and its providers.
    pub fn wait(&self, time: chrono::TimeDelta) {
        self.clock.advance(time);
    }
}

/// `RUST_LOG=gateway=debug cargo test …` shows what the gateway logs.
fn log_when_asked() {
    if let Ok(filter) = EnvFilter::try_from_default_env() {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer()
            .try_init();
    }
}

/// What a start does with the file's teams and people.
async fn apply(ctx: &Context) {
    let live = ctx.live();
    declared::apply(ctx, &Caller::system("config"), &live.config)
        .await
        .unwrap();
}

impl Deref for TestApp {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}
