//! The gateway that is measured, and the provider that it trusts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::Router;
use gateway::app::{self, AppOptions};
use gateway_config::Config;
use gateway_domain::{
    Clock as _, Email, FixedClock, GlobalRole, ManagedBy, Origin, RequestId, RoleSource, SignIn,
    SystemClock, TeamId, UserStatus,
};
use gateway_identity::{
    Caller, Context, declared,
    sign_in::{Attempt, open_without_provider},
};
use gateway_inference::Plane;
use gateway_ledger::Ledger;
use gateway_store::{teams, users};
use gateway_testkit::{Callback, FakeIdp};
use serde_json::json;
use tokio::runtime::Handle;

use crate::{Error, database::Database, stage::Stage};

/// The team that everybody is in.
pub const TEAM: &str = "everybody";

/// A gateway over a database of its own.
pub struct Subject {
    pub ctx: Context,
    pub router: Router,
    pub provider: Provider,
    /// The cookie of a platform admin.
    pub admin: String,
    pub team: TeamId,
    _database: Database,
}

impl Subject {
    pub async fn new(stage: &Stage, database: Database) -> Result<Self, Error> {
        // It stands still: nothing runs out during a measure.
        let clock = FixedClock::new(SystemClock.now());
        let provider = Provider::start(stage, clock.clone()).await?;
        let config = config(&provider.idp)?;
        let ctx = Context::new((*database).clone(), Arc::new(clock), config)?;
        let live = ctx.live();
        declared::apply(&ctx, &Caller::system("config"), &live.config).await?;
        let team = teams::find(ctx.db(), TEAM).await?;
        // Nothing here calls a model: the ledger stays empty.
        let spool = std::env::temp_dir().join(format!("ogw-bench-{}", RequestId::new()));
        let ledger = Ledger::open(ctx.db().clone(), Arc::clone(ctx.clock()), &spool).await?;
        let plane = Plane::new(ctx.clone(), ledger);
        Ok(Self {
            router: app::router(ctx.clone(), plane, AppOptions::default()),
            provider,
            admin: admin(&ctx).await?,
            team: team.ok_or("the file's team is missing")?.id,
            ctx,
            _database: database,
        })
    }
}

/// A provider that takes everybody, through which strangers come in as plain users with a place in the team.
fn config(idp: &FakeIdp) -> Result<Arc<Config>, Error> {
    let file = json!({
        "server": {
            "bind": "127.0.0.1:8080", "metrics_bind": "off", "public_base_url": "https://gateway.test",
        },
        "auth": {"oidc": {"providers": [{
            "key": "idp",
            "label": "Provider",
            "issuer_url": idp.issuer(),
            "client_id": FakeIdp::CLIENT_ID,
            "client_secret": "env.IDP_SECRET",
            "jit": {"enabled": true, "membership": {"team": TEAM, "role": "member"}},
        }]}},
        "teams": [{"key": TEAM, "name": "Everybody"}],
    });
    let secret = ("IDP_SECRET".to_owned(), FakeIdp::CLIENT_SECRET.to_owned());
    let environment = BTreeMap::from([secret]);
    let config = gateway_config::parse(&file.to_string(), "bench.yaml", &environment);
    Ok(Arc::new(config.map_err(|error| error.to_string())?))
}

async fn admin(ctx: &Context) -> Result<String, Error> {
    let email: Email = "admin@example.org".parse()?;
    let origin = Origin::local("bench");
    let attempt = Attempt {
        origin: &origin,
        now: ctx.now(),
        limits: ctx.live().config.auth.session,
        previous: None,
    };
    let new = users::NewUser {
        email: &email,
        name: "Admin",
        status: UserStatus::Active,
        sign_in: SignIn::provider(SignIn::PASSWORD),
        global_role: GlobalRole::PlatformAdmin,
        role_source: RoleSource::Manual,
        request_logging_enabled: false,
        managed_by: ManagedBy::Admin,
    };
    let mut tx = ctx.db().begin().await?;
    let user = users::insert(&mut tx, new, ctx.now()).await?;
    let user = user.ok_or("the admin's address is taken")?;
    let opened = open_without_provider(&mut tx, user.id, "bench", attempt).await;
    let opened = opened.map_err(|failure| failure.cause)?;
    tx.commit().await?;
    Ok(format!("ogw_session={}", opened.cookie))
}

/// The provider, on threads of its own. Clones are the same one.
#[derive(Clone)]
pub struct Provider {
    pub idp: FakeIdp,
    on: Handle,
    /// One person at a time sits in front of it.
    turn: Arc<Mutex<()>>,
}

impl Provider {
    async fn start(stage: &Stage, clock: FixedClock) -> Result<Self, Error> {
        let idp = stage.provider.spawn(FakeIdp::start(clock)).await?;
        Ok(Self {
            idp,
            on: stage.provider.clone(),
            turn: Arc::default(),
        })
    }

    /// A person of this name agrees to what the gateway asked for; how the browser comes back.
    pub async fn agree(&self, name: String, location: String) -> Result<Callback, Error> {
        let Self { idp, turn, .. } = self.clone();
        let agreed = self.on.spawn(async move {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            idp.person(&name);
            idp.authorize(&location)
        });
        Ok(agreed.await?)
    }
}
