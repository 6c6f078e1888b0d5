//! What the tests of this room share: short declarations, a person who
//! answers from a list, and a cluster with known names.

use std::cell::RefCell;

use super::parameter::{Choice, Live, Parameter, Type};
use super::question::{Abandoned, Ask, Lookup, Question, Reply, Shape};

/// A required parameter without default.
pub fn parameter(name: &str, kind: Type) -> Parameter {
    Parameter::new(name, kind, &format!("The {name}"), &format!("Says the {name}."))
}

/// Replies in order; what it was asked is kept.
#[derive(Default)]
pub struct Person {
    replies: RefCell<Vec<&'static str>>,
    pub asked: RefCell<Vec<String>>,
    /// What Enter would have taken at each line of text.
    pub defaults: RefCell<Vec<Option<String>>>,
    absent: bool,
}

impl Person {
    pub fn nobody() -> Self {
        Self { absent: true, ..Self::default() }
    }

    /// `""` takes the default, `"esc"` abandons, a choice is picked by value.
    pub fn saying(replies: &[&'static str]) -> Self {
        Self { replies: RefCell::new(replies.iter().rev().copied().collect()), ..Self::default() }
    }
}

impl Ask for Person {
    fn can_ask(&self) -> bool {
        !self.absent
    }

    fn ask(&self, question: &Question<'_>) -> Result<Reply, Abandoned> {
        self.asked.borrow_mut().push(question.prompt.to_owned());
        let said = self.replies.borrow_mut().pop().unwrap_or_else(|| panic!("no reply to: {}", question.prompt));
        if said == "esc" {
            return Err(Abandoned);
        }
        Ok(match &question.shape {
            Shape::Line { default, check } => {
                self.defaults.borrow_mut().push(default.clone());
                let text = if said.is_empty() { default.clone().unwrap_or_default() } else { said.to_owned() };
                if let Err(reason) = check(&text) {
                    panic!("`{text}` refused at {}: {reason}", question.prompt);
                }
                Reply::Text(text)
            }
            Shape::Pick { choices, default } if said.is_empty() => {
                assert!(*default < choices.len());
                Reply::Picked(*default)
            }
            Shape::Pick { choices, .. } => Reply::Picked(
                choices.iter().position(|choice| choice.value == said).unwrap_or_else(|| panic!("no choice {said}")),
            ),
            Shape::Confirm { default } => Reply::Yes(if said.is_empty() { *default } else { said == "yes" }),
            Shape::Hidden => Reply::Text(said.to_owned()),
        })
    }
}

/// Knows two classes and two nodes.
pub struct Cluster;

impl Lookup for Cluster {
    fn choices(&self, of: Live) -> Vec<Choice> {
        let names: &[&str] = match of {
            Live::StorageClass => &["standard", "fast-ssd"],
            Live::Node => &["node-a", "node-b"],
            Live::Namespace | Live::StatefulSet => &[],
        };
        names.iter().map(|name| Choice { value: (*name).to_owned(), label: String::new() }).collect()
    }

    fn default_class(&self) -> Option<String> {
        Some("standard".to_owned())
    }
}

/// Could not read anything.
pub struct Dark;

impl Lookup for Dark {
    fn choices(&self, _: Live) -> Vec<Choice> {
        Vec::new()
    }
}
