//! WHAT IS SEEN. The only room that prints or asks. Every string from the
//! cluster goes through `escape` on its way out.
//!
//! Not here: reading or changing anything.

pub mod ask;
#[cfg(test)]
mod captured;
pub mod connection;
pub mod duration;
pub mod escape;
pub mod failure;
pub mod findings;
pub mod frame;
pub mod output;
pub mod plan;
pub mod progress;
pub mod review;
pub mod run;
pub mod status;
pub mod style;
pub mod terminal;
pub mod watched;
pub mod wrap;
