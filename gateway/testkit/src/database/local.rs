//! A PostgreSQL server of this machine's own programs, in a temporary folder, for as long as this process lives.

use std::{
    io,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::server::variable;

/// Waits for the end of its standard input, which comes when the test process ends, also when it is killed; then
/// stops the server and removes its folder. With a locale whose order is not that of bytes, where the build has ICU:
/// so a text column that forgets `COLLATE "C"` shows. In memory where there is enough: making a database is copying files.
const SCRIPT: &str = r#"
set -eu
free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
if [ -w /dev/shm ] && [ "${free:-0}" -gt 1000000 ]; then OGW_FOLDER=/dev/shm; fi
folder=$(mktemp -d "$OGW_FOLDER/ogw-postgres.XXXXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
init() {
    "$OGW_PROGRAMS/initdb" -D data -U postgres -A trust -N -E UTF8 "$@" >>log 2>&1
}
init --locale=C.UTF-8 --locale-provider=icu --icu-locale=en || init --locale=C || { cat log >&2; exit 1; }
"$OGW_PROGRAMS/postgres" -D data -p "$OGW_PORT" -k '' -c listen_addresses=127.0.0.1 -c max_connections=200 \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB \
    -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0 >>log 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -QUIT "$server" 2>/dev/null || true
wait "$server" || true
"#;

/// Starts one and returns its port and the shell that keeps it; `None` when the programs are not installed.
pub(super) fn start() -> io::Result<Option<(u16, Child)>> {
    let Some(programs) = programs() else {
        return Ok(None);
    };
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut shell = shell();
    shell
        .env("OGW_FOLDER", std::env::temp_dir())
        .env("OGW_PROGRAMS", programs)
        .env("OGW_PORT", port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        // An interrupt from the terminal reaches the tests, not this: it has its own way to end.
        .process_group(0);
    Ok(Some((port, shell.spawn()?)))
}

/// The script as a command, as another user where we are root: PostgreSQL refuses to run as root.
fn shell() -> Command {
    if !is_root() {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT]);
        return shell;
    }
    let wrappers: [(&str, &[&str]); 2] = [
        (
            "setpriv",
            &["--reuid=postgres", "--regid=postgres", "--init-groups"],
        ),
        ("runuser", &["-u", "postgres", "--"]),
    ];
    for (wrapper, args) in wrappers {
        if on_path(wrapper).is_some() {
            let mut shell = Command::new(wrapper);
            shell.args(args).args(["sh", "-c", SCRIPT]);
            return shell;
        }
    }
    let mut shell = Command::new("su");
    shell.args(["-s", "/bin/sh", "-c", SCRIPT, "postgres"]);
    shell
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

/// The folder of `initdb` and `postgres`.
fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| has(folder, "initdb") && has(folder, "postgres");
    let by_path = on_path("initdb").and_then(|program| program.parent().map(Path::to_path_buf));
    by_path
        .into_iter()
        .chain(debian())
        .chain(by_pg_config())
        .find(complete)
}

/// Debian keeps them out of the path, a folder for each version; the newest first.
fn debian() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let mut folders: Vec<_> = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| {
            let number: u32 = version.file_name().to_string_lossy().parse().unwrap_or(0);
            (number, version.path().join("bin"))
        })
        .collect();
    folders.sort();
    folders
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .collect()
}

fn by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim()))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path)
        .find(|folder| has(folder, program))
        .map(|folder| folder.join(program))
}

fn has(folder: &Path, program: &str) -> bool {
    folder.join(program).is_file()
}
