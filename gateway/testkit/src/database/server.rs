//! Where a PostgreSQL server for tests comes from.

use std::{
    net::{TcpStream, ToSocketAddrs as _},
    os::unix::{net::UnixStream, process::CommandExt as _},
    process::{Child, Command, Stdio},
    time::Duration,
};

use gateway_store::Db;
use testcontainers::{
    ContainerAsync, GenericImage, ImageExt as _, core::IntoContainerPort as _,
    runners::AsyncRunner as _,
};
use tokio::time::{Instant, sleep, timeout};

use super::{local, postgres::explain};

/// A running server, and what keeps it running.
pub(super) struct Server {
    url: String,
    kept: Kept,
}

enum Kept {
    /// Somebody else's.
    Others,
    /// The child stops the server when its standard input ends, which is when this process ends, however it does.
    Shell { _shell: Child },
    /// The same for a container.
    Docker {
        _container: Box<ContainerAsync<GenericImage>>,
        _shell: Option<Child>,
    },
}

impl Server {
    /// The one of `DATABASE_URL`, else one in a container, else one of this machine's own program; `None` without any.
    pub async fn find() -> Result<Option<Self>, String> {
        if let Some(url) = variable("DATABASE_URL").filter(|url| url.starts_with("postgres")) {
            return match Db::connect(&url).await {
                Ok(_) => Ok(Some(Self {
                    url,
                    kept: Kept::Others,
                })),
                Err(error) => Err(format!(
                    "DATABASE_URL names a PostgreSQL server: {}",
                    explain(error)
                )),
            };
        }
        if docker_answers() {
            match timeout(Duration::from_mins(3), in_container()).await {
                Ok(Ok(server)) => return Ok(Some(server)),
                Ok(Err(why)) => eprintln!("ogw-testkit: no PostgreSQL container: {why}"),
                Err(_) => eprintln!("ogw-testkit: no PostgreSQL container in three minutes"),
            }
        }
        match local::start() {
            Ok(Some((port, shell))) => {
                let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
                wait_for(&url).await?;
                let kept = Kept::Shell { _shell: shell };
                Ok(Some(Self { url, kept }))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(format!(
                "PostgreSQL's programs are here but do not start: {error}"
            )),
        }
    }

    /// A database on it from which others can be made.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it will still be there when this process has ended.
    pub fn outlives_us(&self) -> bool {
        matches!(self.kept, Kept::Others)
    }
}

async fn in_container() -> Result<Server, String> {
    let container = GenericImage::new("postgres", "17-alpine")
        .with_exposed_port(5432.tcp())
        .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
        .with_cmd(["-c", "fsync=off", "-c", "max_connections=200"])
        .start()
        .await
        .map_err(|error| error.to_string())?;
    let host = container
        .get_host()
        .await
        .map_err(|error| error.to_string())?;
    let port = container
        .get_host_port_ipv4(5432)
        .await
        .map_err(|error| error.to_string())?;
    let url = format!("postgres://postgres@{host}:{port}/postgres");
    wait_for(&url).await?;
    let shell = Command::new("sh")
        .args([
            "-c",
            "cat >/dev/null; docker rm --force --volumes \"$0\"",
            container.id(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .ok();
    let kept = Kept::Docker {
        _container: Box::new(container),
        _shell: shell,
    };
    Ok(Server { url, kept })
}

async fn wait_for(url: &str) -> Result<(), String> {
    let give_up = Instant::now() + Duration::from_mins(1);
    loop {
        match Db::connect(url).await {
            Ok(db) => {
                db.close().await;
                return Ok(());
            }
            Err(error) if Instant::now() > give_up => {
                return Err(format!("the server does not come up: {}", explain(error)));
            }
            Err(_) => sleep(Duration::from_millis(30)).await,
        }
    }
}

/// Whether somebody listens where the engine should be. Asked first: without an engine the client waits long.
fn docker_answers() -> bool {
    let host = variable("DOCKER_HOST").unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned());
    if let Some(path) = host.strip_prefix("unix://") {
        return UnixStream::connect(path).is_ok();
    }
    let Some(address) = host
        .strip_prefix("tcp://")
        .and_then(|address| address.to_socket_addrs().ok())
        .and_then(|mut addresses| addresses.next())
    else {
        return false;
    };
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests find their server by the environment; the gateway never runs this"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
