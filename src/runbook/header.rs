//! The literal at the top of a recipe: what it is and what it asks for. It is
//! read without running the script, so that listing and asking run nothing.
//! The same reader takes a header out of the generated index of what is shipped.

mod declared;

use rhai::AST;
use serde_json::{Map, Value};

use self::declared::parameter;
use super::diagnostics::{self, Script};
use super::engine::API;
use super::error::{ScriptError, Trouble};
use super::tokens;
use crate::objects::nearest::nearest;
use crate::wizard::declaration;
use crate::wizard::parameter::Parameter;

/// What a recipe says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The script interface it was written for.
    pub api: i64,
    /// One line, without a full stop.
    pub summary: String,
    /// More, for the reference page; may be empty.
    pub description: String,
    /// In the order in which they are asked.
    pub parameters: Vec<Parameter>,
    /// What a runbook may change, in the words of effects; empty for a recipe.
    pub effects: Vec<String>,
}

/// Which of the two kinds of scripts, by the name of its literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Recipe,
    Runbook,
}

impl Sort {
    const fn constant(self) -> &'static str {
        match self {
            Self::Recipe => "RECIPE",
            Self::Runbook => "RUNBOOK",
        }
    }

    /// What messages call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Recipe => "recipe",
            Self::Runbook => "runbook",
        }
    }

    /// The folder of the user's own ones.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Recipe => "recipes",
            Self::Runbook => "runbooks",
        }
    }

    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Recipe => &["api", "summary", "description", "params"],
            Self::Runbook => &["api", "summary", "description", "effects", "params"],
        }
    }
}

/// The effects that a runbook can declare.
pub const EFFECTS: &[&str] = &[
    "scale",
    "protect",
    "unprotect",
    "delete-claim",
    "give-up",
    "reserve",
    "create-claim",
    "purge",
    "exec",
    "retention",
    "create",
    "apply",
    "patch",
    "delete",
];

/// What is wrong with a header, and the words of it that lead to the place.
struct Wrong {
    message: String,
    hint: Option<String>,
    path: Vec<String>,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, path: Vec::new() }
    }

    /// An unknown word at `path`, with the known one that it may have been.
    fn unknown(what: &str, word: &str, known: &[&str]) -> Self {
        let hint = match nearest(word, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        Self { message: format!("unknown {what} `{word}`"), hint: Some(hint), path: vec![word.to_owned()] }
    }

    fn below(mut self, word: &str) -> Self {
        self.path.insert(0, word.to_owned());
        self
    }
}

/// The literal `const RECIPE` or `const RUNBOOK` of a compiled script, as JSON.
///
/// # Errors
/// There is none, it is not a literal, or it holds what JSON cannot.
pub(super) fn literal(ast: &AST, sort: Sort, script: &Script<'_>) -> Result<Value, ScriptError> {
    let constant = sort.constant();
    if let Some((.., value)) = ast.iter_literal_variables(true, false).find(|(name, ..)| *name == constant) {
        return rhai::serde::from_dynamic(&value).map_err(|_| {
            let what = format!("`{constant}` holds something other than text, numbers, lists and maps");
            invalid(sort, script, Wrong::new(what))
        });
    }
    let words = tokens::tokens(script.text);
    let declared = words.windows(2).any(|pair| pair[0].text == "const" && pair[1].text == constant);
    Err(if declared {
        let what = format!("`{constant}` must be a literal: it is read without running the script");
        invalid(sort, script, Wrong::new(what)).hint("write the values out; no calls, operators or variables")
    } else {
        ScriptError::new(Trouble::Invalid, format!("`{}` has no `const {constant}`", script.name))
            .at(Some(diagnostics::place(script, 1, 1)))
            .hint(format!("start with: const {constant} = #{{ api: 1, summary: \"…\", params: [] }};"))
    })
}

/// Reads and checks a header.
///
/// # Errors
/// `Invalid`, with the place in the script where it can be found.
pub(super) fn read(value: &Value, sort: Sort, script: &Script<'_>) -> Result<Header, ScriptError> {
    header(value, sort).map_err(|wrong| invalid(sort, script, wrong))
}

fn invalid(sort: Sort, script: &Script<'_>, wrong: Wrong) -> ScriptError {
    let words = tokens::tokens(script.text);
    let mut place = tokens::find(&words, 0, sort.constant());
    for word in &wrong.path {
        let from = place.map_or(0, |(index, _)| index);
        place = tokens::find(&words, from, word).or(place);
    }
    let place = place.map(|(_, token)| diagnostics::place(script, token.line, token.column));
    let error = ScriptError::new(Trouble::Invalid, wrong.message).at(place);
    wrong.hint.into_iter().fold(error, ScriptError::hint)
}

