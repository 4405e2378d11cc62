//! The providers over real sockets of loopback.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops and says where"
)]

mod addresses;
mod aws;
mod fake;
mod faults;
mod headers;
mod tls;
mod tokens;
