//! Numbers that the database must be asked for, at most every ten seconds however often they are scraped.

use std::time::{Duration, Instant};

use gateway_domain::UserStatus;
use gateway_identity::Context;
use gateway_store::{sessions, users};
use prometheus_client::{metrics::gauge::Gauge, registry::Registry};
use tokio::sync::Mutex;

use super::Gauges;

const FRESH: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct PeopleCounts(Mutex<Option<(Instant, Counted)>>);

#[derive(Clone)]
struct Counted {
    people: Vec<(UserStatus, i64)>,
    sessions: i64,
}

impl PeopleCounts {
    /// Registers what is known. Of a database that does not answer nothing is, and that is a number too.
    pub(super) async fn register(&self, ctx: &Context, registry: &mut Registry) {
        let counted = self.counted(ctx).await;
        let up: Gauge = Gauge::default();
        up.set(i64::from(counted.is_some()));
        registry.register("database_up", "Whether the database answered", up);
        let Some(counted) = counted else { return };
        let sessions: Gauge = Gauge::default();
        sessions.set(counted.sessions);
        registry.register("sessions_live", "Sessions that have not ended", sessions);
        let people: Gauges<1> = Gauges::default();
        for status in UserStatus::ALL {
            let found = counted.people.iter().find(|(of, _)| of == status);
            people
                .get_or_create(&[("status", status.to_string())])
                .set(found.map_or(0, |(_, count)| *count));
        }
        registry.register("people", "People by status", people);
    }

    async fn counted(&self, ctx: &Context) -> Option<Counted> {
        let mut kept = self.0.lock().await;
        if let Some((at, counted)) = &*kept
            && at.elapsed() < FRESH
        {
            return Some(counted.clone());
        }
        match count(ctx).await {
            Ok(counted) => {
                *kept = Some((Instant::now(), counted.clone()));
                Some(counted)
            }
            Err(error) => {
                tracing::warn!(
                    error = crate::cli::chain(&error),
                    "metrics: the database does not answer"
                );
                None
            }
        }
    }
}

async fn count(ctx: &Context) -> gateway_store::Result<Counted> {
    Ok(Counted {
        people: users::count_by_status(ctx.db()).await?,
        sessions: sessions::count_live(ctx.db(), ctx.now()).await?,
    })
}
