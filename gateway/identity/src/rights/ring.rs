//! The cached look-up.

use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use gateway_domain::{ApiKeySecret, TokenHash};
use gateway_store::api_keys;
use tokio::sync::Mutex;

use super::{
    KeyRefusal, Rights, Verdict,
    table::{Entry, Question, Table, place},
};
use crate::Context;

/// How many keys are remembered.
const KNOWN: usize = 16 * 1024;
/// How many secrets are remembered that are nobody's.
const STRANGERS: usize = 4 * 1024;
/// How many questions for known keys the database gets at a time.
const GATES: usize = 8;
/// The same for secrets never seen: whoever makes them up by the thousand must not keep the known ones waiting.
const STRANGERS_GATES: usize = 4;
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The keys that were used lately, with their rights. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    known: Table,
    strangers: Table,
    gates: [Gate; GATES],
    strangers_gates: [Gate; STRANGERS_GATES],
}

/// Whoever holds it asks the database; it says when that last failed.
type Gate = Mutex<Option<Instant>>;

impl Default for KeyRing {
    fn default() -> Self {
        Self::new()
    }
}

impl KeyRing {
    /// Knows no key yet.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            known: Table::new(KNOWN),
            strangers: Table::new(STRANGERS),
            gates: Default::default(),
            strangers_gates: Default::default(),
        }))
    }

    /// What the presented key may do now. Asks the database only when nothing remembered is good enough; of calls that
    /// need the same answer one asks.
    ///
    /// # Errors
    /// Why the key does not work. [`KeyRefusal::Unavailable`] when nobody knows: nothing is let through on old knowledge.
    pub async fn rights(
        &self,
        ctx: &Context,
        secret: &ApiKeySecret,
    ) -> Result<Arc<Rights>, KeyRefusal> {
        let question = Question {
            secret: secret.hash(),
            arrived: Instant::now(),
            generation: ctx.db().generation(),
        };
        let inner = &self.0;
        let known = inner.known.get(&question.secret);
        let gates: &[Gate] = match &known {
            Some(entry) if entry.answers(&question) => {
                if entry.is_aging(question.arrived) {
                    self.ask_anew(ctx, question.secret, entry);
                }
                return entry.says(ctx.now());
            }
            Some(_) => &inner.gates,
            None => &inner.strangers_gates,
        };
        match inner.strangers.get(&question.secret) {
            Some(entry) if entry.answers(&question) => entry.says(ctx.now()),
            _ => inner.ask_in_turn(ctx, &question, gates).await,
        }
    }

    /// Asks while the old answer still serves, so that nobody waits for it.
    fn ask_anew(&self, ctx: &Context, secret: TokenHash, old: &Arc<Entry>) {
        if old.is_asked_anew.swap(true, Ordering::Relaxed) {
            return;
        }
        let (inner, ctx, old) = (Arc::clone(&self.0), ctx.clone(), Arc::clone(old));
        tokio::spawn(async move {
            if inner.ask(&ctx, secret).await.is_err() {
                old.is_asked_anew.store(false, Ordering::Relaxed);
            }
        });
    }
}

impl Inner {
    async fn ask_in_turn(
        &self,
        ctx: &Context,
        question: &Question,
        gates: &[Gate],
    ) -> Result<Arc<Rights>, KeyRefusal> {
        let gate = &gates[place(&question.secret, gates.len())];
        let mut failed_at = gate.lock().await;
        let tables = [&self.known, &self.strangers].into_iter();
        let mut meanwhile = tables.filter_map(|table| table.get(&question.secret));
        if let Some(entry) = meanwhile.find(|entry| entry.answers(question)) {
            return entry.says(ctx.now());
        }
        // Those who queued up behind a failure do not each wait for their own.
        if failed_at.is_some_and(|at| at >= question.arrived) {
            return Err(KeyRefusal::Unavailable);
        }
        match self.ask(ctx, question.secret).await {
            Ok(entry) => entry.says(ctx.now()),
            Err(refusal) => {
                *failed_at = Some(Instant::now());
                Err(refusal)
            }
        }
    }

    /// Asks the database and remembers the answer.
    async fn ask(&self, ctx: &Context, secret: TokenHash) -> Result<Arc<Entry>, KeyRefusal> {
        // Both are read before the database is asked: the answer may be as old as this moment.
        let (asked, generation) = (Instant::now(), ctx.db().generation());
        let found = tokio::time::timeout(PATIENCE, api_keys::look_up(ctx.db(), &secret)).await;
        let holder = match found {
            Ok(Ok(holder)) => holder,
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(cause, "an API key cannot be checked: {error}");
                return Err(KeyRefusal::Unavailable);
            }
            Err(_) => {
                tracing::error!("an API key cannot be checked: the database does not answer");
                return Err(KeyRefusal::Unavailable);
            }
        };
        let entry = Arc::new(Entry {
            verdict: holder.map(Verdict::of),
            asked,
            generation,
            is_asked_anew: AtomicBool::new(false),
        });
        if entry.verdict.is_some() {
            self.known.put(secret, Arc::clone(&entry));
        } else {
            self.known.remove(&secret);
            self.strangers.put(secret, Arc::clone(&entry));
        }
        Ok(entry)
    }
}

impl Entry {
    fn says(&self, now: DateTime<Utc>) -> Result<Arc<Rights>, KeyRefusal> {
        self.verdict
            .as_ref()
            .map_or(Err(KeyRefusal::Unknown), |verdict| verdict.at(now))
    }
}
