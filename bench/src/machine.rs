//! What it was measured on.

use std::{fs, path::Path, thread};

use crate::Error;

/// Prints the machine, and how busy it is with other things.
pub fn print(folder: Option<&Path>) -> Result<(), Error> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = after(&cpuinfo, "model name").unwrap_or("unknown");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("# gateway-bench {}\n", env!("CARGO_PKG_VERSION"));
    println!(
        "- processors: {} × {model}",
        thread::available_parallelism()?
    );
    println!(
        "- memory: {}",
        after(&memory, "MemTotal").unwrap_or("unknown")
    );
    println!("- Linux {}", kernel.trim());
    println!("- load before the run: {}", load.trim());
    if cfg!(debug_assertions) {
        println!("- A DEBUG BUILD: the numbers mean nothing; use --release");
    }
    let disk = match folder {
        Some(folder) => format!("SQLite's files in {}", folder.display()),
        None => {
            "SQLite's files in memory, PostgreSQL without fsync: no disk is waited for".to_owned()
        }
    };
    println!("- {disk}");
    Ok(())
}

fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}
