//! Sections E and F of the catalogue: discovery, the network, and faults of the provider's endpoints.

mod discovery;
mod endpoints;
mod guard;
mod slow;
mod tls;
mod unlisted;
