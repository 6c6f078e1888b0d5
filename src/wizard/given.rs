//! What was given in one place, the command line or an answers file: the
//! answers that fit and, of all others, why they do not. Nothing stops at the
//! first mistake, so that a person learns of all at once.

use std::collections::BTreeSet;

use super::check::{Invalid, unknown};
use super::declaration::fits;
use super::parameter::{Answer, Answers, Parameter};
use super::question::Lookup;

/// Checked answers, and the mistakes beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    pub answers: Answers,
    pub wrong: Vec<Wrong>,
}

/// One answer that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The parameter's name; a word that names none stands as it was given.
    pub parameter: String,
    pub why: Invalid,
}

impl From<Answers> for Given {
    fn from(answers: Answers) -> Self {
        Self { answers, wrong: Vec::new() }
    }
}

impl Given {
    /// Notes a mistake in the answer to `parameter`.
    pub fn wrong(&mut self, parameter: &str, why: Invalid) {
        self.wrong.push(Wrong { parameter: parameter.to_owned(), why });
    }

    /// These, and of `others` what is not among them. Mistakes of both stay.
    #[must_use]
    pub fn over(mut self, others: Self) -> Self {
        let mut answers = others.answers;
        answers.append(&mut self.answers);
        Self { answers, wrong: others.wrong.into_iter().chain(self.wrong).collect() }
    }

    /// Whether something was given for the parameter, be it wrong.
    #[must_use]
    pub fn has(&self, parameter: &str) -> bool {
        self.answers.contains_key(parameter) || self.is_wrong(parameter)
    }

    pub(super) fn is_wrong(&self, parameter: &str) -> bool {
        self.wrong.iter().any(|wrong| wrong.parameter == parameter)
    }

    /// The same, with types and with names that the cluster would have to know
    /// looked at.
    #[must_use]
    pub(super) fn checked(self, parameters: &[Parameter], lookup: &dyn Lookup) -> Self {
        let mut checked = Self { answers: Answers::new(), wrong: self.wrong };
        for (name, answer) in self.answers {
            let Some(parameter) = parameters.iter().find(|known| known.name == name) else {
                checked.wrong(&name, Invalid::new(&name, "there is no such parameter"));
                continue;
            };
            match usable(parameter, &answer, lookup) {
                Ok(()) => drop(checked.answers.insert(name, answer)),
                Err(reason) => checked.wrong(&name, Invalid::new(parameter.flag(), reason)),
            }
        }
        checked.in_order(parameters)
    }

    /// Mistakes as the parameters are declared, those about none of them first.
    fn in_order(mut self, parameters: &[Parameter]) -> Self {
        let place = |wrong: &Wrong| parameters.iter().position(|known| known.name == wrong.parameter);
        self.wrong.sort_by_key(place);
        let mut seen = BTreeSet::new();
        self.wrong.retain(|wrong| seen.insert(wrong.why.to_string()));
        self
    }
}

fn usable(parameter: &Parameter, answer: &Answer, lookup: &dyn Lookup) -> Result<(), String> {
    let Answer::Text(text) = answer else { return fits(&parameter.kind, answer) };
    if text.is_empty() && parameter.optional {
        return Ok(());
    }
    fits(&parameter.kind, answer)?;
    let Some(live) = parameter.kind.must_exist().filter(|_| !text.is_empty()) else { return Ok(()) };
    let known = lookup.choices(live);
    let values = known.iter().map(|choice| choice.value.as_str()).filter(|value| !value.is_empty());
    if values.clone().next().is_some() && !values.clone().any(|value| value == text) {
        return Err(unknown(text, values));
    }
    Ok(())
}
