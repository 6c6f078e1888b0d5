//! Whether the objects of a recipe agree with one another, and a set with what
//! is around it. Pure rules, one file for each kind of object that can disagree.

mod around;
mod check;
mod references;
mod service;
mod set;

pub use around::{around, wanted};
pub use check::{Finding, check, complete};
