//! The `gateway` program.

use std::process::ExitCode;

/// A call makes many small allocations on several threads: what the system's allocator spends on them is a tenth of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gateway::cli::main()
}
