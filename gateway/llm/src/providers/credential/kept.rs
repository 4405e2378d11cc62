//! What is valid for a while, and is fetched again by one caller for all.

use std::{
    future::Future,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};

/// Something that was given out.
pub(super) struct Grant<T> {
    pub value: T,
    /// `None`: it does not expire.
    pub expires: Option<DateTime<Utc>>,
}

/// Five minutes before the end the next one is fetched, but not before half of the time is over.
const MARGIN: TimeDelta = TimeDelta::minutes(5);
/// What a provider refuses is doubted at this age; a younger one would be no better.
const DOUBTED_FROM: TimeDelta = TimeDelta::minutes(1);
/// After a failed renewal, while what is held is still valid.
const NEXT_TRY: TimeDelta = TimeDelta::seconds(30);

/// Holds the last grant, in memory only.
pub(super) struct Kept<T> {
    held: Mutex<Option<Held<T>>>,
    /// Held by whoever fetches; the last failure in it is shared with those who waited meanwhile.
    fetching: tokio::sync::Mutex<Option<String>>,
    /// How many fetches ended.
    rounds: AtomicU64,
}

struct Held<T> {
    value: T,
    since: DateTime<Utc>,
    renew_at: DateTime<Utc>,
    expires: DateTime<Utc>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            held: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            rounds: AtomicU64::default(),
        }
    }
}

impl<T: Clone> Kept<T> {
    /// What is held, when it need not be renewed yet.
    pub(super) fn fresh(&self, now: DateTime<Utc>) -> Option<T> {
        let held = self.held();
        let held = held.as_ref().filter(|held| now < held.renew_at)?;
        Some(held.value.clone())
    }

    /// What is held, or else what `fetch` brings. Of several callers one fetches; the others wait, or go on with what is held
    /// as long as it is valid.
    pub(super) async fn get(
        &self,
        now: DateTime<Utc>,
        fetch: impl Future<Output = Result<Grant<T>, String>>,
    ) -> Result<T, String> {
        let (valid, is_fresh) = self.valid(now);
        if let (Some(fresh), true) = (&valid, is_fresh) {
            return Ok(fresh.clone());
        }
        let seen = self.rounds.load(Ordering::Acquire);
        let mut last = match (self.fetching.try_lock(), valid) {
            (Ok(last), _) => last,
            (Err(_), Some(valid)) => return Ok(valid),
            (Err(_), None) => self.fetching.lock().await,
        };
        if self.rounds.load(Ordering::Acquire) != seen {
            if let (Some(valid), true) = self.valid(now) {
                return Ok(valid);
            }
            if let Some(failure) = last.as_ref() {
                return Err(failure.clone());
            }
        }
        let fetched = fetch.await;
        self.rounds.fetch_add(1, Ordering::Release);
        *last = fetched.as_ref().err().cloned();
        match fetched {
            Ok(grant) => Ok(self.hold(now, grant)),
            Err(failure) => self.go_on(now).ok_or(failure),
        }
    }

    /// The provider refused what is held: it is not used again, unless it is quite new.
    pub(super) fn doubt(&self, now: DateTime<Utc>) {
        let mut held = self.held();
        if held
            .as_ref()
            .is_some_and(|held| now - held.since >= DOUBTED_FROM)
        {
            *held = None;
        }
    }

    fn valid(&self, now: DateTime<Utc>) -> (Option<T>, bool) {
        match self.held().as_ref() {
            Some(held) if now < held.expires => (Some(held.value.clone()), now < held.renew_at),
            _ => (None, false),
        }
    }

    fn hold(&self, now: DateTime<Utc>, grant: Grant<T>) -> T {
        let expires = grant.expires.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let margin = MARGIN.min((expires - now) / 2);
        *self.held() = Some(Held {
            value: grant.value.clone(),
            since: now,
            renew_at: expires - margin,
            expires,
        });
        grant.value
    }

    fn go_on(&self, now: DateTime<Utc>) -> Option<T> {
        let mut held = self.held();
        let held = held.as_mut().filter(|held| now < held.expires)?;
        held.renew_at = now + NEXT_TRY;
        Some(held.value.clone())
    }

    fn held(&self) -> MutexGuard<'_, Option<Held<T>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    async fn ask(kept: &Kept<u8>, now: i64, next: Result<u8, &str>) -> Result<u8, String> {
        let fetch = async {
            tokio::task::yield_now().await;
            next.map(|value| Grant {
                value,
                expires: Some(at(now + 3600)),
            })
            .map_err(str::to_owned)
        };
        kept.get(at(now), fetch).await
    }

    #[tokio::test]
    async fn is_fetched_again_shortly_before_its_end() {
        let kept = Kept::default();
        assert_eq!(ask(&kept, 0, Ok(1)).await, Ok(1));
        assert_eq!(ask(&kept, 3299, Ok(2)).await, Ok(1));
        assert_eq!(ask(&kept, 3300, Ok(3)).await, Ok(3));
    }

    #[tokio::test]
    async fn a_failed_renewal_leaves_what_is_valid_in_use() {
        let kept = Kept::default();
        assert_eq!(ask(&kept, 0, Ok(1)).await, Ok(1));
        assert_eq!(ask(&kept, 3400, Err("down")).await, Ok(1));
        assert_eq!(ask(&kept, 3420, Ok(2)).await, Ok(1));
        assert_eq!(ask(&kept, 3431, Ok(3)).await, Ok(3));
        assert_eq!(ask(&kept, 9000, Err("down")).await, Err("down".to_owned()));
    }

    #[tokio::test]
    async fn one_fetches_for_all_and_a_failure_is_shared() {
        let kept: Kept<u8> = Kept::default();
        let asked = AtomicUsize::new(0);
        let calls = (0..20).map(|_| {
            kept.get(at(0), async {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Err::<Grant<u8>, _>("down".to_owned())
            })
        });
        let answers = futures_util::future::join_all(calls).await;
        assert!(
            answers
                .iter()
                .all(|answer| *answer == Err("down".to_owned()))
        );
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert_eq!(
            ask(&kept, 0, Ok(1)).await,
            Ok(1),
            "the next call tries again"
        );
    }

    #[tokio::test]
    async fn what_is_refused_is_doubted_once_it_is_old_enough() {
        let kept = Kept::default();
        assert_eq!(ask(&kept, 0, Ok(1)).await, Ok(1));
        kept.doubt(at(10));
        assert_eq!(ask(&kept, 11, Ok(2)).await, Ok(1));
        kept.doubt(at(60));
        assert_eq!(ask(&kept, 61, Ok(3)).await, Ok(3));
    }
}
