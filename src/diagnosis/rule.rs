//! A rule: its code, where it comes from, and the function that looks.

use super::finding::{Finding, Severity, Spot};
use super::form::Fault;
use super::manifests::{BrokenPiece, Document, Manifests};
use super::sight::{Member, Sight};
use crate::facts::inventory::Scene;
use crate::facts::surroundings::Surroundings;
use crate::objects::placed::{Entry, Place, Placed};

/// One rule. Its code is the name of its file and of its page.
#[derive(Debug)]
pub struct Rule {
    pub code: &'static str,
    pub severity: Severity,
    /// Ids of the reference, such as `S1-e2` or `SS-65`.
    pub sources: &'static [&'static str],
    /// One line for the list of rules.
    pub summary: &'static str,
    /// What `explain` prints, as Markdown.
    pub page: &'static str,
    pub checks: &'static [Check],
}

/// What a rule looks at.
#[derive(Debug)]
pub enum Check {
    /// The text of a document that is not YAML. The first rule that has
    /// something to say about it is the only one.
    Text(fn(&BrokenPiece) -> Option<Finding>),
    /// All manifests of the input together.
    Files(fn(&Manifests) -> Vec<Finding>),
    /// The same, asked when all others have been, with what they found.
    Rest(fn(&Manifests, &[Finding]) -> Vec<Finding>),
    /// What has not the form of the schema, in one document: each fault of it.
    Form(fn(&Document, &Fault<'_>) -> Option<Finding>),
    /// One live set with all that is around it.
    Live(fn(&Sight<'_>) -> Vec<Finding>),
    /// The same, for `doctor` alone: what `status` shows by other means, or
    /// what does not belong to the first questions of the night.
    Deep(fn(&Sight<'_>) -> Vec<Finding>),
    /// What a namespace holds that no set of it has, for `doctor` of whole namespaces.
    Namespace(fn(&Scene<'_>, &Surroundings) -> Vec<Finding>),
    /// The same as `Live`, asked where nothing else was found about a member.
    LastResort(fn(&Member<'_>, &Sight<'_>) -> Option<Finding>),
}

impl Rule {
    /// A finding of this rule, to be filled.
    #[must_use]
    pub fn finding(&self, message: impl Into<String>) -> Finding {
        Finding {
            code: self.code,
            severity: self.severity,
            namespace: None,
            object: None,
            spot: None,
            message: message.into(),
            evidence: Vec::new(),
            cause: String::new(),
            remedy: String::new(),
            command: None,
            member: None,
        }
    }

    /// About a live set as a whole.
    #[must_use]
    pub fn of_set(&self, sight: &Sight<'_>, message: impl Into<String>) -> Finding {
        self.finding(message).about(format!("StatefulSet/{}", sight.set().meta.name))
    }

    /// About a member of a live set.
    #[must_use]
    pub fn of_member(&self, member: &Member<'_>, message: impl Into<String>) -> Finding {
        let name = &member.row.name;
        Finding { member: Some(name.clone()), ..self.finding(message).about(format!("Pod/{name}")) }
    }

    /// About a value in a document.
    #[must_use]
    pub fn at(&self, document: &Document, value: &Placed, message: impl Into<String>) -> Finding {
        self.at_place(document, value.place, message)
    }

    /// About a key in a document.
    #[must_use]
    pub fn at_key(&self, document: &Document, entry: &Entry, message: impl Into<String>) -> Finding {
        self.at_place(document, entry.place, message)
    }

    /// About a document as a whole: points at its `kind`.
    #[must_use]
    pub fn on(&self, document: &Document, message: impl Into<String>) -> Finding {
        let place = document.root.entry("kind").map_or(document.root.place, |entry| entry.place);
        self.at_place(document, place, message)
    }

    fn at_place(&self, document: &Document, place: Place, message: impl Into<String>) -> Finding {
        let spot = document.source.spot(place.line, place.column, document.hides(place.line));
        Finding { object: Some(document.title()), spot: Some(spot), ..self.finding(message) }
    }

    /// At a place of a text that could not be read.
    #[must_use]
    pub fn in_text(&self, broken: &BrokenPiece, line: u64, column: u64, message: impl Into<String>) -> Finding {
        let spot: Spot = broken.piece.source.spot(line, column, broken.piece.may_be_secret());
        Finding { spot: Some(spot), ..self.finding(message) }
    }
}
