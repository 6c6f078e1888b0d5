//! What Rhai says, in words for people: the message, the place with its source
//! line and a caret, the calls that led there, and what may have been meant.

use std::fmt;

use rhai::{AST, Engine, EvalAltResult, LexError, ParseError, ParseErrorType, Position};

use super::engine::OURS;
use super::error::{Frame, Place, ScriptError, Trouble};
use super::tokens;
use crate::objects::nearest::nearest;

/// A script's name in messages, and its text.
#[derive(Clone, Copy)]
pub struct Script<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// Characters of a source line that are shown around the column.
const EXCERPT: usize = 100;

/// The place, with the text of its line.
pub(super) fn place(script: &Script<'_>, line: usize, column: usize) -> Place {
    let text = script.text.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned();
    Place { file: script.name.to_owned(), line, column, text }
}

pub(super) fn place_of(script: &Script<'_>, position: Position) -> Option<Place> {
    let line = position.line()?;
    Some(place(script, line, position.position().unwrap_or(1)))
}

/// Rhai points at the dot of `p.name`; the name is what is wrong.
pub(super) fn behind_dot(mut place: Place) -> Place {
    place.column += usize::from(place.text.chars().nth(place.column.saturating_sub(1)) == Some('.'));
    place
}

/// Writes place, source line and caret below a message. Every line begins with
/// a space: it is laid out already and not to be wrapped.
pub(super) fn write_excerpt(out: &mut impl fmt::Write, place: &Place) -> fmt::Result {
    let Place { file, line, column, text } = place;
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    let before = column.saturating_sub(1);
    let skipped = before.saturating_sub(EXCERPT / 2);
    let tab = |character: char| if character == '\t' { "    ".to_owned() } else { character.to_string() };
    let shown: String = text.chars().skip(skipped).take(EXCERPT).map(tab).collect();
    let margin: usize = text.chars().skip(skipped).take(before - skipped).map(|c| if c == '\t' { 4 } else { 1 }).sum();
    write!(out, "\n {gutter}--> {file}:{line}:{column}")?;
    write!(out, "\n {gutter} |\n {number} | {}", shown.trim_end())?;
    write!(out, "\n {gutter} | {}^", " ".repeat(margin))
}

/// Compiles a script under its name.
pub(super) fn compile(engine: &Engine, script: &Script<'_>) -> Result<AST, ScriptError> {
    let mut ast = engine.compile(script.text).map_err(|error| from_parse(script, &error))?;
    ast.set_source(script.name);
    Ok(ast)
}

/// A script that does not compile.
pub(super) fn from_parse(script: &Script<'_>, error: &ParseError) -> ScriptError {
    let (message, hint) = parse_words(script, error.err_type());
    let found = ScriptError::new(Trouble::Invalid, message).at(place_of(script, error.position()));
    hint.into_iter().fold(found, ScriptError::hint)
}

fn parse_words(script: &Script<'_>, error: &ParseErrorType) -> (String, Option<String>) {
    match error {
        ParseErrorType::VariableUndefined(name) => (format!("no variable `{name}`"), {
            let words = tokens::tokens(script.text);
            let others = words.iter().map(|token| token.text).filter(|word| *word != name);
            let meant = nearest(name, others);
            meant.map(|meant| format!("did you mean `{meant}`?")).or_else(|| {
                Some(format!("a parameter is read as `p.{name}`, a constant inside a function as `global::{name}`"))
            })
        }),
        // A switched-off word is reported in one of two ways, by its kind.
        ParseErrorType::BadInput(LexError::ImproperSymbol(word, _)) | ParseErrorType::Reserved(word)
            if matches!(word.as_str(), "eval" | "import") =>
        {
            let instead =
                if word == "eval" { "write the code out" } else { "a recipe is one file: it imports nothing" };
            (format!("`{word}` is not available"), Some(instead.to_owned()))
        }
        ParseErrorType::Reserved(word) => {
            (format!("`{word}` is a reserved word"), Some(format!("as the key of a map, write \"{word}\" in quotes")))
        }
        ParseErrorType::MissingToken(token, what) => (format!("`{token}` is missing {}", lower(what)), None),
        ParseErrorType::UnexpectedEOF => ("the script ends too early".to_owned(), Some("is a brace open?".to_owned())),
        ParseErrorType::ExprTooDeep => ("an expression is nested too deeply".to_owned(), None),
        other => (lower(&other.to_string()), None),
    }
}

