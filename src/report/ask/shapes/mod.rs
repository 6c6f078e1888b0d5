//! The shapes of questions as state machines: a key goes in, a view comes out.
//!
//! Not here: reading keys, drawing, and leaving a question with Esc or Ctrl-C,
//! which are the same for all shapes.

mod asked;
mod confirm;
mod hidden;
mod layout;
mod line;
mod pick;

pub use asked::{Next, start};
pub use hidden::Twice;
pub use pick::rows;
