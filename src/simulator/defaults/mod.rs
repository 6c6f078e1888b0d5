//! What the server fills in where a manifest says nothing, as version 1.36
//! does it (compared with a real server).

mod choose;
mod containers;
mod disks;
mod kinds;
mod others;
mod pods;

pub use choose::apply;
pub use kinds::max_unavailable;
