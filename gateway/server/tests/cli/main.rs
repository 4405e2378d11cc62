//! The program as its users meet it: arguments in, text and exit codes out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admin;
mod audit;
mod calls;
mod check;
mod demo;
mod key;
mod process;
mod proxy;
mod serve;
