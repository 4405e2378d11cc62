//! `gateway serve`: from the file to a listening gateway, and its orderly end.

mod connections;
mod patient;
mod signals;
pub(crate) mod spool;

use std::{future::IntoFuture as _, net::SocketAddr, sync::Arc, time::Duration};

use gateway_config::{Config, ProcessEnvironment};
use gateway_domain::SystemClock;
use gateway_identity::Context;
use gateway_inference::Plane;
use gateway_store::Db;
use tokio::{net::TcpListener, sync::watch, time::timeout};

pub(crate) use self::signals::{Signals, hangup};
use crate::{
    app::{self, AppOptions},
    cli::{self, Failure, Shared},
    jobs,
    metrics::Metrics,
    reload::{self, Reloader},
    start,
};

/// After the last requests were given up: until they have written their rows.
const GIVEN_UP: Duration = Duration::from_millis(100);
/// How long the database may take to close, once nothing uses it.
const CLOSE: Duration = Duration::from_secs(5);

pub(crate) async fn run(shared: &Shared) -> Result<(), Failure> {
    // First of all, so that a signal during a slow start is not lost.
    let signals = Signals::listen()?;
    let config = gateway_config::load(shared.config.as_deref(), &ProcessEnvironment)
        .map_err(cli::open::refused)?;
    start::log_warnings(&config);
    let address = config.server.bind;
    let db = cli::open::connect(&config).await?;
    migrate(&db, &config).await?;
    let ctx = Context::new(db, Arc::new(SystemClock), Arc::new(config))
        .map_err(|error| Failure::because("the configuration", &error))?;
    let plane = spool::plane(&ctx).await?;
    // Before the set-up link: a second gateway started by mistake must not make the first one's link useless.
    let listener = listen(address, "server.bind").await?;
    let setup = start::prepare(&ctx).await?;
    let address = listener.local_addr().unwrap_or(address);
    let public = ctx.live().config.server.public_base_url.to_string();
    cli::print(&format!(
        "gateway listens on {address} and is reached at {public}/admin"
    ))?;
    if let Some(link) = setup {
        start::print_setup(&link)?;
    }
    let reloader = Reloader::new(ctx.clone());
    Gateway {
        ctx,
        plane,
        listener,
        options: AppOptions::default(),
        reloader: Some(reloader),
    }
    .run(signals)
    .await
}

async fn migrate(db: &Db, config: &Config) -> Result<(), Failure> {
    let shown = cli::open::shown(config.database.url.expose());
    db.migrate()
        .await
        .map_err(|error| Failure::because(shown, &error))
}

/// Listens, or says what is in the way.
pub(crate) async fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            Failure::new(format!(
                "{address} is taken by another program; stop it, or choose another port with {setting}"
            ))
        } else {
            Failure::because(format!("cannot listen on {address} ({setting})"), &error)
        }
    })
}

/// Everything that runs.
pub(crate) struct Gateway {
    pub ctx: Context,
    pub plane: Plane,
    pub listener: TcpListener,
    pub options: AppOptions,
    /// Watches the file, where there is one.
    pub reloader: Option<Reloader>,
}

impl Gateway {
    /// Runs until a signal, then ends in order: no new requests, the running ones finished, background work stopped,
    /// the database closed.
    pub(crate) async fn run(self, mut signals: Signals) -> Result<(), Failure> {
        let Self {
            ctx,
            plane,
            listener,
            options,
            reloader,
        } = self;
        let (stop, stopped) = watch::channel(false);
        let metrics = Metrics::new(plane.clone(), Arc::clone(&options.http_metrics));
        serve_metrics(&ctx, metrics, stopped.clone()).await;
        let mut jobs = jobs::spawn(&ctx, &stopped);
        // It ends after the last stream, so that the last stream's rows are written.
        let (drained, written) = watch::channel(false);
        let writer = tokio::spawn(plane.ledger().clone().run(written));
        if let Some(reloader) = reloader {
            jobs.spawn(reload::watch(
                reloader,
                signals.take_hangups(),
                stopped.clone(),
            ));
        }
        let app = app::router(ctx.clone(), plane.clone(), options);
        let mut server = tokio::spawn(connections::serve(listener, app, stopped));

        tokio::select! {
            name = signals.next() => tracing::info!(signal = name, "stopping"),
            ended = &mut server => return Err(Failure::new(format!("the listener ended: {ended:?}"))),
        }
        let patience = ctx.live().config.server.drain_timeout;
        let _ = stop.send(true);
        tokio::select! {
            drained = timeout(patience, &mut server) => {
                if drained.is_err() {
                    tracing::warn!(?patience, "some requests were not finished within server.drain_timeout");
                    plane.stop();
                    server.abort();
                    tokio::time::sleep(GIVEN_UP).await;
                }
            }
            name = signals.next() => {
                return Err(Failure::new(format!("stopped at once by a second signal ({name})")));
            }
        }
        let _ = drained.send(true);
        let _ = timeout(CLOSE, async {
            let _ = writer.await;
            while jobs.join_next().await.is_some() {}
            ctx.db().close().await;
        })
        .await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Metrics are worth less than the gateway: a taken port is a warning.
async fn serve_metrics(ctx: &Context, metrics: Metrics, mut stopped: watch::Receiver<bool>) {
    let Some(address) = ctx.live().config.server.metrics_bind else {
        return;
    };
    match TcpListener::bind(address).await {
        Ok(listener) => {
            tracing::info!(%address, "serving /metrics");
            let server = axum::serve(listener, metrics.router())
                .with_graceful_shutdown(async move { jobs::until(&mut stopped).await });
            tokio::spawn(server.into_future());
        }
        Err(error) => tracing::warn!(
            %address,
            %error,
            "cannot serve /metrics (server.metrics_bind); everything else runs"
        ),
    }
}
