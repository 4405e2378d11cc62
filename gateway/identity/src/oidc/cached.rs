//! A document of the provider, kept.
//!
//! However many sign-ins want it, it is fetched once at a time. When it is no longer fresh it is fetched again; when that
//! fails or takes long, the old copy serves for a day. A provider that fails is not asked again at once.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use gateway_domain::Clock;

use super::fault::Fault;

/// How long an old copy serves while the provider fails.
const STALE: TimeDelta = TimeDelta::hours(24);
/// How long a sign-in waits for a new copy while there is an old one.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a token's unknown key may cause a fetch.
const BETWEEN_FORCED: TimeDelta = TimeDelta::seconds(60);
/// Waits after the first failure, and the longest: with an old copy, nobody suffers; without, people are waiting.
const BACK_OFF_STALE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
const BACK_OFF_COLD: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// What a `Retry-After` can ask for at most, with an old copy and without.
const LONGEST_WISH_STALE: Duration = Duration::from_mins(10);
const LONGEST_WISH_COLD: Duration = Duration::from_mins(1);

type Fetching<T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send>>;
type Fetcher<T> = Box<dyn Fn() -> Fetching<T> + Send + Sync>;

/// The outcome of the last fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Whether it brought a usable document.
    pub ok: bool,
    /// What was wrong, for the operator; holds no secret.
    pub error: Option<String>,
}

pub(super) struct Cached<T> {
    /// What it is of whom, for the log.
    what: String,
    fresh: TimeDelta,
    clock: Arc<dyn Clock>,
    fetch: Fetcher<T>,
    state: Mutex<State<T>>,
    flight: tokio::sync::Mutex<()>,
}

struct State<T> {
    copy: Option<(Arc<T>, DateTime<Utc>)>,
    attempts: u64,
    failures: u32,
    not_before: Option<DateTime<Utc>>,
    forced_at: Option<DateTime<Utc>>,
    last: Option<(DateTime<Utc>, Option<Fault>)>,
}

/// A copy, with the number of fetches that had been made when it was taken.
pub(super) struct Held<T> {
    pub value: Arc<T>,
    seen: u64,
}

/// How the document fares.
pub(super) struct Standing<T> {
    pub copy: Option<Arc<T>>,
    pub last: Option<Fetch>,
    pub misconfigured: bool,
    pub stale: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Due,
    Forced,
}

