//! Sections G and H of the catalogue: who a verified identity is here, and what becomes of strangers.

mod jit;
mod linking;
