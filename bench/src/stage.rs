//! The threads of a run: each party's have its name, by which its work is told from that of others.

use std::{thread, time::Duration};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;

/// The names of the threads. The kernel keeps fifteen letters.
pub const GATEWAY: &str = "gateway";
pub const PROVIDER: &str = "provider";
pub const CLIENT: &str = "client";

/// Where the parties run, and for how long.
#[derive(Clone)]
pub struct Stage {
    /// As many threads as the machine has processors, as in `serve`.
    pub gateway: Handle,
    /// The identity provider.
    pub provider: Handle,
    /// Those who come over a socket.
    pub client: Handle,
    pub pace: Pace,
}

/// How thorough a run is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// For each measure.
    pub time: Duration,
    /// In the short lists.
    pub few: usize,
    /// In the long lists.
    pub many: usize,
}

impl Pace {
    pub fn of(quick: bool, rows: Option<usize>) -> Self {
        let (time, many) = if quick {
            (Duration::from_millis(100), 1_000)
        } else {
            (Duration::from_secs(3), 100_000)
        };
        let few = 100;
        Self {
            time,
            few,
            many: rows.unwrap_or(many).max(few),
        }
    }
}

impl Stage {
    /// Starts the threads. They end with the runtimes.
    pub fn set(pace: Pace) -> Result<(Self, [Runtime; 3]), Error> {
        let processors = thread::available_parallelism()?.get();
        let gateway = runtime(GATEWAY, processors)?;
        let provider = runtime(PROVIDER, 1)?;
        let client = runtime(CLIENT, 1)?;
        let stage = Self {
            gateway: gateway.handle().clone(),
            provider: provider.handle().clone(),
            client: client.handle().clone(),
            pace,
        };
        Ok((stage, [gateway, provider, client]))
    }
}

fn runtime(name: &str, threads: usize) -> Result<Runtime, Error> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .enable_all()
        .build()?;
    Ok(runtime)
}
