//! One raw text against a type: the same check for a flag, a line of an answers
//! file and an answer on the terminal. Reasons are fragments that read after
//! the name of the flag.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::create;
use super::parameter::{Answer, ListItem, Pattern, SecretSource, Type};
use crate::objects::nearest::{nearest, shortened};
use crate::objects::{names, size};

/// A value that cannot be used, and where it was given: a flag, a positional
/// argument, or a key of an answers file. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Invalid {
    pub at: String,
    pub reason: String,
    /// `FILE:LINE:COLUMN`, if it stands in a file.
    pub place: Option<String>,
}

impl Invalid {
    pub fn new(at: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { at: at.into(), reason: reason.into(), place: None }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(out, "`{place}`: ")?;
        }
        write!(out, "`{}`: {}", self.at, self.reason)
    }
}

/// Texts longer than this are refused before anything else looks at them.
const LONGEST: usize = 64 * 1024;

/// Checks one text. For a list it is one item; for a secret its origin, such
/// as `env:NAME`, never the value itself.
pub fn check(kind: &Type, raw: &str) -> Result<Answer, String> {
    if raw.len() > LONGEST {
        return Err(format!("more than {LONGEST} bytes"));
    }
    let text = || Answer::Text(raw.to_owned());
    match kind {
        Type::Text { pattern } => matches_pattern(pattern.as_ref(), raw).map(|()| text()),
        Type::Int { min, max } => int(raw, *min, *max).map(Answer::Int),
        Type::Bool => boolean(raw).map(Answer::Bool),
        Type::Quantity => size::parse(raw).map(|_| text()).map_err(|error| error.to_string()),
        Type::Choice { of } => {
            let known = of.iter().map(|choice| choice.value.as_str());
            if known.clone().any(|value| value == raw) { Ok(text()) } else { Err(unknown(raw, known)) }
        }
        Type::Name { max } if *max > names::LABEL_MAX => {
            names::dns_subdomain(raw).map(|()| text()).map_err(|reason| quoted(raw, &reason))
        }
        Type::Name { max } if *max == names::SET_NAME_MAX => {
            // A headless Service has the same name.
            let checked = names::set_name(raw).and_then(|()| names::service_name(raw));
            checked.map(|()| text()).map_err(|reason| quoted(raw, &reason))
        }
        Type::Name { max } => names::dns_label(raw, *max).map(|()| text()).map_err(|reason| quoted(raw, &reason)),
        Type::Port => names::port(raw).map(|port| Answer::Int(i64::from(port))).map_err(|reason| quoted(raw, &reason)),
        Type::AbsolutePath => names::absolute_path(raw).map(|()| text()).map_err(|reason| quoted(raw, &reason)),
        Type::List { item } => list_item(*item, raw).map(|()| Answer::List(vec![raw.to_owned()])),
        Type::StorageClass | Type::VolumeClass if raw.is_empty() => Ok(text()),
        Type::Duration => duration(raw).map(|_| text()),
        Type::StorageClass | Type::VolumeClass | Type::Node | Type::StatefulSet => {
            names::dns_subdomain(raw).map(|()| text()).map_err(|reason| quoted(raw, &reason))
        }
        Type::Namespace => {
            names::dns_label(raw, names::LABEL_MAX).map(|()| text()).map_err(|reason| quoted(raw, &reason))
        }
        Type::Secret => origin(raw).map(Answer::Secret),
        Type::SecretKeys => {
            let (key, from) = raw.split_once('=').ok_or("write KEY=generate, KEY=env:NAME or KEY=file:PATH")?;
            names::config_key(key)?;
            Ok(Answer::Secrets([(key.to_owned(), origin(from)?)].into()))
        }
    }
}

/// `90s`, `10m`, `1h30m`, or whole seconds.
///
/// # Errors
/// What was expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| "expected a duration such as `90s`, `10m` or `1h30m`".to_owned())
}

/// Where a secret comes from. The text is not repeated in the error: somebody
/// may have typed the secret itself.
pub fn origin(raw: &str) -> Result<SecretSource, String> {
    match raw.split_once(':') {
        None if raw == "generate" => Ok(SecretSource::Generate),
        Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => {
            Ok(SecretSource::Env(name.to_owned()))
        }
        Some(("file", path)) if !path.is_empty() && !path.contains('\0') => Ok(SecretSource::File(PathBuf::from(path))),
        Some(_) | None => {
            Err("say where the value comes from: `generate`, `env:NAME`, `file:PATH` or `-` for standard input; never \
                 the value itself"
                .to_owned())
        }
    }
}

/// Checks one item of a list.
pub fn list_item(item: ListItem, raw: &str) -> Result<(), String> {
    match item {
        ListItem::Plain if raw.is_empty() => Err("an item is empty".to_owned()),
        ListItem::Plain => Ok(()),
        ListItem::KeyValue => match raw.split_once('=') {
            Some((key, _)) if !key.is_empty() => Ok(()),
            Some(_) | None => Err(quoted(raw, "write KEY=VALUE")),
        },
        ListItem::Claim | ListItem::ContainerPort | ListItem::ServicePort if raw.is_empty() => {
            Err("an item is empty".to_owned())
        }
        ListItem::Claim | ListItem::ContainerPort | ListItem::ServicePort => create::compound(item, raw),
        ListItem::Variable | ListItem::VariableFrom => {
            list_item(ListItem::KeyValue, raw).and_then(|()| create::compound(item, raw))
        }
        ListItem::File => match raw.split_once('=') {
            Some(("", _) | (_, "")) => Err(quoted(raw, "write PATH or KEY=PATH")),
            None if raw.is_empty() => Err("a path is missing".to_owned()),
            Some(_) | None => Ok(()),
        },
    }
}

