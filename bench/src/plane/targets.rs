//! What is loaded: the mock itself, nginx before it, the gateway before it on each database.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use chrono::NaiveDate;
use gateway_store::{Db, requests, usage};
use gateway_testkit::TestDb;

use super::{
    mock,
    process::{Process, cpu_of_named, own_core},
};
use crate::{Error, database::Kind};

const NGINX: &str = "127.0.0.1:19100";
const KEY: &str = "sk-bench";

/// Something to load.
pub struct Target {
    pub name: String,
    pub address: String,
    pub key: String,
    /// What is measured; none: the mock itself.
    pub process: Option<Process>,
    database: Option<Database>,
}

struct Database {
    kind: Kind,
    url: String,
    /// Keeps PostgreSQL's there.
    _kept: TestDb,
}

/// A folder for everything that a run writes.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(folder: Option<&Path>) -> Result<Self, Error> {
        let parent = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = parent.join(format!("gateway-bench-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn log(&self, name: &str) -> Result<fs::File, Error> {
        Ok(fs::File::create(self.0.join(format!("{name}.log")))?)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Waits until somebody listens.
pub fn wait_for(address: &str) -> Result<(), Error> {
    for _ in 0..500 {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("nobody listens on {address}").into())
}

impl Target {
    pub fn direct(_mock: &Process) -> Self {
        Self {
            name: "direct".to_owned(),
            address: mock::ADDRESS.to_owned(),
            key: KEY.to_owned(),
            process: None,
            database: None,
        }
    }

    /// A bare proxy that checks one key and keeps an access log.
    pub fn nginx(_mock: &Process, scratch: &Scratch) -> Result<Self, Error> {
        let folder = scratch.path("nginx");
        fs::create_dir_all(&folder)?;
        let file = scratch.path("nginx/nginx.conf");
        fs::write(&file, nginx_conf())?;
        let command = ["nginx", "-p", &folder, "-c", &file].map(str::to_owned);
        let process = Process::start(own_core(), &command, scratch.log("nginx")?)?;
        wait_for(NGINX)?;
        Ok(Self {
            name: "nginx".to_owned(),
            address: NGINX.to_owned(),
            key: KEY.to_owned(),
            process: Some(process),
            database: None,
        })
    }

    /// `gateway serve` with a key, the ledger and the request log.
    pub async fn gateway(
        _mock: &Process,
        scratch: &Scratch,
        kind: Kind,
    ) -> Result<Option<Self>, Error> {
        let (port, db) = match kind {
            Kind::Sqlite => (19200, Some(gateway_testkit::sqlite().await)),
            Kind::Postgres => (19300, gateway_testkit::postgres().await),
        };
        let Some(db) = db else {
            return Ok(None);
        };
        // SQLite's file on the disk: a commit waits for it, as it would anywhere.
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", scratch.path("gateway.db")),
            Kind::Postgres => db.url().to_owned(),
        };
        let binary = binary()?;
        let file = scratch.path(&format!("{port}.yaml"));
        let spool = scratch.path(&format!("{port}.ledger"));
        fs::write(&file, gateway_yaml(port, &url, &spool))?;
        let serve = [&binary, "serve", "--config", &file].map(str::to_owned);
        let log = scratch.log(&format!("gateway-{port}"))?;
        let process = Process::start(own_core(), &serve, log)?;
        let address = format!("127.0.0.1:{port}");
        wait_for(&address)?;
        let key = Command::new(&binary)
            .args(["key", "create", "--config", &file])
            .args(["--owner", "bench", "--name", "bench"])
            .output()?;
        if !key.status.success() {
            return Err(String::from_utf8_lossy(&key.stderr).into_owned().into());
        }
        Ok(Some(Self {
            name: format!("gateway, {kind}"),
            address,
            key: String::from_utf8(key.stdout)?.trim().to_owned(),
            process: Some(process),
            database: Some(Database {
                kind,
                url,
                _kept: db,
            }),
        }))
    }

    /// How long the database's own processes ran; SQLite runs in the gateway's.
    pub fn database_cpu(&self) -> Duration {
        match &self.database {
            Some(database) if database.kind == Kind::Postgres => cpu_of_named("postgres"),
            _ => Duration::ZERO,
        }
    }

    /// Says how many calls the ledger knows of.
    pub async fn settle(&self) -> Result<(), Error> {
        let Some(database) = &self.database else {
            return Ok(());
        };
        let db = Db::connect(&database.url).await?;
        let filter = usage::Filter {
            scope: requests::Scope::All,
            from: NaiveDate::default(),
            to: NaiveDate::default() + chrono::Days::new(100_000),
            owner: None,
            team: None,
            model: None,
        };
        let sums = usage::sum(&db, &filter, &[], 1).await?;
        let attempts: u64 = sums.iter().map(|sum| sum.attempts).sum();
        println!("\n{}: {attempts} calls in the ledger.", self.name);
        Ok(())
    }
}

/// The gateway that was built beside this program.
fn binary() -> Result<String, Error> {
    let beside = std::env::current_exe()?.with_file_name("gateway");
    if !beside.exists() {
        return Err("build the gateway first: cargo build --release".into());
    }
    Ok(beside.display().to_string())
}

fn nginx_conf() -> String {
    format!(
        "worker_processes 1;\ndaemon off;\npid nginx.pid;\nerror_log nginx-error.log warn;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n  access_log nginx-access.log;\n  client_body_temp_path body; proxy_temp_path proxy; \
         fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n  keepalive_requests 1000000;\n  \
         map $http_authorization $known {{ default 0; \"Bearer {KEY}\" 1; }}\n  \
         upstream mock {{ server {}; keepalive 256; keepalive_requests 1000000; }}\n  \
         server {{\n    listen {NGINX} backlog=1024;\n    location / {{\n      if ($known = 0) {{ return 401; }}\n      \
         proxy_pass http://mock;\n      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      \
         proxy_set_header Authorization \"Bearer sk-upstream\";\n      proxy_buffering off;\n    }}\n  }}\n}}\n",
        mock::ADDRESS
    )
}

fn gateway_yaml(port: u16, url: &str, spool: &str) -> String {
    format!(
        "server: {{bind: 127.0.0.1:{port}, metrics_bind: off}}\n\
         database: {{url: \"{url}\"}}\n\
         ledger: {{spool: \"{spool}\"}}\n\
         teams: [{{key: bench}}]\n\
         service_accounts: [{{key: bench, team: bench}}]\n\
         providers:\n  - {{id: mock, type: openai, base_url: \"http://{}/v1\", api_key: sk-upstream}}\n\
         models:\n  - id: mock-model\n    routes:\n      - provider: mock\n        \
         price: {{input_usd_per_million: \"0.15\", output_usd_per_million: \"0.60\"}}\n",
        mock::ADDRESS
    )
}
