//! What the system tells the process.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Failure;

/// The signals that matter, heard from the moment this was made.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangups: Option<Signal>,
}

impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let hear = |kind| {
            signal(kind).map_err(|error| Failure::because("cannot listen for signals", &error))
        };
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            hangups: Some(hear(SignalKind::hangup())?),
        })
    }

    /// Waits for the next request to stop and names it. A hang-up is one unless somebody reloads on it.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            () = hangup(&mut self.hangups) => "SIGHUP",
        }
    }

    /// The requests to reload, for whoever reloads.
    pub(crate) fn take_hangups(&mut self) -> Option<Signal> {
        self.hangups.take()
    }
}

/// Waits for a hang-up; for ever when they are heard elsewhere.
pub(crate) async fn hangup(hangups: &mut Option<Signal>) {
    match hangups {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
