//! The data plane beside nginx: both proxy to the same mock upstream, loaded in the same run.
//!
//! Everything is a process of its own. What is measured is held to one processor, the load and the mock to another, so that
//! requests a second are those of one core; processor time is the kernel's count for the process and its children.

mod load;
mod mock;
mod process;
mod targets;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    Error,
    database::Kind,
    plane::{
        load::Load,
        process::{Process, load_core},
        targets::Target,
    },
    table::{Table, ms, number},
};

pub use load::run as run_load;
pub use mock::run as run_mock;

/// What is asked for, over so many connections.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    stream: bool,
    connections: usize,
}

const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "JSON, 1 connection",
        stream: false,
        connections: 1,
    },
    Scenario {
        name: "JSON, 16 connections",
        stream: false,
        connections: 16,
    },
    Scenario {
        name: "JSON, 64 connections",
        stream: false,
        connections: 64,
    },
    Scenario {
        name: "streams of 50 chunks, 16 connections",
        stream: true,
        connections: 16,
    },
    Scenario {
        name: "streams of 50 chunks, 64 connections",
        stream: true,
        connections: 64,
    },
];

/// What one run of a scenario came to.
struct Measured {
    load: Load,
    cpu: Duration,
    database_cpu: Duration,
    memory_mib: f64,
}

/// How long and how often.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Of each run.
    pub time: Duration,
    /// Of which the middle one counts.
    pub rounds: usize,
    /// Of load without a pause, with the memory read along the way; none: left out.
    pub soak: Option<Duration>,
}

/// Measures and prints.
pub async fn measure(kinds: &[Kind], folder: Option<&Path>, effort: Effort) -> Result<(), Error> {
    let scratch = targets::Scratch::new(folder)?;
    let mock = mock::start(&scratch)?;
    let mut all = vec![Target::direct(&mock)];
    match Target::nginx(&mock, &scratch) {
        Ok(nginx) => all.push(nginx),
        Err(error) => println!("\nWithout nginx ({error}): no ratios."),
    }
    for &kind in kinds {
        match Target::gateway(&mock, &scratch, kind).await? {
            Some(gateway) => all.push(gateway),
            None => println!("\n{kind} is not measured: no server can be had."),
        }
    }
    println!("\n## Data plane\n\nIdle: {}", idle(&all));
    for scenario in SCENARIOS {
        table(scenario, &all, effort)?;
    }
    if let Some(time) = effort.soak {
        soak(&all, time)?;
    }
    for target in &all {
        target.settle().await?;
    }
    Ok(())
}

fn idle(targets: &[Target]) -> String {
    let one = |target: &Target| {
        let memory = target.process.as_ref()?.memory_mib();
        Some(format!("{} {} MiB", target.name, number(memory)))
    };
    let all: Vec<_> = targets.iter().filter_map(one).collect();
    all.join(", ")
}

fn table(scenario: Scenario, targets: &[Target], effort: Effort) -> Result<(), Error> {
    let mut runs: Vec<Vec<Measured>> = targets.iter().map(|_| Vec::new()).collect();
    // Every round visits every target, so that a slow minute of the machine falls on all of them.
    for _ in 0..effort.rounds {
        for (target, runs) in targets.iter().zip(&mut runs) {
            runs.push(run(scenario, target, effort.time)?);
        }
    }
    let middles: Vec<Measured> = runs.into_iter().filter_map(middle).collect();
    let of = |name: &str| {
        let found = targets.iter().position(|target| target.name == name);
        found.and_then(|at| middles.get(at))
    };
    let nginx = of("nginx").map(Measured::cpu_ms);
    let direct = of("direct").map(|direct| direct.load.p50);
    let mut table = Table::new([
        "",
        "a second",
        "p50 ms",
        "p99 ms",
        "first byte p50 ms",
        "added p50 ms",
        "CPU s per 1,000",
        "× nginx",
        "database CPU s",
        "MiB",
        "failed",
    ]);
    for (target, run) in targets.iter().zip(&middles) {
        let has_process = target.process.is_some();
        let shown = |text: String| if has_process { text } else { "–".to_owned() };
        let added = direct.map_or(0.0, |direct| run.load.p50 - direct);
        table.row([
            target.name.clone(),
            number(run.load.rate()),
            ms(run.load.p50),
            ms(run.load.p99),
            ms(run.load.first_p50),
            ms(added),
            shown(format!("{:.3}", run.cpu_ms())),
            shown(number(nginx.map_or(0.0, |nginx| run.cpu_ms() / nginx))),
            shown(number(run.per_thousand(run.database_cpu))),
            shown(number(run.memory_mib)),
            run.load.failed.to_string(),
        ]);
    }
    table.print(scenario.name);
    Ok(())
}

impl Measured {
    fn per_thousand(&self, time: Duration) -> f64 {
        let thousands = f64::from(self.load.done.max(1)) / 1e3;
        time.as_secs_f64() / thousands
    }

    /// Milliseconds a request, which are seconds a thousand.
    fn cpu_ms(&self) -> f64 {
        self.per_thousand(self.cpu)
    }
}

/// The run whose cost lies in the middle.
fn middle(mut runs: Vec<Measured>) -> Option<Measured> {
    runs.sort_by(|one, other| one.cpu_ms().total_cmp(&other.cpu_ms()));
    let at = runs.len() / 2;
    (at < runs.len()).then(|| runs.swap_remove(at))
}

fn run(scenario: Scenario, target: &Target, time: Duration) -> Result<Measured, Error> {
    let process = target.process.as_ref();
    let cpu = || process.map_or(Duration::ZERO, Process::cpu);
    // Connections, caches and code paths are warm before anything counts.
    load::over(target, scenario.stream, scenario.connections, time / 4)?;
    let (before, database_before) = (cpu(), target.database_cpu());
    let load = load::over(target, scenario.stream, scenario.connections, time)?;
    // What is still written down after the last answer belongs to the cost.
    std::thread::sleep(Duration::from_millis(600));
    Ok(Measured {
        load,
        cpu: cpu().saturating_sub(before),
        database_cpu: target.database_cpu().saturating_sub(database_before),
        memory_mib: process.map_or(0.0, Process::memory_mib),
    })
}

/// Load without a pause; whether memory grows.
fn soak(targets: &[Target], time: Duration) -> Result<(), Error> {
    let mut table = Table::new(["", "after", "requests", "MiB"]);
    for target in targets {
        let (Some(process), false) = (&target.process, target.name == "nginx") else {
            continue;
        };
        let begun = Instant::now();
        let mut requests = 0;
        while begun.elapsed() < time {
            let step = time / 5;
            requests += load::over(target, false, 16, step / 2)?.done;
            requests += load::over(target, true, 16, step / 2)?.done;
            table.row([
                target.name.clone(),
                format!("{} s", begun.elapsed().as_secs()),
                requests.to_string(),
                number(process.memory_mib()),
            ]);
        }
    }
    table.print("memory under load");
    println!("\nLoad and mock ran on processor {}.", load_core());
    Ok(())
}
