//! HOW IT GOES. A run is one execution with its own folder: what was asked, the
//! plan, and a journal with an intent and an outcome for each effect.
//!
//! Not here: writing to the cluster (effects), printing (report), Rhai.

mod again;
pub mod ahead;
pub mod asking;
mod at_end;
mod begun;
pub mod call;
pub mod conductor;
pub mod detour;
mod entries;
pub mod event;
pub mod folder;
mod going;
pub mod halt;
pub mod id;
pub mod journal;
pub mod keeper;
pub mod loss;
mod lost;
mod lower;
mod made;
mod number;
mod objects;
pub mod pen;
pub mod places;
pub mod plan;
pub mod querying;
pub mod reads;
pub mod record;
pub mod rehearsal;
pub mod report;
pub mod review;
pub mod rights;
pub mod run;
pub mod said;
pub mod undo;
pub mod undoing;
pub mod unheard;
pub mod wait;
pub mod waits;
mod writing;
