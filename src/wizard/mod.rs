//! WHAT IS ANSWERED. A parameter is declared once and gives its flag, prompt,
//! validation, completion, line in the answers file and row in the reference.
//!
//! Not here: printing and asking (a `report` implements `Ask`), calls to the
//! cluster (a `Lookup` is handed in), Rhai.

pub mod answers_file;
pub mod check;
pub mod create;
pub mod declaration;
pub mod equivalent;
pub mod flags;
pub mod given;
pub mod parameter;
mod prompt;
pub mod question;
pub mod reference;
pub mod resolve;
#[cfg(test)]
mod samples;
pub mod secret;
