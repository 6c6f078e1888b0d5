//! What a command needs of the outside: somebody to ask, somewhere to tell.
//! The spine implements it with the pieces of `report`; tests with a script.

use super::flags::Format;
use crate::error::Failure;
use crate::runs::event::Observer;
use crate::runs::review::Review;
use crate::wizard::question::Ask;

/// The terminal, or what stands in for it.
pub trait Screen: Ask + Observer {
    /// Text for standard output: what can be piped. A reader who has gone away
    /// (`| head`) has seen enough; that is no error, here and below.
    ///
    /// # Errors
    /// The output cannot be written, as on a full disk.
    fn print(&self, text: &str) -> Result<(), Failure>;

    /// A finished document (`-o`), for standard output: byte for byte into
    /// pipes and files.
    ///
    /// # Errors
    /// As `print`.
    fn document(&self, text: &str, format: Format) -> Result<(), Failure>;

    /// One line for people, on standard error.
    fn tell(&self, line: &str);

    /// What is about to happen.
    fn review(&self, review: &Review);

    /// Labelled lines at the end, such as how to connect; on standard output.
    ///
    /// # Errors
    /// As `print`.
    fn labelled(&self, lines: &[(String, String)]) -> Result<(), Failure>;
}
