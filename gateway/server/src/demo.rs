//! `gateway demo`: the whole product on one machine, with nothing to prepare.
//!
//! It is the real gateway with a configuration written here, a database that is thrown away, and an identity provider
//! for development that only this module can start. It listens on loopback and nowhere else.

mod folder;
mod idp;
mod model;
mod people;

use std::{
    collections::BTreeMap,
    future::IntoFuture as _,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use gateway_admin_ui::PageOptions;
use gateway_config::Config;
use gateway_domain::{Clock, Secret, SystemClock, Token};
use gateway_identity::Context;
use gateway_store::Db;
use tokio::net::TcpListener;

use self::{
    folder::Folder,
    idp::{Client, Idp},
};
use crate::{
    app::AppOptions,
    cli::{self, Failure},
    serve::{self, Gateway, Signals},
    start,
};

const NOTICE: &str =
    "Demo: development identity provider, an echo for a model, made-up prices, data is thrown away";
const FIRST_PORT: u16 = 8080;
/// How many ports above the first are tried.
const PORTS_TRIED: u16 = 50;
const CLIENT_ID: &str = "gateway-demo";
const SECRET_NAME: &str = "GATEWAY_DEMO_CLIENT_SECRET";

/// What `gateway demo` takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DemoOptions {
    /// Where to listen: a loopback address. Without it 127.0.0.1:8080, or the next free port
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<SocketAddr>,
    /// Where the throw-away database is kept
    #[arg(long, value_name = "FOLDER", default_value = "var/demo")]
    folder: PathBuf,
    /// Go on with the last run's data in place of beginning anew
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn run(options: DemoOptions) -> Result<(), Failure> {
    let signals = Signals::listen()?;
    let (listener, moved) = listen(options.bind).await?;
    let address = local(&listener)?;
    let mut folder = Folder::open(&options.folder, options.keep)?;
    let idp_listener = folder.listen_for_idp().await?;
    let idp_authority = local(&idp_listener)?.to_string();

    let secret = Secret::new(Token::generate().expose());
    let model_listener = listen_for_model().await?;
    let model_authority = local(&model_listener)?.to_string();
    let text = configuration(
        address,
        &idp_authority,
        &model_authority,
        &folder.database(),
    );
    let config = parse(&text, &secret)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let idp = Idp::new(idp_authority, client(&config, secret)?, Arc::clone(&clock))
        .map_err(|error| Failure::new(format!("the development identity provider: {error}")))?;
    tokio::spawn(axum::serve(idp_listener, idp.router()).into_future());
    tokio::spawn(axum::serve(model_listener, model::router()).into_future());

    let url = config.database.url.expose().to_owned();
    let database = |error| Failure::because(&url, &error);
    let db = Db::connect(&url).await.map_err(database)?;
    db.migrate().await.map_err(database)?;
    let ctx = Context::new(db, clock, Arc::new(config))
        .map_err(|error| Failure::because("the demo's configuration", &error))?;
    let plane = serve::spool::plane(&ctx).await?;
    start::prepare(&ctx).await?;
    introduce(&ctx, moved.then_some(address.port()), &folder)?;
    let options = AppOptions {
        page: PageOptions {
            notice: Some(NOTICE),
        },
        ..AppOptions::default()
    };
    Gateway {
        ctx,
        plane,
        listener,
        options,
        reloader: None,
    }
    .run(signals)
    .await
}

/// Listens where it was asked to, or on the first free port from 8080 on; says whether that was another one.
async fn listen(asked: Option<SocketAddr>) -> Result<(TcpListener, bool), Failure> {
    if let Some(address) = asked {
        if !address.ip().is_loopback() {
            return Err(Failure::new(format!(
                "the demo signs in whoever asks, so it listens on loopback only, not on {address}; \
                 `gateway serve` is for the network"
            )));
        }
        return Ok((serve::listen(address, "--bind").await?, false));
    }
    for port in FIRST_PORT..=FIRST_PORT + PORTS_TRIED {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok((listener, port != FIRST_PORT)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => {
                return Err(Failure::because(
                    format!("cannot listen on {address}"),
                    &error,
                ));
            }
        }
    }
    Err(Failure::new(format!(
        "no port from {FIRST_PORT} to {} is free; name one with --bind 127.0.0.1:PORT",
        FIRST_PORT + PORTS_TRIED
    )))
}

async fn listen_for_model() -> Result<TcpListener, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(|error| Failure::because("cannot listen for the echo model", &error))
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::because("the listener has no address", &error))
}

