//! ResourceQuotas: what objects count for, and the check that lets them in.
//! Not here: the scope of volume attributes classes.

mod admit;
mod pods;
pub mod scopes;
pub mod usage;
