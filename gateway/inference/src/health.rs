//! How routes fare: which are to be left alone for a while, and when one may be tried again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

/// The first pause of a route that failed. It doubles with every failure in a row.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);
/// The longest pause that the gateway thinks of itself.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(60);
/// The longest that an upstream can ask for.
const LONGEST_ASKED: TimeDelta = TimeDelta::minutes(10);
/// After a pause one call tries the route. Until it is back, or for this long, others still leave the route alone.
const TRIAL: TimeDelta = TimeDelta::seconds(30);

/// All routes' states by provider and upstream model. They outlive the configuration.
#[derive(Default)]
pub(crate) struct Healths(Mutex<HashMap<(String, String), Arc<Health>>>);

/// One route's state.
#[derive(Default)]
pub(crate) struct Health(Mutex<State>);

#[derive(Clone, Default)]
struct State {
    /// In a row, of those that cool a route.
    failures: u32,
    until: Option<DateTime<Utc>>,
    /// When the last such failure was.
    cooled_at: DateTime<Utc>,
    trial_until: Option<DateTime<Utc>>,
    reason: String,
    last_success: Option<DateTime<Utc>>,
    last_failure: Option<(DateTime<Utc>, String)>,
}

/// A look at a route's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    pub cooling: Option<(DateTime<Utc>, String)>,
    pub last_success: Option<DateTime<Utc>>,
    pub last_failure: Option<(DateTime<Utc>, String)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Healths {
    /// The state of a provider's model, new when there is none.
    pub(crate) fn of(&self, provider: &str, upstream_model: &str) -> Arc<Health> {
        let key = (provider.to_owned(), upstream_model.to_owned());
        Arc::clone(lock(&self.0).entry(key).or_default())
    }

    /// All of a provider's.
    pub(crate) fn of_provider(&self, provider: &str) -> Vec<Arc<Health>> {
        lock(&self.0)
            .iter()
            .filter(|((of, _), _)| of == provider)
            .map(|(_, health)| Arc::clone(health))
            .collect()
    }
}

impl Health {
    /// Until when it is to be left alone; `None`: it may be called. Does not take the trial.
    pub(crate) fn cooling(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let state = lock(&self.0);
        let until = state.until?;
        if now < until {
            return Some(until);
        }
        state.trial_until.filter(|trial| now < *trial)
    }

    /// A call is about to be made: after a pause it is the one trial.
    pub(crate) fn taken(&self, now: DateTime<Utc>) {
        let mut state = lock(&self.0);
        if state.until.is_some_and(|until| until <= now) {
            state.trial_until = Some(now + TRIAL);
        }
    }

    /// It answered a call that was made at `started`. One made before it failed does not end its pause.
    pub(crate) fn succeeded(&self, started: DateTime<Utc>, now: DateTime<Utc>) {
        let mut state = lock(&self.0);
        state.last_success = Some(now);
        if state.until.is_some() && state.cooled_at <= started {
            state.until = None;
            state.trial_until = None;
            state.failures = 0;
        }
    }

    /// It answered something that says nothing of whether it fares well: the call was wrong, or the client went away.
    pub(crate) fn released(&self) {
        lock(&self.0).trial_until = None;
    }

    /// It failed in a way that others' calls need not fail in.
    pub(crate) fn failed(&self, now: DateTime<Utc>, reason: &str) {
        let mut state = lock(&self.0);
        state.last_failure = Some((now, reason.to_owned()));
        state.trial_until = None;
    }

    /// It failed in a way that others' calls will fail in too. Says whether its pause begins with this.
    pub(crate) fn cool(
        &self,
        now: DateTime<Utc>,
        reason: &str,
        retry_after: Option<Duration>,
    ) -> bool {
        let mut state = lock(&self.0);
        let was_well = state.until.is_none();
        // Calls that were on their way when the pause began fail too; they say nothing new.
        if state.until.is_none_or(|until| until <= now) {
            state.failures = state.failures.saturating_add(1);
        }
        let doubled = FIRST_PAUSE * (1 << (state.failures - 1).min(5));
        let asked = retry_after.map(|asked| TimeDelta::from_std(asked).unwrap_or(LONGEST_ASKED));
        let pause = asked.map_or(doubled.min(LONGEST_PAUSE), |asked| {
            asked.clamp(TimeDelta::seconds(1), LONGEST_ASKED)
        });
        state.until = state.until.max(Some(now + pause));
        state.cooled_at = now;
        state.trial_until = None;
        reason.clone_into(&mut state.reason);
        state.last_failure = Some((now, reason.to_owned()));
        was_well
    }

    pub(crate) fn look(&self, now: DateTime<Utc>) -> Look {
        let state = lock(&self.0);
        Look {
            cooling: state
                .until
                .filter(|until| now < *until)
                .map(|until| (until, state.reason.clone())),
            last_success: state.last_success,
            last_failure: state.last_failure.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_pause_grows_and_ends_with_one_trial() {
        let health = Health::default();
        assert!(health.cool(at(0), "connect", None));
        assert!(!health.cool(at(1), "connect", None), "one of the same time");
        assert_eq!(health.cooling(at(1)), Some(at(3)));
        assert_eq!(health.cooling(at(3)), None);
        health.taken(at(3));
        assert!(health.cooling(at(4)).is_some(), "the trial is on its way");
        health.cool(at(5), "connect", None);
        assert_eq!(health.cooling(at(8)), Some(at(9)));
        health.taken(at(9));
        health.succeeded(at(4), at(9));
        assert!(health.cooling(at(9)).is_some(), "that was before");
        health.succeeded(at(9), at(9));
        assert_eq!(health.cooling(at(9)), None);
        assert!(health.cool(at(10), "connect", None));
        assert_eq!(health.cooling(at(10)), Some(at(12)), "it begins anew");
    }

    #[test]
    fn an_upstream_says_for_how_long_within_bounds() {
        let health = Health::default();
        health.cool(at(0), "rate_limited", Some(Duration::from_secs(90)));
        assert_eq!(health.cooling(at(1)), Some(at(90)));
        let health = Health::default();
        health.cool(at(0), "rate_limited", Some(Duration::from_hours(100)));
        assert_eq!(health.cooling(at(1)), Some(at(600)));
    }

    #[test]
    fn pauses_have_an_end() {
        let health = Health::default();
        let mut now = at(0);
        for _ in 0..40 {
            health.cool(now, "connect", None);
            now = health.cooling(now).unwrap();
        }
        health.cool(now, "connect", None);
        assert_eq!(health.cooling(now), Some(now + LONGEST_PAUSE));
    }
}