/// The demo's file: what an operator would write.
fn configuration(
    address: SocketAddr,
    idp_authority: &str,
    model_authority: &str,
    database: &str,
) -> String {
    let issuer = idp::issuer(idp_authority);
    let port = address.port();
    let host = match address {
        SocketAddr::V4(v4) if *v4.ip() == Ipv4Addr::LOCALHOST => "localhost".to_owned(),
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    let domain = people::DOMAIN;
    let [ada, ..] = people::PEOPLE;
    format!(
        "server:
  bind: \"{address}\"
  metrics_bind: \"off\"
  public_base_url: http://{host}:{port}
  drain_timeout: 5s
database:
  url: '{database}'
auth:
  oidc:
    providers:
      - key: dev
        label: Development identity provider
        issuer_url: {issuer}
        client_id: {CLIENT_ID}
        client_secret: env.{SECRET_NAME}
        signing_algorithms: [EdDSA]
        allowed_email_domains: [{domain}]
        jit:
          enabled: true
          global_role: user
          request_logging_enabled: true
          membership: {{team: demo, role: member}}
teams:
  - {{key: demo, name: Demo team}}
users:
  - email: {email}
    name: {name}
    sign_in: dev
    global_role: platform_admin
    membership: {{team: demo, role: admin}}
    request_logging_enabled: true
service_accounts:
  - {{key: demo-robot, name: Demo robot, team: demo}}
providers:
  - {{id: echo, type: openai_compatible, base_url: \"http://{model_authority}/v1\"}}
models:
  - id: echo
    name: Echo
    routes: [{{provider: echo, price: {{input_usd_per_million: \"1\", output_usd_per_million: \"2\"}}}}]
request_logging: {{payloads: full}}
",
        email = ada.email,
        name = ada.name,
    )
}

fn parse(text: &str, secret: &Secret) -> Result<Config, Failure> {
    let environment = BTreeMap::from([(SECRET_NAME.to_owned(), secret.expose().to_owned())]);
    gateway_config::parse(text, "the demo's configuration", &environment)
        .map_err(cli::open::refused)
}

fn client(config: &Config, secret: Secret) -> Result<Client, Failure> {
    let provider = config
        .auth
        .oidc
        .first()
        .ok_or_else(|| Failure::new("the demo's configuration has no provider"))?;
    let public = &config.server.public_base_url;
    Ok(Client {
        id: provider.client_id.clone(),
        secret,
        redirect_uri: public.join(&provider.redirect_path(config.auth.callback)),
        origin: public.origin(),
    })
}

fn introduce(ctx: &Context, moved_to: Option<u16>, folder: &Folder) -> Result<(), Failure> {
    let url = ctx.live().config.server.public_base_url.join("/admin");
    let people: Vec<String> = people::PEOPLE
        .iter()
        .map(|person| format!("      {:<13} {}", person.name, person.fate))
        .collect();
    let moved = moved_to.map_or_else(String::new, |port| {
        format!("Port {FIRST_PORT} is taken, so the demo uses {port}.\n\n")
    });
    cli::print(&format!(
        "\nThis is the gateway's demo, for this machine only.

{moved}  1.  Open {url}
  2.  Continue with the development identity provider
  3.  Choose who you are:
{people}
  4.  Make a key under \"My keys\" and call the model \"echo\", which says again what it is told:
      curl {base}/v1/chat/completions -H \"authorization: Bearer $KEY\" -H \"content-type: application/json\" \\
        -d '{{\"model\": \"echo\", \"stream\": true, \"messages\": [{{\"role\": \"user\", \"content\": \"Hello there\"}}]}}'

The identity provider is part of the demo and asks for no password: it is for trying the gateway, never for
production. What you do here is kept in {database} and {fate}.
Press Ctrl-C to stop.\n",
        people = people.join("\n"),
        base = ctx.live().config.server.public_base_url.origin(),
        database = folder.database_path().display(),
        fate = if folder.is_kept() {
            "goes on from the last run"
        } else {
            "thrown away at the next start"
        },
    ))
}
