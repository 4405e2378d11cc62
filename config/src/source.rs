//! From text to typed values: everything that knows YAML and nothing that knows the gateway.
//!
//! [`yaml`] makes a tree in which everything knows its place, [`Section`] and [`Field`] read it key by key, and the
//! [`Reader`] behind them collects what is wrong, so that one run tells all of it.

mod field;
mod form;
mod reader;
mod scalar;
mod section;
mod suggest;
pub(crate) mod yaml;

pub(crate) use field::Field;
pub(crate) use reader::{Reader, Spot};
pub(crate) use section::Section;
pub(crate) use suggest::{did_you_mean, quoted};