impl<T: Send + Sync + 'static> Cached<T> {
    pub fn new<F>(
        what: String,
        fresh: Duration,
        clock: Arc<dyn Clock>,
        fetch: impl Fn() -> F + Send + Sync + 'static,
    ) -> Arc<Self>
    where
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        Arc::new(Self {
            what,
            fresh: TimeDelta::from_std(fresh).unwrap_or(STALE),
            clock,
            fetch: Box::new(move || Box::pin(fetch())),
            state: Mutex::new(State {
                copy: None,
                attempts: 0,
                failures: 0,
                not_before: None,
                forced_at: None,
                last: None,
            }),
            flight: tokio::sync::Mutex::new(()),
        })
    }

    /// A copy that may be used, fetched if there is none.
    pub async fn get(self: &Arc<Self>) -> Result<Held<T>, Fault> {
        let now = self.clock.now();
        let (usable, seen, due) = {
            let state = self.state();
            let fresh = state.age(now).is_some_and(|age| age < self.fresh);
            let waiting = state.not_before.is_some_and(|until| now < until);
            (state.usable(now), state.attempts, !fresh && !waiting)
        };
        if due {
            let refresh = self.begin(seen, Why::Due);
            if let Ok(held) = usable {
                // An error here is patience at its end: the fetch goes on, the old copy serves.
                let _ = tokio::time::timeout(PATIENCE, refresh).await;
                return Ok(self.state().usable(now).unwrap_or(held));
            }
            let _ = refresh.await;
            return self.state().usable(self.clock.now());
        }
        usable
    }

    /// Fetches again although `held` is fresh, because it lacks what a token names. `None` when that was done lately.
    pub async fn beyond(self: &Arc<Self>, held: &Held<T>) -> Option<Arc<T>> {
        let _ = self.begin(held.seen, Why::Forced).await;
        let newer = self.state().usable(self.clock.now()).ok()?;
        (!Arc::ptr_eq(&newer.value, &held.value)).then_some(newer.value)
    }

    /// Fetches if the copy will not be fresh for long.
    pub async fn refresh_if_due(self: &Arc<Self>) {
        let now = self.clock.now();
        let (seen, due) = {
            let state = self.state();
            let aging = state.age(now).is_none_or(|age| age * 5 >= self.fresh * 4);
            let waiting = state.not_before.is_some_and(|until| now < until);
            (state.attempts, aging && !waiting)
        };
        if due {
            let _ = self.begin(seen, Why::Due).await;
        }
    }

    /// The copy at hand, usable or not, without asking anybody.
    pub fn standing(&self) -> Standing<T> {
        let now = self.clock.now();
        let state = self.state();
        let fault = state.last.as_ref().and_then(|(_, fault)| fault.as_ref());
        let age = state.age(now);
        Standing {
            copy: state.copy.as_ref().map(|(value, _)| Arc::clone(value)),
            last: state.last.as_ref().map(|(at, fault)| Fetch {
                at: *at,
                ok: fault.is_none(),
                error: fault.as_ref().map(|fault| fault.cause.clone()),
            }),
            misconfigured: fault.is_some_and(|fault| fault.misconfigured),
            stale: age.is_some_and(|age| age >= self.fresh),
        }
    }

    /// Fetches in a task of its own: a browser that goes away does not end it for the others.
    fn begin(self: &Arc<Self>, seen: u64, why: Why) -> tokio::task::JoinHandle<()> {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let _alone = this.flight.lock().await;
            if this.admit(seen, why) {
                let result = (this.fetch)().await;
                this.settle(result);
            }
        })
    }

    /// Whether a fetch is still wanted, now that nobody else is fetching.
    fn admit(&self, seen: u64, why: Why) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        if state.attempts != seen {
            return false;
        }
        if why == Why::Forced {
            let lately = |at| now - at < BETWEEN_FORCED;
            if state.forced_at.is_some_and(lately) {
                return false;
            }
            state.forced_at = Some(now);
        }
        true
    }

    fn settle(&self, result: Result<T, Fault>) {
        let now = self.clock.now();
        let mut state = self.state();
        state.attempts += 1;
        let known = state.last.take().and_then(|(_, fault)| fault);
        match result {
            Ok(value) => {
                if known.is_some() {
                    tracing::info!("{}: fetched again", self.what);
                }
                state.copy = Some((Arc::new(value), now));
                state.failures = 0;
                state.not_before = None;
                state.last = Some((now, None));
            }
            Err(fault) => {
                let cold = state.usable(now).is_err();
                if known.is_none_or(|known| known.cause != fault.cause) {
                    tracing::warn!("{}: {}", self.what, fault.cause);
                }
                let pause = pause(state.failures, cold, fault.retry_after);
                state.failures = state.failures.saturating_add(1);
                state.not_before = TimeDelta::from_std(pause).ok().map(|pause| now + pause);
                state.last = Some((now, Some(fault)));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.copy.as_ref().map(|(_, at)| now - *at)
    }

    fn usable(&self, now: DateTime<Utc>) -> Result<Held<T>, Fault> {
        if let Some((value, at)) = &self.copy
            && now - *at < STALE
        {
            return Ok(Held {
                value: Arc::clone(value),
                seen: self.attempts,
            });
        }
        let fault = self.last.as_ref().and_then(|(_, fault)| fault.clone());
        Err(fault.unwrap_or_else(|| Fault::new("nothing was fetched yet")))
    }
}

/// How long to leave the provider alone after one more failure.
fn pause(failures: u32, cold: bool, wish: Option<Duration>) -> Duration {
    let ((first, longest), longest_wish) = if cold {
        (BACK_OFF_COLD, LONGEST_WISH_COLD)
    } else {
        (BACK_OFF_STALE, LONGEST_WISH_STALE)
    };
    let doubled = first
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(longest);
    wish.map_or(doubled, |wish| wish.min(longest_wish).max(doubled))
}

#[cfg(test)]
mod tests;