/// A script that failed while running. `functions` are the names that it could
/// have called.
pub(super) fn from_eval(script: &Script<'_>, error: EvalAltResult, functions: &[String]) -> ScriptError {
    let mut frames = Vec::new();
    let mut error = error;
    loop {
        error = match error {
            EvalAltResult::ErrorInFunctionCall(function, _, inner, position) => {
                frames.extend(frame(script, &function, position));
                *inner
            }
            EvalAltResult::ErrorInModule(_, inner, _) => *inner,
            other => break finish(script, &other, functions).through(frames.into_iter().rev().collect()),
        };
    }
}

fn frame(script: &Script<'_>, function: &str, position: Position) -> Option<Frame> {
    let place = place_of(script, position)?;
    let function = if function.starts_with("anon$") { "a closure".to_owned() } else { format!("fn `{function}`") };
    Some(Frame { function, called_from: format!("{}:{}:{}", place.file, place.line, place.column) })
}

fn finish(script: &Script<'_>, error: &EvalAltResult, functions: &[String]) -> ScriptError {
    let place = place_of(script, error.position()).map(behind_dot);
    if let EvalAltResult::ErrorParsing(kind, _) = error {
        let (message, hint) = parse_words(script, kind);
        let found = ScriptError::new(Trouble::Invalid, message).at(place);
        return hint.into_iter().fold(found, ScriptError::hint);
    }
    let (trouble, message, hint) = words(error, functions);
    let found = ScriptError::new(trouble, message).at(place);
    hint.into_iter().fold(found, ScriptError::hint)
}

