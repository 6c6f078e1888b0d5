//! HOW IT GOES. A run is one execution with its own folder: what was asked, the
//! plan, and a journal with an intent and an outcome for each effect.
//!
//! Not here: writing to the cluster (effects), printing (report), Rhai.

pub mod call;
pub mod conductor;
pub mod event;
pub mod folder;
pub mod halt;
pub mod id;
pub mod journal;
pub mod keeper;
pub mod places;
pub mod plan;
pub mod reads;
pub mod record;
pub mod review;
pub mod run;
pub mod undo;
pub mod wait;
pub mod waits;
