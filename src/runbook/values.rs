//! What a script sees as `p`: the answers by name, strictly. A name that is not
//! declared is an error, not `()`, because `() < 3` is silently false in Rhai.
//! A secret is an opaque token; its value never enters the engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use super::engine::thrown;
use super::recipe::Context;
use super::sizes::size;
use crate::objects::nearest::nearest;
use crate::wizard::parameter::{Answer, Answers, Parameter, Type};

/// The answers, immutable.
#[derive(Clone)]
pub struct Params(Arc<BTreeMap<String, Dynamic>>);

/// Stands for a secret. Prints as `secret:NAME`; in the objects it becomes the
/// token `{"$secret": NAME}`, and only the effect that creates the Secret
/// knows the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretValue(pub String);

impl fmt::Display for SecretValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "secret:{}", self.0)
    }
}

impl Params {
    /// Every declared parameter, `()` where there is no answer, and the
    /// `namespace` and `cluster` that the objects are for. Both are flags of
    /// kubectl, so no parameter can have these names.
    pub fn new(parameters: &[Parameter], answers: &Answers, context: &Context) -> Self {
        let mut values: BTreeMap<String, Dynamic> = parameters
            .iter()
            .map(|parameter| (parameter.name.clone(), value(parameter, answers.get(&parameter.name))))
            .collect();
        values.insert("namespace".to_owned(), context.namespace.clone().into());
        values.insert("cluster".to_owned(), context.cluster.clone().into());
        Self(Arc::new(values))
    }

    /// The answers alone, for a runbook.
    pub(super) fn of(parameters: &[Parameter], answers: &Answers) -> Self {
        let one = |known: &Parameter| match answers.get(&known.name) {
            Some(Answer::Text(text)) if known.kind == Type::Quantity => size(text),
            answer => value(known, answer),
        };
        let values = parameters.iter().map(|known| (known.name.clone(), one(known)));
        Self(Arc::new(values.collect()))
    }

    /// Puts something else in the place of an answer, such as a handle.
    pub(super) fn insert(&mut self, name: &str, value: Dynamic) {
        Arc::make_mut(&mut self.0).insert(name.to_owned(), value);
    }

    fn get(&mut self, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        self.0.get(name).cloned().ok_or_else(|| {
            let hint = nearest(name, self.0.keys().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?"));
            thrown(format!("no parameter `{name}`"), &hint.unwrap_or_default())
        })
    }
}

/// Lists without an answer are empty lists. An empty text is no answer, but
/// for a class, where it means volumes prepared by hand.
fn value(parameter: &Parameter, answer: Option<&Answer>) -> Dynamic {
    match answer {
        None if matches!(parameter.kind, Type::List { .. }) => Dynamic::from_array(Vec::new()),
        None => Dynamic::UNIT,
        Some(Answer::Bool(yes)) => (*yes).into(),
        Some(Answer::Int(number)) => (*number).into(),
        Some(Answer::Text(text))
            if text.is_empty() && !matches!(parameter.kind, Type::StorageClass | Type::VolumeClass) =>
        {
            Dynamic::UNIT
        }
        Some(Answer::Text(text)) => text.clone().into(),
        Some(Answer::List(items)) => {
            let pairs = matches!(parameter.kind, Type::List { item } if item.is_pair());
            Dynamic::from_array(items.iter().map(|item| if pairs { pair(item) } else { item.clone().into() }).collect())
        }
        Some(Answer::Secret(_)) => Dynamic::from(SecretValue(parameter.name.clone())),
        Some(Answer::Secrets(sources)) => {
            let token = |key: &String| Dynamic::from(SecretValue(format!("{}/{key}", parameter.name)));
            Dynamic::from_map(sources.keys().map(|key| (key.as_str().into(), token(key))).collect())
        }
    }
}

/// `KEY=VALUE` as `#{ key, value }`.
fn pair(item: &str) -> Dynamic {
    let (key, value) = item.split_once('=').unwrap_or((item, ""));
    Dynamic::from_map(Map::from([("key".into(), key.into()), ("value".into(), value.into())]))
}

/// Makes the types known to an engine.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Params>("answers")
        .register_indexer_get(|params: &mut Params, name: ImmutableString| params.get(&name))
        .register_type_with_name::<SecretValue>("secret")
        .register_fn("to_string", |secret: &mut SecretValue| secret.to_string())
        .register_fn("to_debug", |secret: &mut SecretValue| secret.to_string());
}

#[cfg(test)]
mod tests {
    use super::super::recipe::{Context, Recipe};
    use super::super::samples::{broken, make};
    use crate::wizard::parameter::{Answer, Answers};

    /// Runs `connect` over answers of several types.
    fn connect(expression: &str, answers: &Answers) -> String {
        let source = format!(
            "const RECIPE = #{{ api: 1, summary: \"s\", params: [
                #{{ name: \"class\", type: \"storage_class\", optional: true, prompt: \"P\", help: \"H\" }},
                #{{ name: \"word\", type: \"text\", optional: true, prompt: \"P\", help: \"H\" }},
                #{{ name: \"env\", type: \"list\", item: \"key_value\", optional: true, prompt: \"P\", help: \"H\" }},
            ] }};
            fn connect(p) {{ [[\"x\", `${{{expression}}}`]] }}"
        );
        let recipe = Recipe::from_source("x.rhai".to_owned(), source).unwrap();
        recipe.connect(answers, &Context::new("apps", "mini")).unwrap().remove(0).1
    }

    #[test]
    fn absent_answers_are_nothing_and_absent_lists_are_empty() {
        assert_eq!(connect("[p.class == (), p.word == (), p.env.len()]", &Answers::new()), "[true, true, 0]");
    }

    #[test]
    fn an_empty_class_means_something_and_an_empty_text_does_not() {
        let empty = || Answer::Text(String::new());
        let answers = Answers::from([("class".to_owned(), empty()), ("word".to_owned(), empty())]);
        assert_eq!(connect("[p.class == \"\", p.word == ()]", &answers), "[true, true]");
    }

    #[test]
    fn pairs_are_split_at_their_first_equals_sign() {
        let answers = Answers::from([("env".to_owned(), Answer::List(vec!["A=b=c".into(), "D=".into()]))]);
        assert_eq!(connect("p.env.map(|e| e.key + \">\" + e.value)", &answers), "[\"A>b=c\", \"D>\"]");
    }

    #[test]
    fn namespace_and_cluster_can_be_read_and_nothing_can_be_changed() {
        assert_eq!(connect("p.namespace + p.cluster", &Answers::new()), "appsmini");
        assert!(make("fn objects(p) { p.count = 4; [] }").is_err());
        assert!(broken("fn objects(p) { p[\"coutn\"] }").hints().concat().contains("`count`"));
    }
}
