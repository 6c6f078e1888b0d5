//! Answers that cannot be used or are not there, told all in one failure with
//! the sentences that explain the questions.

use crate::error::Failure;
use crate::wizard::answers_file::AnswersFileError;
use crate::wizard::check::Invalid;
use crate::wizard::given::Given;
use crate::wizard::parameter::Parameter;
use crate::wizard::resolve::told;

/// All that is wrong and all that is missing; `otherwise` says how what is missing
/// can be given, where nobody can be asked for it.
pub fn answers(
    wrong: &[Invalid],
    missing: &[String],
    otherwise: Option<&str>,
    parameters: &[Parameter],
    verb: [&str; 2],
) -> Failure {
    let text = told(wrong, missing);
    let several = wrong.len() + usize::from(!missing.is_empty()) > 1;
    let message = if several { format!("these answers do not do:\n  {}", text.replace('\n', "\n  ")) } else { text };
    let mut failure = Failure::usage(if wrong.is_empty() { "missing-answers" } else { "bad-answer" }, message);
    for why in wrong {
        let asked = parameters.iter().find(|parameter| parameter.flag() == why.at || parameter.key() == why.at);
        if let Some(help) = asked.map(|parameter| parameter.help.as_str()).filter(|help| !help.is_empty()) {
            failure = failure.hint(format!("`{}`: {help}", why.at));
        }
    }
    if !wrong.is_empty() {
        failure = failure.hint(format!("kubectl stateful {} --help", verb.join(" ")));
    }
    if let Some(otherwise) = otherwise.filter(|_| !missing.is_empty()) {
        failure = failure.hint(otherwise);
    }
    failure
}

/// The mistakes among what was given; `None` if there are none.
pub fn wrong(given: &Given, parameters: &[Parameter], verb: [&str; 2]) -> Option<Failure> {
    let wrong: Vec<Invalid> = given.wrong.iter().map(|wrong| wrong.why.clone()).collect();
    (!wrong.is_empty()).then(|| answers(&wrong, &[], None, parameters, verb))
}

/// A file that cannot be used; `--save-answers` writes one that can.
pub fn file(why: &AnswersFileError) -> Failure {
    let failure = Failure::usage("bad-answers-file", why.to_string());
    match why {
        AnswersFileError::Read { .. } => failure.hint("`--save-answers FILE` writes such a file"),
        AnswersFileError::Yaml { .. } | AnswersFileError::Write { .. } => failure,
    }
}
