//! How long work is followed: a status line with finished lines above it on a
//! terminal, plain lines elsewhere, JSON lines for programs.
//!
//! Not here: what happens (`runs` emits the events) and how it ends (failures,
//! the connection lines).

pub mod display;
pub mod jsonl;
pub mod observers;
pub mod wording;
