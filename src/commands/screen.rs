//! What a command needs of the outside: somebody to ask, somewhere to tell.
//! The spine implements it with the pieces of `report`; tests with a script.

use super::flags::Format;
use super::runbook::flags::PlanFormat;
use crate::error::Failure;
use crate::runs::event::{Event, Observer};
use crate::runs::plan::Plan;
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

    /// A line worth knowing, on standard error or among the events.
    fn tell(&self, line: &str) {
        self.event(Event::Note { text: line.to_owned() });
    }

    /// Something to think about before the next answer, at the same place.
    fn caution(&self, text: &str) {
        self.event(Event::Caution { text: text.to_owned() });
    }

    /// Text that the person at the terminal asked to see, on standard error. It
    /// may hold secrets and never becomes an event.
    fn show(&self, text: &str);

    /// A plan as the result of a command, on standard output.
    ///
    /// # Errors
    /// As `print`.
    fn plan(&self, plan: &Plan, format: Option<PlanFormat>) -> Result<(), Failure>;

    /// Labelled lines at the end, such as how to connect; on standard output.
    ///
    /// # Errors
    /// As `print`.
    fn labelled(&self, lines: &[(String, String)]) -> Result<(), Failure>;
}
