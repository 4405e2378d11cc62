//! Whose work the processors did: by the names of threads, and by child processes.
//!
//! The kernel keeps the time that each thread ran, whatever else the machine is busy with (`proc_pid_stat(5)`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, process,
    time::Duration,
};

use crate::{Error, stage};

/// The kernel counts in hundredths of a second, on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Who worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    Gateway,
    /// SQLite's threads in this process, or the PostgreSQL server that this process started.
    Database,
    Provider,
    Client,
    Other,
}

/// How long each worked.
#[derive(Clone, Debug, Default)]
pub struct Cpu(BTreeMap<Share, Duration>);

impl Cpu {
    pub fn of(&self, share: Share) -> Duration {
        self.0.get(&share).copied().unwrap_or_default()
    }

    /// What the gateway answers for: its own work and its database's.
    pub fn ours(&self) -> Duration {
        self.of(Share::Gateway) + self.of(Share::Database)
    }
}

/// How long every thread ran so far.
pub struct Snapshot(BTreeMap<u32, (Share, u32)>);

impl Snapshot {
    pub fn take() -> Result<Self, Error> {
        let mut seen = BTreeMap::new();
        for entry in fs::read_dir("/proc/self/task")? {
            // A thread may end while we look.
            if let Ok(stat) = fs::read_to_string(entry?.path().join("stat"))
                && let Some(stat) = Stat::parse(&stat)
            {
                seen.insert(stat.id, (share(stat.name), stat.ticks));
            }
        }
        for (id, ticks) in children()? {
            seen.insert(id, (Share::Database, ticks));
        }
        Ok(Self(seen))
    }

    /// What was done since an earlier one.
    pub fn since(&self, earlier: &Self) -> Cpu {
        let mut cpu = Cpu::default();
        for (id, (share, ticks)) in &self.0 {
            let before = earlier.0.get(id).map_or(0, |(_, ticks)| *ticks);
            *cpu.0.entry(*share).or_default() += TICK * ticks.saturating_sub(before);
        }
        cpu
    }
}

fn share(thread: &str) -> Share {
    match thread {
        stage::GATEWAY => Share::Gateway,
        stage::PROVIDER => Share::Provider,
        stage::CLIENT => Share::Client,
        name if name.starts_with("sqlx-sqlite") => Share::Database,
        _ => Share::Other,
    }
}

/// A line of `proc_pid_stat(5)`.
struct Stat<'a> {
    id: u32,
    name: &'a str,
    parent: u32,
    ticks: u32,
}

impl<'a> Stat<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (id, rest) = line.split_once(" (")?;
        // A name may hold anything, a parenthesis too.
        let (name, rest) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u32>().ok();
        Some(Self {
            id: id.parse().ok()?,
            name,
            parent: field(4)?,
            ticks: field(14)? + field(15)?,
        })
    }
}

/// The processes that this one started, and theirs: a PostgreSQL server of the test kit, one thread each.
fn children() -> Result<Vec<(u32, u32)>, Error> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path().join("stat");
        if let Ok(text) = fs::read_to_string(path)
            && let Some(stat) = Stat::parse(&text)
        {
            all.push((stat.id, stat.parent, stat.ticks));
        }
    }
    let mut ours = BTreeSet::from([process::id()]);
    loop {
        let known = ours.len();
        let children = all.iter().filter(|(_, parent, _)| ours.contains(parent));
        let children: Vec<u32> = children.map(|(id, ..)| *id).collect();
        ours.extend(children);
        if ours.len() == known {
            break;
        }
    }
    ours.remove(&process::id());
    let found = all.into_iter().filter(|(id, ..)| ours.contains(id));
    Ok(found.map(|(id, _, ticks)| (id, ticks)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_an_odd_name_is_read() {
        let line = "42 (a) b (c) S 7 3 3 0 -1 4 122 0 0 0 5 6 0 0 20 0 1 0 37 31";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.id, stat.name), (42, "a) b (c"));
        assert_eq!((stat.parent, stat.ticks), (7, 11));
    }

    #[test]
    fn work_is_counted() {
        let before = Snapshot::take().unwrap();
        let mut sum = 0_u64;
        for number in 0..200_000_000_u64 {
            sum = std::hint::black_box(sum ^ number);
        }
        let cpu = Snapshot::take().unwrap().since(&before);
        assert!(cpu.of(Share::Other) > Duration::ZERO, "{sum}");
    }
}
