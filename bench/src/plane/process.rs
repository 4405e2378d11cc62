//! Processes, and what the kernel says of them.

use std::{
    collections::BTreeSet,
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::Error;

/// The kernel counts in hundredths of a second, on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Where what is measured runs.
pub fn own_core() -> &'static str {
    "0"
}

/// Where load and mock run: another one, where there is one.
pub fn load_core() -> &'static str {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    if processors > 1 { "1" } else { "0" }
}

/// A process that ends with the value.
pub struct Process(Child);

impl Process {
    /// Starts a command on one processor.
    pub fn start(core: &str, command: &[String], log: fs::File) -> Result<Self, Error> {
        let child = Command::new("taskset")
            .args(["-c", core])
            .args(command)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self(child))
    }

    /// How long it and its children ran.
    pub fn cpu(&self) -> Duration {
        tree(self.0.id()).into_iter().map(cpu_of).sum()
    }

    /// What of it and its children is in memory.
    pub fn memory_mib(&self) -> f64 {
        let kib: u32 = tree(self.0.id()).into_iter().map(resident_kib).sum();
        f64::from(kib) / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// How long the processes of this name ran that this one started, directly or not.
pub fn cpu_of_named(name: &str) -> Duration {
    let all = tree(std::process::id());
    let named = all.into_iter().filter(|id| {
        let found = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        found.trim() == name
    });
    named.map(cpu_of).sum()
}

fn fields(id: u32) -> Option<Vec<String>> {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // A name may hold anything, a parenthesis too.
    let (_, rest) = line.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

/// A process and all below it.
fn tree(root: u32) -> BTreeSet<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = ids
        .filter_map(|id| Some((id, fields(id)?.get(1)?.parse().ok()?)))
        .collect();
    let mut found = BTreeSet::from([root]);
    loop {
        let known = found.len();
        let below = parents.iter().filter(|(_, parent)| found.contains(parent));
        let below: Vec<_> = below.map(|(id, _)| *id).collect();
        found.extend(below);
        if found.len() == known {
            return found;
        }
    }
}

/// With those of its children that it waited for.
fn cpu_of(id: u32) -> Duration {
    let fields = fields(id).unwrap_or_default();
    let ticks: u32 = fields
        .get(11..15)
        .unwrap_or_default()
        .iter()
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    TICK * ticks
}

fn resident_kib(id: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
