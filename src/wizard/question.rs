//! One question as data, and the two seams of the wizard: who asks, and who
//! knows what is in the cluster.

use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, ready};

use super::parameter::{Choice, Live};

/// One question to a person.
pub struct Question<'a> {
    pub prompt: &'a str,
    pub help: &'a str,
    pub shape: Shape<'a>,
}

/// How a question is answered.
pub enum Shape<'a> {
    /// A line of text; `check` says what is wrong with an answer. An empty
    /// default means that the answer may be left out.
    Line {
        default: Option<String>,
        check: &'a dyn Fn(&str) -> Result<(), String>,
    },
    /// One of several; the result is the value of the choice.
    Pick {
        choices: &'a [Choice],
        default: usize,
    },
    Confirm {
        default: bool,
    },
    /// Typed without echo, twice.
    Hidden,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Text(String),
    Picked(usize),
    Yes(bool),
}

/// Esc or Ctrl-C at a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("abandoned at a question")]
pub struct Abandoned;

/// A question that stands while other things go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    pub prompt: String,
    pub help: String,
    /// A line of text, or else yes or no.
    pub is_line: bool,
}

impl Aside {
    #[must_use]
    pub fn question(&self) -> Question<'_> {
        let shape = if self.is_line {
            Shape::Line { default: None, check: &anything }
        } else {
            Shape::Confirm { default: false }
        };
        Question { prompt: &self.prompt, help: &self.help, shape }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what checks a line")]
fn anything(_: &str) -> Result<(), String> {
    Ok(())
}

/// Asks questions. `report` implements it on a terminal.
pub trait Ask {
    /// Whether somebody is there to be asked.
    fn can_ask(&self) -> bool;

    /// # Errors
    /// `Abandoned` when the person pressed Esc or Ctrl-C.
    fn ask(&self, question: &Question<'_>) -> Result<Reply, Abandoned>;

    /// The same while whoever waits for the answer does something else; at once
    /// where nobody is there to think about it.
    fn ask_aside(&self, question: Aside) -> LocalBoxFuture<'_, Result<Reply, Abandoned>> {
        ready(self.ask(&question.question())).boxed_local()
    }
}

/// Knows the cluster as it is: the answers that exist for a type.
pub trait Lookup {
    /// Existing classes, namespaces, nodes; empty when they could not be read.
    fn choices(&self, of: Live) -> Vec<Choice>;

    /// The class that a claim without one gets; `None` if there is none, or
    /// none could be read.
    fn default_class(&self) -> Option<String> {
        None
    }
}