/// A pattern that must match the whole text; compiled with a bound, since
/// recipes bring their own.
pub fn compile(pattern: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 18)
        .build()
        .map_err(|_| format!("`{pattern}` is not a regular expression of a sensible size"))
}

/// `UNKNOWN is not one of …`, with the nearest one if it is near.
pub fn unknown<'a>(raw: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let list = known.clone().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    let hint = nearest(raw, known).map(|value| format!("; did you mean `{value}`?")).unwrap_or_default();
    format!("`{}` is not one of {list}{hint}", shortened(raw))
}

fn quoted(raw: &str, reason: &str) -> String {
    if raw.is_empty() { reason.to_owned() } else { format!("`{}`: {reason}", shortened(raw)) }
}

fn matches_pattern(pattern: Option<&Pattern>, raw: &str) -> Result<(), String> {
    if raw.is_empty() {
        return Err("the text is empty".to_owned());
    }
    let Some(Pattern { regex, words }) = pattern else { return Ok(()) };
    if compile(regex)?.is_match(raw) {
        return Ok(());
    }
    let must = if words.is_empty() { format!("must match `{regex}`") } else { format!("must be {words}") };
    Err(quoted(raw, &must))
}

fn int(raw: &str, min: i64, max: i64) -> Result<i64, String> {
    let range = match (min, max) {
        _ if min == max => format!("only {min} is allowed"),
        (_, i64::MAX) => format!("a whole number from {min} on is needed"),
        (_, _) => format!("a whole number from {min} to {max} is needed"),
    };
    raw.parse::<i64>().ok().filter(|number| (min..=max).contains(number)).ok_or_else(|| quoted(raw, &range))
}

fn boolean(raw: &str) -> Result<bool, String> {
    match raw {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(quoted(raw, "write true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameter::Choice;
    use super::*;

    fn reason(kind: &Type, raw: &str) -> String {
        check(kind, raw).unwrap_err()
    }

    fn like(regex: &str) -> Type {
        Type::Text { pattern: Some(Pattern { regex: regex.into(), words: String::new() }) }
    }

    #[test]
    fn each_type_refuses_what_it_cannot_hold() {
        let of = vec![Choice { value: "Retain".into(), label: String::new() }];
        let refused = [
            (Type::Text { pattern: None }, ""),
            (like("[a-z]+"), "ab1"),
            (Type::Int { min: 0, max: 9 }, "10"),
            (Type::Int { min: 0, max: 9 }, "1.0"),
            (Type::Bool, "yes"),
            (Type::Quantity, "10GB"),
            (Type::Choice { of }, "retain"),
            (Type::Name { max: 52 }, "Web"),
            (Type::Name { max: 52 }, "5web"),
            (Type::Port, "0"),
            (Type::AbsolutePath, "data"),
            (Type::List { item: ListItem::KeyValue }, "=x"),
            (Type::StorageClass, "Fast SSD"),
            (Type::Namespace, "a.b"),
            (Type::Node, ""),
            (Type::Secret, "hunter2"),
            (Type::SecretKeys, "password"),
        ];
        for (kind, raw) in refused {
            assert!(check(&kind, raw).is_err(), "{kind:?} {raw}");
        }
    }

    #[test]
    fn a_pattern_must_match_the_whole_text() {
        assert!(check(&like("a|b"), "a").is_ok());
        assert!(check(&like("a|b"), "ab").is_err());
        assert!(reason(&like("("), "x").contains("not a regular expression"));
        assert!(reason(&like("(a{900}){900}"), "x").contains("sensible size"));
    }

    #[test]
    fn a_pattern_is_told_in_its_words() {
        let pattern = Pattern { regex: "\\S+".into(), words: "text without spaces".into() };
        assert_eq!(reason(&Type::Text { pattern: Some(pattern) }, "a b"), "`a b`: must be text without spaces");
        assert_eq!(reason(&like("[a-z]+"), "A"), "`A`: must match `[a-z]+`");
    }

    #[test]
    fn a_secret_typed_by_mistake_is_not_repeated() {
        for raw in ["hunter2", "env:", "pass:hunter2"] {
            assert!(!reason(&Type::Secret, raw).contains("hunter2"), "{raw}");
        }
        assert_eq!(check(&Type::Secret, "env:PW"), Ok(Answer::Secret(SecretSource::Env("PW".into()))));
        assert!(!reason(&Type::SecretKeys, "password=hunter2").contains("hunter2"));
    }

    #[test]
    fn a_near_miss_is_pointed_out() {
        let of = ["Retain", "Delete"].map(|value| Choice { value: value.into(), label: String::new() }).to_vec();
        let reason = reason(&Type::Choice { of }, "Retian");
        assert_eq!(reason, "`Retian` is not one of `Retain`, `Delete`; did you mean `Retain`?");
    }

    #[test]
    fn an_empty_class_means_volumes_made_by_hand() {
        assert_eq!(check(&Type::StorageClass, ""), Ok(Answer::Text(String::new())));
        assert_eq!(check(&Type::VolumeClass, "manual"), Ok(Answer::Text("manual".into())));
    }
}
