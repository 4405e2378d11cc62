//! Sections B and C of the catalogue: a sign-in belongs to one browser, works once, and cannot be mixed up.

mod binding;
mod errors;
mod mix_up;
