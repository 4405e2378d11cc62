//! A call of a model from its key to the ledger.
//!
//! [`Plane::call`] takes a call as it came, finds out who calls and what they may, tries the model's routes one after
//! another and hands back an answer that writes its own rows when it is over, however it ends. It knows nothing of
//! routers; the server's `/v1` and the pages ask here.

mod ask;
mod attempt;
mod call;
mod failure;
mod health;
mod keys;
mod labels;
mod lens;
mod list;
mod models;
mod payload;
mod plane;
mod price;
mod refusal;
mod reply;
mod routes;
mod run;
mod same;
pub mod status;
mod stream;
mod tally;
mod ticket;

pub use call::{ClientCall, LONGEST};
pub use list::surface_of;
pub use plane::Plane;
pub use refusal::Refusal;
pub use reply::{Reply, ReplyBody};
pub use same::same_provider;
pub use tally::{Sum, Tally};
