//! What is remembered of keys, by the hash of their secret.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicBool},
    time::{Duration, Instant},
};

use gateway_domain::TokenHash;

use super::Verdict;

/// Nothing older than this answers anybody.
const LONGEST: Duration = Duration::from_millis(900);
/// What is older than this is asked for anew while it still answers.
const AGING: Duration = Duration::from_millis(700);
/// A power of two.
const SHARDS: usize = 16;

/// An answer of the database.
pub(super) struct Entry {
    /// `None`: it knows no such secret.
    pub verdict: Option<Verdict>,
    /// When it was asked: the answer may be as old as that.
    pub asked: Instant,
    /// How many decisions this process had committed then.
    pub generation: u64,
    /// Whether somebody is asking anew.
    pub is_asked_anew: AtomicBool,
}

/// A call that wants to know.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub secret: TokenHash,
    pub arrived: Instant,
    /// How many decisions this process had committed when the call arrived: it must see all of them.
    pub generation: u64,
}

impl Entry {
    pub(super) fn answers(&self, question: &Question) -> bool {
        self.generation >= question.generation && self.age(question.arrived) <= LONGEST
    }

    pub(super) fn is_aging(&self, now: Instant) -> bool {
        self.age(now) > AGING
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.asked)
    }
}

/// A bounded number of entries.
pub(super) struct Table {
    shards: [RwLock<HashMap<TokenHash, Arc<Entry>>>; SHARDS],
    most: usize,
}

impl Table {
    /// For about so many entries.
    pub(super) fn new(most: usize) -> Self {
        Self {
            shards: Default::default(),
            most: most / SHARDS,
        }
    }

    pub(super) fn get(&self, secret: &TokenHash) -> Option<Arc<Entry>> {
        let shard = self.shard(secret).read();
        let shard = shard.unwrap_or_else(PoisonError::into_inner);
        shard.get(secret).cloned()
    }

    /// Keeps an entry, unless what is there was asked for later. In a full table only what can still answer is kept, and
    /// if that fills it the new one is not: it costs a question more.
    pub(super) fn put(&self, secret: TokenHash, entry: Arc<Entry>) {
        let shard = self.shard(&secret).write();
        let mut shard = shard.unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = shard.get_mut(&secret) {
            if held.asked <= entry.asked {
                *held = entry;
            }
            return;
        }
        if shard.len() >= self.most {
            let now = entry.asked;
            shard.retain(|_, held| held.age(now) <= LONGEST);
        }
        if shard.len() < self.most {
            shard.insert(secret, entry);
        }
    }

    pub(super) fn remove(&self, secret: &TokenHash) {
        let shard = self.shard(secret).write();
        shard.unwrap_or_else(PoisonError::into_inner).remove(secret);
    }

    fn shard(&self, secret: &TokenHash) -> &RwLock<HashMap<TokenHash, Arc<Entry>>> {
        &self.shards[place(secret, SHARDS)]
    }
}

/// A number below `places` that is always the same for a secret. A hash is as good as random.
pub(super) fn place(secret: &TokenHash, places: usize) -> usize {
    secret.as_bytes().first().copied().map_or(0, usize::from) % places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(asked: Instant, generation: u64) -> Arc<Entry> {
        Arc::new(Entry {
            verdict: None,
            asked,
            generation,
            is_asked_anew: AtomicBool::new(false),
        })
    }

    fn secret(number: u32) -> TokenHash {
        TokenHash::of(&number.to_be_bytes())
    }

    #[test]
    fn an_answer_is_good_until_a_decision_and_for_less_than_a_second() {
        let asked = Instant::now();
        let entry = entry(asked, 5);
        let at = |milliseconds, generation| Question {
            secret: secret(1),
            arrived: asked + Duration::from_millis(milliseconds),
            generation,
        };
        assert!(entry.answers(&at(0, 5)));
        assert!(entry.answers(&at(900, 5)));
        assert!(!entry.answers(&at(901, 5)));
        assert!(!entry.answers(&at(0, 6)), "a decision came in between");
        assert!(!entry.is_aging(asked + Duration::from_millis(700)));
        assert!(entry.is_aging(asked + Duration::from_millis(701)));
    }

    #[test]
    fn a_table_does_not_grow_and_forgets_what_is_of_no_use() {
        let table = Table::new(32);
        let began = Instant::now();
        let count = || {
            let shards = table.shards.iter();
            shards
                .map(|shard| shard.read().unwrap().len())
                .sum::<usize>()
        };
        for number in 0..10_000 {
            table.put(secret(number), entry(began, 0));
        }
        assert!(count() <= 32, "{}", count());
        let later = began + Duration::from_secs(2);
        for number in 10_000..20_000 {
            table.put(secret(number), entry(later, 0));
        }
        let shards = table.shards.iter();
        let old = shards.filter(|shard| {
            let shard = shard.read().unwrap();
            shard.values().any(|entry| entry.asked == began)
        });
        assert_eq!(old.count(), 0);
    }

    #[test]
    fn a_late_answer_does_not_replace_a_later_one() {
        let table = Table::new(32);
        let began = Instant::now();
        let later = began + Duration::from_millis(1);
        table.put(secret(1), entry(later, 2));
        table.put(secret(1), entry(began, 1));
        assert_eq!(table.get(&secret(1)).unwrap().generation, 2);
    }
}