fn header(value: &Value, sort: Sort) -> Result<Header, Wrong> {
    let not_a_map = || Wrong::new(format!("`{}` must be a map: `#{{ … }}`", sort.constant()));
    let map = value.as_object().ok_or_else(not_a_map)?;
    known_keys(map, "key", sort.keys())?;
    let api = map.get("api").and_then(Value::as_i64).ok_or_else(|| Wrong::new("`api` is missing: write `api: 1`"))?;
    if api > API {
        let mut wrong = Wrong::new(format!("it needs script interface {api}, this program knows {API}")).below("api");
        wrong.hint = Some("take a newer version of kubectl-stateful".to_owned());
        return Err(wrong);
    }
    if api < 1 {
        return Err(Wrong::new("`api` counts from 1").below("api"));
    }
    let params = match map.get("params") {
        None => &[][..],
        Some(Value::Array(params)) => params,
        Some(_) => {
            let mut wrong = Wrong::new("`params` must be a list, because a map forgets its order").below("params");
            wrong.hint =
                Some("write: params: [ #{ name: \"…\", type: \"…\", prompt: \"…\", help: \"…\" } ]".to_owned());
            return Err(wrong);
        }
    };
    let parameters = params.iter().map(parameter).collect::<Result<Vec<_>, _>>().map_err(|w| w.below("params"))?;
    declaration::check_all(&parameters).map_err(|invalid| Wrong {
        message: format!("parameter `{}`: {}", invalid.at, invalid.reason),
        hint: None,
        path: vec!["params".to_owned(), invalid.at],
    })?;
    Ok(Header {
        api,
        summary: text(map, "summary")?.ok_or_else(|| Wrong::new("`summary` is missing"))?,
        description: text(map, "description")?.unwrap_or_default(),
        parameters,
        effects: effects(map)?,
    })
}

/// The effects that the script says it has.
fn effects(map: &Map<String, Value>) -> Result<Vec<String>, Wrong> {
    let list = match map.get("effects") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Wrong::new("`effects` must be a list of texts").below("effects")),
    };
    let effect = |item: &Value| {
        let word = item.as_str().ok_or_else(|| Wrong::new("`effects` must be a list of texts").below("effects"))?;
        if EFFECTS.contains(&word) {
            Ok(word.to_owned())
        } else {
            Err(Wrong::unknown("effect", word, EFFECTS).below("effects"))
        }
    };
    list.iter().map(effect).collect()
}

fn known_keys(map: &Map<String, Value>, what: &str, known: &[&str]) -> Result<(), Wrong> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Wrong::unknown(what, key, known)),
        None => Ok(()),
    }
}

