//! The folder of the demo's data. Only files with the demo's own names are ever deleted.

use std::{
    fs::{self, File, TryLockError},
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use tokio::net::TcpListener;

use crate::cli::Failure;

const DATABASE: &str = "gateway.db";
/// What SQLite and the migrations keep beside it.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", ".migrate.lock"];
/// The ledger's spool, a folder beside it.
const SPOOL: &str = "gateway.db.ledger";
const IDP_PORT: &str = "idp-port";
const LOCK: &str = "lock";

/// The folder, for this process alone.
pub(super) struct Folder {
    path: PathBuf,
    keep: bool,
    _lock: File,
}

impl Folder {
    /// Makes the folder ready; unless `keep`, nothing of an earlier run is left in it.
    pub(super) fn open(path: &Path, keep: bool) -> Result<Self, Failure> {
        let told = |error: io::Error| Failure::because(path.display(), &error);
        fs::create_dir_all(path).map_err(told)?;
        let lock = File::create(path.join(LOCK)).map_err(told)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(format!(
                    "another demo runs with its data in {}; stop it, or give this one another --folder",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(told(error)),
        }
        let folder = Self {
            path: path.to_owned(),
            keep,
            _lock: lock,
        };
        if !keep {
            folder.clear().map_err(told)?;
        }
        Ok(folder)
    }

    fn clear(&self) -> io::Result<()> {
        let database = BESIDE.map(|suffix| format!("{DATABASE}{suffix}"));
        for name in database.into_iter().chain([IDP_PORT.to_owned()]) {
            match fs::remove_file(self.path.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        match fs::remove_dir_all(self.path.join(SPOOL)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A listener for the identity provider, on any free port; with kept data on the one of the run before, for people
    /// are linked to their issuer, and the port is part of its name.
    pub(super) async fn listen_for_idp(&mut self) -> Result<TcpListener, Failure> {
        let note = self.path.join(IDP_PORT);
        let port = fs::read_to_string(&note)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::because(
                format!("cannot listen on {address} for the development identity provider (without --keep any port does)"),
                &error,
            )
        })?;
        let told = |error| Failure::because(note.display(), &error);
        let port = listener.local_addr().map_err(told)?.port();
        fs::write(&note, port.to_string()).map_err(told)?;
        Ok(listener)
    }

    /// The database's file.
    pub(super) fn database_path(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Its address, as between single quotes in YAML.
    pub(super) fn database(&self) -> String {
        let path = self.database_path().display().to_string();
        format!("sqlite://{}", path.replace('\'', "''"))
    }

    /// Whether the data of an earlier run is still there.
    pub(super) fn is_kept(&self) -> bool {
        self.keep
    }
}
