//! Whether the objects of a recipe agree with one another. Pure rules, one file
//! for each kind of object that can disagree.

mod check;
mod references;
mod service;
mod set;

pub use check::{Finding, check, complete};