fn text(map: &Map<String, Value>, key: &str) -> Result<Option<String>, Wrong> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Wrong::new(format!("`{key}` must be text")).below(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::recipe::Recipe;
    use super::super::samples::recipe;
    use super::*;
    use crate::wizard::parameter::{Answer, SecretSource, Type, When};

    fn read_params(params: &str) -> Result<Vec<Parameter>, ScriptError> {
        let source = format!("const RECIPE = #{{ api: 1, summary: \"s\", params: [\n{params}\n] }};");
        Recipe::from_source("x.rhai".to_owned(), source).map(|recipe| recipe.header.parameters)
    }

    #[test]
    fn parameters_keep_their_order_and_take_their_types_settings() {
        let read = recipe("").unwrap().header;
        let names: Vec<_> = read.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        assert_eq!(names, ["target", "count", "password"]);
        assert_eq!(read.parameters[1].kind, Type::Int { min: 0, max: 9 });
        assert_eq!(read.parameters[2].value, Some(Answer::Secret(SecretSource::Generate)));
    }

    #[test]
    fn conditions_and_choices_have_a_short_form() {
        let read = read_params(
            "#{ name: \"way\", type: \"choice\", of: [\"in\", #{ value: \"out\", label: \"L\" }], prompt: \"P\", help: \"H\" },
             #{ name: \"door\", type: \"port\", prompt: \"P\", help: \"H\", when: #{ way: \"out\" } }",
        )
        .unwrap();
        let Type::Choice { of } = &read[0].kind else { panic!("{:?}", read[0].kind) };
        assert_eq!((of[0].label.as_str(), of[1].label.as_str()), ("", "L"));
        assert_eq!(read[1].when, Some(When { parameter: "way".into(), is: vec!["out".into()] }));
        let any = read_params(
            "#{ name: \"way\", type: \"port\", prompt: \"P\", help: \"H\" },
             #{ name: \"door\", type: \"port\", prompt: \"P\", help: \"H\", when: \"way\" }",
        );
        assert_eq!(any.unwrap()[1].when, Some(When { parameter: "way".into(), is: vec![] }));
    }

    #[test]
    fn mistakes_are_named_at_their_place_with_a_suggestion() {
        let rest = "prompt: \"P\", help: \"H\"";
        for (params, message, column) in [
            (format!("#{{ name: \"a\", type: \"int\", min: 0, max: 1, {rest}, valu: 1 }}"), "unknown key `valu`", 68),
            (format!("#{{ name: \"a\", type: \"intt\", {rest} }}"), "unknown type `intt`", 21),
            (format!("#{{ name: \"a\", type: \"bool\", {rest}, min: 1 }}"), "unknown key `min`", 53),
            (format!("#{{ name: \"namespace\", type: \"bool\", {rest} }}"), "belongs to kubectl", 10),
            (
                format!("#{{ name: \"a\", type: \"secret\", value: \"hunter2\", {rest} }}"),
                "only default of a secret",
                31,
            ),
            (
                format!("#{{ name: \"a\", type: \"int\", min: 5, max: 9, value: 3, {rest} }}"),
                "default does not fit",
                10,
            ),
            ("#{ name: \"a\", type: \"bool\", prompt: \"P\" }".to_owned(), "`help` is missing", 10),
            (format!("#{{ name: \"a\", type: \"int\", max: 9, {rest} }}"), "`min` is missing", 10),
            (
                format!("#{{ name: \"a\", type: \"int\", min: \"1\", max: 9, {rest} }}"),
                "`min` must be a whole number",
                28,
            ),
            (format!("#{{ name: \"a\", type: \"list\", item: \"keyvalue\", {rest} }}"), "unknown item `keyvalue`", 35),
            (format!("#{{ name: \"a\", type: \"choice\", {rest} }}"), "`of` must be a list", 10),
            (format!("#{{ name: \"a\", type: \"choice\", of: [1], {rest} }}"), "`of` must be a list", 31),
            (format!("#{{ name: \"a\", type: \"bool\", quiet: 1, {rest} }}"), "`quiet` must be true or false", 29),
            (format!("#{{ name: \"a\", type: \"text\", value: 1.5, {rest} }}"), "a default is text", 29),
        ] {
            let error = read_params(&params).unwrap_err();
            assert!(error.message().contains(message), "{params}: {error}");
            assert!(!error.to_string().contains("hunter2") || error.message().contains("secret"), "{error}");
            let place = error.place().map(|place| (place.line, place.column));
            assert_eq!(place, Some((2, column)), "{params}: {error}");
        }
        let twice = format!("#{{ name: \"a\", type: \"bool\", {rest} }},\n#{{ name: \"a\", type: \"bool\", {rest} }}");
        assert!(read_params(&twice).unwrap_err().message().contains("declared twice"));
    }

    #[test]
    fn a_header_must_be_a_literal_and_is_never_run() {
        for (source, message) in [
            ("const RECIPE = #{ api: 0 + 1, summary: \"s\" };", "must be a literal"),
            ("const RECIPE = make();\nfn make() { #{} }", "must be a literal"),
            ("// const RECIPE\nfn objects(p) { [] }", "has no `const RECIPE`"),
            ("let RECIPE = #{};", "has no `const RECIPE`"),
            ("const RECIPE = 1;", "must be a map"),
            ("const RECIPE = #{ api: 2, summary: \"s\" };", "needs script interface 2"),
            ("const RECIPE = #{ summary: \"s\" };", "`api` is missing"),
            ("const RECIPE = #{ api: 1, summary: \"s\", params: #{ a: #{} } };", "must be a list"),
            ("const RECIPE = #{ api: 1, summary: \"s\", steps: [] };", "unknown key `steps`"),
        ] {
            let error = Recipe::from_source("x.rhai".to_owned(), source.to_owned()).unwrap_err();
            assert!(error.message().contains(message), "{source}: {error}");
            assert_eq!(error.trouble(), Trouble::Invalid);
        }
        let endless = "const RECIPE = #{ api: 1, summary: \"s\" };\nloop { }";
        assert!(Recipe::from_source("x.rhai".to_owned(), endless.to_owned()).is_ok());
    }
}
