//! HOW IT GOES. A run is one execution with its own folder: what was asked, the
//! plan, and a journal with an intent and an outcome for each effect.
//!
//! Not here: writing to the cluster (effects), printing (report), Rhai.

pub mod event;
pub mod id;
pub mod journal;
pub mod places;
pub mod review;
pub mod run;
pub mod wait;
