//! Asking: the wizard's questions on a terminal. Every shape is a small state
//! machine (`shapes`), so that Esc, Ctrl-C, redrawing and the width of the
//! terminal are each handled at one place for all of them (`person`).
//!
//! `dialoguer` gives the look (its theme). Its prompts are not used: they cannot
//! be left with Esc, leave the cursor hidden after Ctrl-C and break redraws on
//! narrow terminals.

#[cfg(unix)]
mod decode;
mod dumb;
mod editor;
mod keys;
mod look;
pub mod person;
mod shapes;

pub use person::{Nobody, Person};
