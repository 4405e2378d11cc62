//! A model provider: speaks chat completions, responses, messages and embeddings, and fails as its script says.
//!
//! Below HTTP on purpose: resets, garbage and half answers are among what it can do.

mod answers;
mod wire;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{net::TcpListener, sync::watch};

use super::{Log, Seen};

pub use answers::{TEXT, words};

/// What becomes of one request.
#[derive(Clone, Debug)]
pub enum Act {
    /// It is answered: as JSON or as a stream, whichever it asks for.
    Answer,
    /// It is answered by these bytes, with this status, content type and further headers.
    Raw {
        /// The status.
        status: u16,
        /// The content type.
        content_type: &'static str,
        /// More headers.
        headers: Vec<(&'static str, String)>,
        /// The body, byte for byte.
        body: Vec<u8>,
    },
    /// Nothing comes.
    HangBeforeHead,
    /// The connection is reset before anything comes.
    Reset,
    /// What comes is not HTTP.
    Garbage,
    /// A head and half a JSON body, then the end.
    CutBody,
    /// A head with this status and half a JSON body, then the end.
    CutRefusal(u16),
    /// So many frames of a stream, then silence.
    HangAfter(usize),
    /// So many frames of a stream, then the connection breaks.
    CutAfter(usize),
    /// So many frames of a stream, then the body ends as if it were whole.
    EndAfter(usize),
    /// A stream with so many milliseconds before each frame.
    Slow(u64),
}

impl Act {
    /// A refusal in `OpenAI`'s shape.
    pub fn refuse(status: u16) -> Self {
        Self::refuse_with(status, Vec::new())
    }

    /// The same with headers.
    pub fn refuse_with(status: u16, headers: Vec<(&'static str, String)>) -> Self {
        let body = format!(
            "{{\"error\": {{\"message\": \"upstream says {status}\", \"type\": \"upstream_error\", \"param\": null, \"code\": null}}}}"
        );
        Self::Raw {
            status,
            content_type: "application/json",
            headers,
            body: body.into_bytes(),
        }
    }
}

/// A provider that listens on loopback. Clones are the same one.
#[derive(Clone, Debug)]
pub struct FakeUpstream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    log: Log,
    script: Mutex<Script>,
    busy: AtomicUsize,
    stop: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Act>,
    always: Option<Act>,
}

/// Counts a request as being answered.
struct Busy<'a>(&'a AtomicUsize);

impl FakeUpstream {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::on(listener)
    }

    /// Listens again where one listened that was stopped.
    pub async fn start_at(address: SocketAddr) -> Self {
        Self::on(TcpListener::bind(address).await.unwrap())
    }

    fn on(listener: TcpListener) -> Self {
        let (stop, stopped) = watch::channel(false);
        let fake = Self(Arc::new(Inner {
            address: listener.local_addr().unwrap(),
            log: Log::default(),
            script: Mutex::default(),
            busy: AtomicUsize::new(0),
            stop,
        }));
        tokio::spawn(wire::serve(listener, fake.clone(), stopped));
        fake
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Its base address without a path, as Anthropic's SDK takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// The same with `/v1`, as `OpenAI`'s SDK takes it.
    pub fn v1(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// The next requests fare so, in this order; those after them as [`FakeUpstream::always`] says.
    pub fn next(&self, acts: impl IntoIterator<Item = Act>) {
        self.script().next.extend(acts);
    }

    /// How requests fare that nothing was said of; at first they are answered.
    pub fn always(&self, act: Act) {
        self.script().always = Some(act);
    }

    /// What arrived.
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// How many requests are being answered, or held, at this moment.
    pub fn busy(&self) -> usize {
        self.0.busy.load(Ordering::SeqCst)
    }

    /// Breaks every connection and closes the port, as when its process is killed.
    pub async fn kill(&self) {
        let _ = self.0.stop.send(true);
        while tokio::net::TcpStream::connect(self.0.address).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.0.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act(&self) -> Act {
        let mut script = self.script();
        let next = script.next.pop_front();
        next.or_else(|| script.always.clone())
            .unwrap_or(Act::Answer)
    }

    fn note(&self, seen: Seen) {
        self.0.log.push(seen);
    }

    fn begin(&self) -> Busy<'_> {
        self.0.busy.fetch_add(1, Ordering::SeqCst);
        Busy(&self.0.busy)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}
