//! One parameter as questions to a person, and the reply as an answer.
//! Defaults and the choices of the cluster are offered here; who prints and
//! reads keys is `Ask`.

use std::collections::BTreeMap;

use super::check::{Invalid, check};
use super::parameter::{Answer, Choice, ListItem, Parameter, SecretSource, Type};
use super::question::{Ask, Lookup, Question, Reply, Shape};
use super::resolve::ResolveError;
use crate::objects::names;

/// At most so many items of a list are asked for.
const MOST_ITEMS: usize = 64;
/// The help of one value among several of a Secret.
const KEPT: &str = "Kept only in the Secret.";
/// How an empty answer is offered on a line that may stay empty.
const EMPTY: &str = "";

/// Asks for one parameter; `offered` is what pressing Enter takes. `None`: left
/// empty.
pub fn ask_for(
    parameter: &Parameter,
    offered: Option<&Answer>,
    ask: &dyn Ask,
    lookup: &dyn Lookup,
) -> Result<Option<Answer>, ResolveError> {
    let asking = Asking { parameter, ask, help: &parameter.help };
    match &parameter.kind {
        Type::Bool => {
            let default = matches!(offered, Some(Answer::Bool(true)));
            match asking.put(&parameter.prompt, Shape::Confirm { default })? {
                Reply::Yes(yes) => Ok(Some(Answer::Bool(yes))),
                Reply::Text(_) | Reply::Picked(_) => Err(asking.confused()),
            }
        }
        Type::Choice { of } => {
            let picked = asking.pick(&parameter.prompt, of, offered)?;
            Ok(Some(Answer::Text(picked)))
        }
        Type::StorageClass | Type::VolumeClass | Type::Namespace | Type::Node | Type::StatefulSet => {
            let known = parameter.kind.live().map(|live| lookup.choices(live)).unwrap_or_default();
            asking.existing(offered, &known, lookup.default_class().as_deref())
        }
        Type::List { item } => asking.list(*item, offered),
        Type::Secret => asking.secret(&parameter.prompt, offered).map(|source| Some(Answer::Secret(source))),
        Type::SecretKeys => asking.secret_keys(),
        Type::Text { .. }
        | Type::Int { .. }
        | Type::Quantity
        | Type::Name { .. }
        | Type::Port
        | Type::AbsolutePath
        | Type::Duration => asking.line(&parameter.prompt, offered),
    }
}

/// What picking one of the choices means.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Name(String),
    /// Left out: the cluster decides.
    Nothing,
    /// A name that is typed.
    Other,
}

struct Asking<'a> {
    parameter: &'a Parameter,
    ask: &'a dyn Ask,
    /// What stands below the question.
    help: &'a str,
}

