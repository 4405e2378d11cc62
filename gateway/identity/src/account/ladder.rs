//! The ladder of delays after wrong passwords.

use chrono::{DateTime, TimeDelta, Utc};
use gateway_domain::{Origin, TokenHash};
use gateway_store::{Executor, password_failures};

use crate::{Context, ServiceError, limits::network};

/// So many failures cost nothing.
const FREE: i64 = 5;
const LONGEST: i64 = 60;

/// What failures are counted under: an account as seen from one client's network. A stranger elsewhere climbs a ladder
/// of their own. The address need not be anybody's.
pub(super) struct Rung {
    key: TokenHash,
}

impl Rung {
    pub(super) fn of(email: &str, origin: &Origin) -> Self {
        let email = email.trim().to_ascii_lowercase();
        let from = origin
            .address
            .map(|address| network(address).to_string())
            .unwrap_or_default();
        let text = format!("account\n{}:{email}\n{from}", email.len());
        Self {
            key: TokenHash::of(text.as_bytes()),
        }
    }

    /// Counts an attempt before it is made, so that attempts at the same moment count each other; refuses it while the
    /// delay of the last one runs.
    pub(super) async fn climb(&self, ctx: &Context) -> Result<(), ServiceError> {
        let now = ctx.now();
        if let Some(earlier) = password_failures::find(ctx.db(), &self.key, now).await? {
            let wait = earlier.next_allowed - now;
            if wait > TimeDelta::zero() {
                return Err(ServiceError::RateLimited {
                    retry_after: seconds(wait),
                });
            }
        }
        let forgotten_at = now + TimeDelta::hours(24);
        let attempts = password_failures::record(ctx.db(), &self.key, now, forgotten_at).await?;
        if let Some(until) = next_allowed(attempts, now) {
            password_failures::delay(ctx.db(), &self.key, until).await?;
        }
        Ok(())
    }

    /// Forgets the failures, after a success.
    pub(super) async fn clear(&self, db: impl Executor<'_>) -> Result<(), gateway_store::Error> {
        password_failures::clear(db, &self.key).await
    }
}

/// When the next attempt may be: after the fifth in a second, then doubling up to a minute.
fn next_allowed(attempts: i64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let step = attempts.min(FREE + 6) - FREE;
    let delay = (1_i64 << u32::try_from(step).ok()?).min(LONGEST);
    Some(now + TimeDelta::seconds(delay))
}

fn seconds(wait: TimeDelta) -> u64 {
    let milliseconds = u64::try_from(wait.num_milliseconds()).unwrap_or_default();
    milliseconds.div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_256_the_delay_doubles_up_to_a_minute() {
        let now = DateTime::UNIX_EPOCH;
        let delay = |attempts| next_allowed(attempts, now).map(|until| (until - now).num_seconds());
        let delays: Vec<_> = (1..=13).map(delay).collect();
        let expected = [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60];
        assert_eq!(delays, expected.map(|s| (s > 0).then_some(s)));
        assert_eq!(delay(i64::MAX), Some(60));
    }
}