fn words(error: &EvalAltResult, functions: &[String]) -> (Trouble, String, Option<String>) {
    let broken = |message: String, hint: Option<&str>| (Trouble::Broken, message, hint.map(str::to_owned));
    match error {
        EvalAltResult::ErrorRuntime(value, _) => thrown_words(value),
        EvalAltResult::ErrorTerminated(value, _) if value.is_map() => thrown_words(value),
        EvalAltResult::ErrorTerminated(..) => (Trouble::Cancelled, "interrupted".to_owned(), None),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => missing_function(signature, functions),
        EvalAltResult::ErrorTooManyOperations(_) => {
            broken("the script did not end within 5,000,000 steps".to_owned(), Some("does a loop run for ever?"))
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            broken("functions call each other too deeply".to_owned(), Some("does one call itself for ever?"))
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => broken(format!("{} is too large", lower(what)), None),
        other => broken(message_of(other), None),
    }
}

/// What a script or a function of ours threw: any value, best a map with
/// `message` and `hint`.
fn thrown_words(value: &rhai::Dynamic) -> (Trouble, String, Option<String>) {
    let Some(map) = value.read_lock::<rhai::Map>() else {
        return (Trouble::Declined, value.to_string(), None);
    };
    let field = |key: &str| map.get(key).map(ToString::to_string);
    let trouble = if map.contains_key(OURS) { Trouble::Broken } else { Trouble::Declined };
    (trouble, field("message").unwrap_or_else(|| "the script stopped".to_owned()), field("hint"))
}

/// `scal_to (&str | ImmutableString | String, i64)` covers a misspelt name, a
/// wrong number and a wrong type of arguments alike.
fn missing_function(signature: &str, functions: &[String]) -> (Trouble, String, Option<String>) {
    let (name, arguments) = signature.split_once(" (").unwrap_or((signature, ""));
    let arguments = plain_types(arguments.trim_end_matches(')'));
    let operator = !name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    if operator {
        let sides = arguments.replacen(", ", "` and `", 1);
        return (Trouble::Broken, format!("`{name}` does not work with `{sides}`"), None);
    }
    if functions.iter().any(|known| known == name) {
        return (Trouble::Broken, format!("`{name}` does not take ({arguments})"), None);
    }
    let hint = nearest(name, functions.iter().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?"));
    (Trouble::Broken, format!("no function `{name}` takes ({arguments})"), hint)
}

fn message_of(error: &EvalAltResult) -> String {
    let text = error.to_string();
    let text = match text.rfind(" (line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    };
    lower(&plain_types(&text)).replace('\'', "`")
}

/// Rhai's names of types as people say them.
fn plain_types(text: &str) -> String {
    [
        ("&str | ImmutableString | String", "string"),
        ("ImmutableString", "string"),
        ("&str", "string"),
        ("i64", "int"),
        ("f64", "float"),
        ("()", "nothing"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (rust, plain)| text.replace(rust, plain))
}

fn lower(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{broken, recipe};
    use super::*;
    use crate::error::{Failure, Kind};

    #[test]
    fn an_error_shows_message_place_line_and_caret() {
        let error = broken("fn objects(p) {\n    shrink(p)\n}\nfn shrink(p) {\n    [p.targt]\n}");
        assert_eq!(
            error.to_string(),
            "no parameter `targt`\n   --> x.rhai:10:8\n    |\n 10 |     [p.targt]\n    |        ^\n \
             in fn `shrink`, called from x.rhai:7:5"
        );
        assert_eq!(error.hints(), ["did you mean `target`?"]);
    }

    #[test]
    fn a_misspelt_function_is_suggested_and_types_have_plain_names() {
        let error = broken("fn objects(p) { lables(\"a\", 1) }");
        assert_eq!(error.message(), "no function `lables` takes (string, int)");
        assert_eq!(error.hints(), ["did you mean `labels`?"]);
        assert_eq!(broken("fn objects(p) { labels(\"a\") }").message(), "`labels` does not take (string)");
        assert_eq!(broken("fn objects(p) { p.target * 2 }").message(), "`*` does not work with `nothing` and `int`");
    }

    #[test]
    fn what_does_not_compile_is_a_usage_error_with_its_place() {
        for (body, message, column) in [
            ("fn objects(p) { coutn }", "no variable `coutn`", 17),
            ("fn objects(p) { #{ match: 1 } }", "`match` is a reserved word", 20),
            ("fn objects(p) { [1, }", "", 21),
        ] {
            let error = recipe(body).unwrap_err();
            assert!(error.message().starts_with(message), "{body}: {error}");
            assert_eq!(error.place().map(|place| (place.line, place.column)), Some((6, column)), "{body}: {error}");
            assert_eq!(Failure::from(error).kind, Kind::Usage, "{body}");
        }
    }

    #[test]
    fn a_throw_of_the_script_becomes_message_and_hint() {
        let failure = Failure::from(broken("fn objects(p) { throw #{ message: \"too small\", hint: \"take more\" } }"));
        assert_eq!((failure.kind, failure.code), (Kind::Usage, "recipe-declined"));
        assert!(failure.message.starts_with("too small\n"), "{failure}");
        assert_eq!(failure.hints, ["take more"]);
        assert_eq!(broken("fn objects(p) { throw \"no\" }").message(), "no");
        assert_eq!(broken("fn objects(p) { throw 42 }").message(), "42");
    }

    #[test]
    fn rethrowing_keeps_the_message_of_ours() {
        let error = broken("fn objects(p) { try { p.targt } catch (e) { throw e } }");
        assert_eq!((error.message(), error.trouble()), ("no parameter `targt`", Trouble::Broken));
    }

    #[test]
    fn the_caret_stands_below_its_column_behind_tabs_and_in_long_lines() {
        let mut out = String::new();
        let text = "\t\tä = é;".to_owned();
        write_excerpt(&mut out, &Place { file: "f".into(), line: 7, column: 7, text }).unwrap();
        assert!(out.ends_with("\n 7 |         ä = é;\n   |             ^"), "{out}");
        let mut out = String::new();
        let text = format!("{}!{}", "x".repeat(10_000), "y".repeat(10_000));
        write_excerpt(&mut out, &Place { file: "f".into(), line: 7, column: 10_001, text }).unwrap();
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[3].find('!'), lines[4].find('^'));
        assert!(lines[3].len() < 110);
    }
}