impl Asking<'_> {
    fn put(&self, prompt: &str, shape: Shape<'_>) -> Result<Reply, ResolveError> {
        let question = Question { prompt, help: self.help, shape };
        self.ask.ask(&question).map_err(|_| ResolveError::Abandoned)
    }

    fn confused(&self) -> ResolveError {
        ResolveError::from(Invalid::new(self.parameter.flag(), "the reply does not fit the question"))
    }

    fn text(
        &self,
        prompt: &str,
        default: Option<String>,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<String, ResolveError> {
        match self.put(prompt, Shape::Line { default, check })? {
            Reply::Text(text) => match check(&text) {
                Ok(()) => Ok(text),
                Err(reason) => Err(ResolveError::from(Invalid::new(self.parameter.flag(), reason))),
            },
            Reply::Picked(_) | Reply::Yes(_) => Err(self.confused()),
        }
    }

    fn line(&self, prompt: &str, offered: Option<&Answer>) -> Result<Option<Answer>, ResolveError> {
        let kind = &self.parameter.kind;
        let optional = self.parameter.optional;
        let fits = |text: &str| if text.is_empty() && optional { Ok(()) } else { check(kind, text).map(drop) };
        let offered = offered.and_then(Answer::plain).or_else(|| optional.then(|| EMPTY.to_owned()));
        let text = self.text(prompt, offered, &fits)?;
        Ok(if text.is_empty() { None } else { check(kind, &text).ok() })
    }

    fn pick(&self, prompt: &str, choices: &[Choice], offered: Option<&Answer>) -> Result<String, ResolveError> {
        let wanted = offered.and_then(Answer::plain);
        let default = choices.iter().position(|choice| Some(&choice.value) == wanted.as_ref()).unwrap_or(0);
        match self.put(prompt, Shape::Pick { choices, default })? {
            Reply::Picked(index) => {
                choices.get(index).map(|choice| choice.value.clone()).ok_or_else(|| self.confused())
            }
            Reply::Text(_) | Reply::Yes(_) => Err(self.confused()),
        }
    }

    /// One of what exists; a line to type where nothing could be read.
    fn existing(
        &self,
        offered: Option<&Answer>,
        known: &[Choice],
        default_class: Option<&str>,
    ) -> Result<Option<Answer>, ResolveError> {
        if known.is_empty() {
            return self.line(&self.parameter.prompt, offered);
        }
        let offered_name = offered.and_then(Answer::plain);
        let (choices, taken): (Vec<Choice>, Vec<Taken>) =
            self.offers(offered_name.as_deref(), known, default_class).into_iter().unzip();
        let of_other = taken.iter().position(|taken| *taken == Taken::Other);
        let default = match &offered_name {
            None => taken.iter().position(|taken| *taken == Taken::Nothing),
            Some(name) => taken.iter().position(|taken| *taken == Taken::Name(name.clone())).or(of_other),
        };
        let Reply::Picked(index) =
            self.put(&self.parameter.prompt, Shape::Pick { choices: &choices, default: default.unwrap_or(0) })?
        else {
            return Err(self.confused());
        };
        match taken.into_iter().nth(index) {
            Some(Taken::Name(name)) => Ok(Some(Answer::Text(name))),
            Some(Taken::Nothing) => Ok(None),
            Some(Taken::Other) => {
                let prompt = format!("{}: name", self.parameter.prompt);
                self.line(&prompt, offered.filter(|_| of_other.is_some() && default == of_other))
            }
            None => Err(self.confused()),
        }
    }

    /// What exists, and what else can be answered. A recipe's class that may be
    /// left out is offered as the class that the cluster would take; leaving it
    /// out is then what picking it means, as it is with `--yes`.
    fn offers(&self, offered: Option<&str>, known: &[Choice], default_class: Option<&str>) -> Vec<(Choice, Taken)> {
        let kind = &self.parameter.kind;
        let merged = *kind == Type::StorageClass && self.parameter.optional;
        let stands_for_nothing =
            |name: &str| merged && Some(name) == default_class && offered.is_none_or(|offered| offered != name);
        let mut offers: Vec<_> = known
            .iter()
            .map(|choice| {
                let nothing = stands_for_nothing(&choice.value);
                (choice.clone(), if nothing { Taken::Nothing } else { Taken::Name(choice.value.clone()) })
            })
            .collect();
        let mut further = |value: &str, label: String, taken: Taken| {
            offers.push((Choice { value: value.to_owned(), label }, taken));
        };
        if *kind == Type::StorageClass {
            further("", "volumes I prepare by hand (hostPath, NFS, local)".to_owned(), Taken::Name(String::new()));
        } else if *kind == Type::VolumeClass {
            let none = "no class: claims and volumes without one find one another".to_owned();
            further("\"\"", none, Taken::Name(String::new()));
            further("other", "a name of its own, shared by claim and volume".to_owned(), Taken::Other);
            if self.parameter.optional {
                let now = default_class.map(|name| format!(", now {name}")).unwrap_or_default();
                further("unset", format!("the cluster's default class{now}"), Taken::Nothing);
            }
        } else if self.parameter.optional {
            further("", "none".to_owned(), Taken::Nothing);
        }
        offers
    }

    /// One line an item until an empty one.
    fn list(&self, item: ListItem, offered: Option<&Answer>) -> Result<Option<Answer>, ResolveError> {
        let mut items: Vec<String> = Vec::new();
        while items.len() < MOST_ITEMS {
            let first = items.is_empty();
            let may_end = !first || self.parameter.optional || offered.is_some();
            let fits = |text: &str| {
                if text.is_empty() && may_end { Ok(()) } else { super::check::list_item(item, text) }
            };
            let shown =
                if first { offered.and_then(Answer::plain).map(|plain| format!(" (Enter: {plain})")) } else { None };
            let ending = if first { shown.unwrap_or_default() } else { ", next (Enter: no more)".to_owned() };
            let empty = (first && may_end && offered.is_none()).then(|| EMPTY.to_owned());
            let text = self.text(&format!("{}{ending}", self.parameter.prompt), empty, &fits)?;
            if text.is_empty() {
                break;
            }
            items.push(text);
        }
        if items.is_empty() {
            return Ok(offered.cloned());
        }
        super::flags::check_items(item, &items)
            .map_err(|reason| ResolveError::from(Invalid::new(self.parameter.flag(), reason)))?;
        Ok(Some(Answer::List(items)))
    }

    fn secret(&self, prompt: &str, offered: Option<&Answer>) -> Result<SecretSource, ResolveError> {
        let ways = [
            ("generate", "a random one, kept only in the Secret"),
            ("type", "type it here, unseen"),
            ("env", "the value of an environment variable"),
            ("file", "the content of a file"),
        ]
        .map(|(value, label)| Choice { value: value.to_owned(), label: label.to_owned() });
        let way = match offered {
            Some(Answer::Secret(SecretSource::Given(_))) => "type",
            Some(Answer::Secret(SecretSource::Env(_))) => "env",
            Some(Answer::Secret(SecretSource::File(_))) => "file",
            Some(_) | None => "generate",
        };
        let picked = self.pick(prompt, &ways, Some(&Answer::Text(way.to_owned())))?;
        let origin = |prefix: &str, question: &str| {
            let fits = |text: &str| {
                let source = super::check::origin(&format!("{prefix}:{text}"))?;
                super::secret::is_there(&source)
            };
            let text = self.text(&format!("{prompt}: {question}"), None, &fits)?;
            super::check::origin(&format!("{prefix}:{text}")).map_err(|_| self.confused())
        };
        match picked.as_str() {
            "generate" => Ok(SecretSource::Generate),
            "env" => origin("env", "name of the variable"),
            "file" => origin("file", "path of the file"),
            _ => match self.put(prompt, Shape::Hidden)? {
                Reply::Text(value) if !value.is_empty() => Ok(SecretSource::Given(value)),
                Reply::Text(_) => {
                    Err(ResolveError::from(Invalid::new(self.parameter.flag(), "an empty secret protects nothing")))
                }
                Reply::Picked(_) | Reply::Yes(_) => Err(self.confused()),
            },
        }
    }

    fn secret_keys(&self) -> Result<Option<Answer>, ResolveError> {
        let mut secrets = BTreeMap::new();
        while secrets.len() < MOST_ITEMS {
            let may_end = !secrets.is_empty() || self.parameter.optional;
            let fits = |text: &str| if text.is_empty() && may_end { Ok(()) } else { names::config_key(text) };
            let ending = if secrets.is_empty() { ": key" } else { ": next key (Enter: no more)" };
            let key = self.text(&format!("{}{ending}", self.parameter.prompt), None, &fits)?;
            if key.is_empty() {
                break;
            }
            let value = Asking { help: KEPT, ..*self };
            let source = value.secret(&format!("Value of `{key}`"), None)?;
            secrets.insert(key, source);
        }
        Ok((!secrets.is_empty()).then_some(Answer::Secrets(secrets)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Cluster, Dark, Person, parameter};
    use super::*;

    fn asked(parameter: &Parameter, replies: &[&'static str]) -> Result<Option<Answer>, ResolveError> {
        ask_for(parameter, parameter.value.as_ref(), &Person::saying(replies), &Cluster)
    }

    #[test]
    fn enter_takes_the_default_of_each_shape() {
        let mut size = parameter("size", Type::Quantity);
        size.value = Some(Answer::Text("10Gi".into()));
        assert_eq!(asked(&size, &[""]).unwrap(), size.value);
        let mut replicas = parameter("replicas", Type::Int { min: 1, max: 9 });
        replicas.value = Some(Answer::Int(3));
        assert_eq!(asked(&replicas, &[""]).unwrap(), replicas.value);
        let mut flag = parameter("flag", Type::Bool);
        flag.value = Some(Answer::Bool(true));
        assert_eq!(asked(&flag, &[""]).unwrap(), flag.value);
    }

    #[test]
    fn classes_of_the_cluster_are_offered_with_the_two_special_ones() {
        let mut class = parameter("class", Type::StorageClass);
        class.optional = true;
        assert_eq!(asked(&class, &["fast-ssd"]).unwrap(), Some(Answer::Text("fast-ssd".into())));
        class.kind = Type::VolumeClass;
        assert_eq!(asked(&class, &["other", "manual"]).unwrap(), Some(Answer::Text("manual".into())));
        assert_eq!(asked(&class, &["\"\""]).unwrap(), Some(Answer::Text(String::new())));
        assert_eq!(asked(&class, &[""]).unwrap(), None, "Enter says nothing");
        assert_eq!(asked(&class, &["unset"]).unwrap(), None);
    }

    #[test]
    fn the_default_class_is_offered_first_and_means_that_the_cluster_decides() {
        let mut class = parameter("class", Type::StorageClass);
        class.optional = true;
        for said in ["", "standard"] {
            assert_eq!(asked(&class, &[said]).unwrap(), None, "{said}");
        }
        let named = Answer::Text("standard".into());
        let again = ask_for(&class, Some(&named), &Person::saying(&[""]), &Cluster).unwrap();
        assert_eq!(again, Some(named), "who named it before keeps it by name");
    }

    #[test]
    fn an_optional_line_may_stay_empty_and_a_needed_one_not() {
        let mut note = parameter("note", Type::Text { pattern: None });
        note.optional = true;
        let person = Person::saying(&[""]);
        assert_eq!(ask_for(&note, None, &person, &Cluster).unwrap(), None);
        assert_eq!(*person.defaults.borrow(), [Some(String::new())]);
    }

    #[test]
    fn a_class_is_typed_when_the_cluster_cannot_be_read() {
        let class = parameter("class", Type::StorageClass);
        let answer = ask_for(&class, None, &Person::saying(&["slow"]), &Dark).unwrap();
        assert_eq!(answer, Some(Answer::Text("slow".into())));
    }

    #[test]
    fn a_list_ends_with_an_empty_line_and_empty_means_the_default() {
        let mut labels = parameter("label", Type::List { item: ListItem::KeyValue });
        assert_eq!(asked(&labels, &["a=b", "c=d", ""]).unwrap(), Some(Answer::List(vec!["a=b".into(), "c=d".into()])));
        labels.value = Some(Answer::List(vec!["x=y".into()]));
        assert_eq!(asked(&labels, &[""]).unwrap(), labels.value);
        labels.value = None;
        labels.optional = true;
        assert_eq!(asked(&labels, &[""]).unwrap(), None);
    }

    /// A file that is there whenever the tests are.
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

    #[test]
    fn a_secret_is_generated_typed_or_fetched() {
        let password = parameter("password", Type::Secret);
        for (replies, expected) in [
            (vec![""], SecretSource::Generate),
            (vec!["type", "hunter2"], SecretSource::Given("hunter2".into())),
            (vec!["env", "PATH"], SecretSource::Env("PATH".into())),
            (vec!["file", FILE], SecretSource::File(FILE.into())),
        ] {
            assert_eq!(asked(&password, &replies).unwrap(), Some(Answer::Secret(expected)));
        }
        assert!(matches!(asked(&password, &["esc"]), Err(ResolveError::Abandoned)));
        assert!(matches!(asked(&password, &["type", ""]), Err(ResolveError::Unfit { .. })));
    }

    #[test]
    fn keys_of_a_secret_are_asked_one_by_one() {
        let value = parameter("value", Type::SecretKeys);
        let answer = asked(&value, &["user", "type", "admin", "password", "generate", ""]).unwrap().unwrap();
        let Answer::Secrets(secrets) = answer else { panic!() };
        assert_eq!(secrets.len(), 2);
        assert_eq!(secrets["password"], SecretSource::Generate);
    }
}
