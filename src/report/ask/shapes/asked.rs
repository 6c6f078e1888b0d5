//! What all shapes have in common.

use super::confirm::Confirm;
use super::hidden::Hidden;
use super::line::Line;
use super::pick::Pick;
use crate::report::ask::keys::Key;
use crate::report::ask::look::Look;
use crate::report::frame::{Size, View};
use crate::wizard::question::{Question, Reply, Shape};

/// What a key came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Stay,
    Done(Reply),
}

/// A question that stands.
pub trait Asked {
    fn key(&mut self, key: &Key) -> Next;

    /// How it looks now.
    fn view(&self, look: &Look, size: Size) -> View;

    /// The line that stays on the screen afterwards.
    fn answered(&self, look: &Look, reply: &Reply) -> String;
}

/// Starts a question of any shape.
pub fn start<'a>(question: &'a Question<'a>) -> Box<dyn Asked + 'a> {
    let (prompt, help) = (question.prompt, question.help);
    match &question.shape {
        Shape::Line { default, check } => Box::new(Line::new(prompt, help, default.as_deref(), *check)),
        Shape::Pick { choices, default } => Box::new(Pick::new(prompt, help, choices, *default)),
        Shape::Confirm { default } => Box::new(Confirm::new(prompt, help, *default)),
        Shape::Hidden => Box::new(Hidden::new(prompt, help)),
    }
}
