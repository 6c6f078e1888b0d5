//! The declaration of one parameter and the values it can take.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One parameter of a recipe or of a `create` command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// `snake_case`; the flag and the answers-file key are its kebab-case form.
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Type,
    /// The question on a terminal, without its question mark.
    pub prompt: String,
    /// One sentence for `--help`, the reference page and below the question.
    pub help: String,
    /// Taken without a terminal and offered on one. `None`: required. For a
    /// secret the text `generate`. Read it through [`Parameter::offered`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Answer>,
    /// An empty or absent answer is fine although there is no default.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Only by flag or answers file, never asked on a terminal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
    /// A positional argument instead of a flag; several stand in the order of
    /// their declaration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub positional: bool,
    /// Asked and required only when the earlier parameter of this name has one of these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
}

/// A condition on an earlier answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct When {
    pub parameter: String,
    /// One of these; none: any answer will do, but there must be one.
    pub is: Vec<String>,
}

/// What a text must look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// Must match the whole text.
    pub regex: String,
    /// The same for people, such as `text without spaces`; empty: nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
}

/// What a parameter holds, and so how it is checked, completed and asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Text {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<Pattern>,
    },
    Int {
        min: i64,
        max: i64,
    },
    Bool,
    /// A size in bytes as Kubernetes writes it, at least one byte.
    Quantity,
    Choice {
        of: Vec<Choice>,
    },
    /// A DNS label with at most this many characters (SS-07: 52 for a set);
    /// above 63 a DNS subdomain, in which dots may stand.
    Name {
        max: usize,
    },
    Port,
    /// A path inside a container or on a node.
    AbsolutePath,
    /// `KEY=VALUE` or plain items; the flag may be repeated.
    List {
        item: ListItem,
    },
    /// An existing class, or `""` for volumes prepared by hand.
    StorageClass,
    /// A class that need not exist: volumes made by hand match claims by the
    /// name alone (S3-e8, PV-15). `""` as above.
    VolumeClass,
    Namespace,
    Node,
    /// An existing StatefulSet of the namespace.
    #[serde(rename = "statefulset")]
    StatefulSet,
    /// A span of time such as `90s` or `10m`.
    Duration,
    /// A value that must never be seen: flag `--P-from generate|env:NAME|file:PATH|-`.
    Secret,
    /// Several such values by key: `--from-literal KEY=VALUE` and `--from-file [KEY=]PATH`
    /// as kubectl has them, and `--P-from KEY=generate|env:NAME|file:PATH|-`.
    SecretKeys,
}

/// The objects of a cluster whose names are answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Live {
    StorageClass,
    Namespace,
    Node,
    StatefulSet,
}

impl Live {
    /// As the API names it.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::StorageClass => "StorageClass",
            Self::Namespace => "Namespace",
            Self::Node => "Node",
            Self::StatefulSet => "StatefulSet",
        }
    }
}

impl Type {
    /// The objects whose names can be answers, for lists and completion.
    #[must_use]
    pub const fn live(&self) -> Option<Live> {
        match self {
            Self::StorageClass | Self::VolumeClass => Some(Live::StorageClass),
            Self::Namespace => Some(Live::Namespace),
            Self::Node => Some(Live::Node),
            Self::StatefulSet => Some(Live::StatefulSet),
            Self::Text { .. }
            | Self::Int { .. }
            | Self::Bool
            | Self::Quantity
            | Self::Choice { .. }
            | Self::Name { .. }
            | Self::Port
            | Self::AbsolutePath
            | Self::Duration
            | Self::List { .. }
            | Self::Secret
            | Self::SecretKeys => None,
        }
    }

    /// The objects of which one must have the name that is answered.
    #[must_use]
    pub fn must_exist(&self) -> Option<Live> {
        self.live().filter(|_| *self != Self::VolumeClass)
    }
}

/// One of a closed set of answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub value: String,
    /// Shown beside the value; may come from the cluster, so `report` escapes it.
    pub label: String,
}

/// The shape of the items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListItem {
    Plain,
    KeyValue,
    File,
    /// `NAME:SIZE[:CLASS]:MOUNTPATH`, a claim of each pod.
    Claim,
    /// `[NAME:]PORT` of a container.
    ContainerPort,
    /// `[NAME:]PORT[:TARGET]` of a Service.
    ServicePort,
    /// `VARIABLE=VALUE`.
    Variable,
    /// `VARIABLE=OBJECT/KEY`.
    VariableFrom,
}

impl ListItem {
    /// Whether each item is a pair, and no two may have the same key.
    #[must_use]
    pub const fn is_pair(self) -> bool {
        match self {
            Self::KeyValue | Self::Variable | Self::VariableFrom => true,
            Self::Plain | Self::File | Self::Claim | Self::ContainerPort | Self::ServicePort => false,
        }
    }
}

/// A checked value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<String>),
    #[serde(skip)]
    Secret(SecretSource),
    #[serde(skip)]
    Secrets(BTreeMap<String, SecretSource>),
}

impl Answer {
    /// The answer as `when` conditions and messages see it; nothing for secrets.
    #[must_use]
    pub fn plain(&self) -> Option<String> {
        match self {
            Self::Bool(yes) => Some(yes.to_string()),
            Self::Int(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::List(items) => Some(items.join(",")),
            Self::Secret(_) | Self::Secrets(_) => None,
        }
    }
}

impl Parameter {
    /// A required parameter that is asked for and has a flag.
    #[must_use]
    pub fn new(name: &str, kind: Type, prompt: &str, help: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            prompt: prompt.to_owned(),
            help: help.to_owned(),
            value: None,
            optional: false,
            quiet: false,
            positional: false,
            when: None,
        }
    }

    #[must_use]
    pub fn default(mut self, value: Answer) -> Self {
        self.value = Some(value);
        self
    }

    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    #[must_use]
    pub fn positional(mut self) -> Self {
        self.positional = true;
        self
    }

    #[must_use]
    pub fn when(mut self, parameter: &str, is: &[&str]) -> Self {
        let is = is.iter().map(|value| (*value).to_owned()).collect();
        self.when = Some(When { parameter: parameter.to_owned(), is });
        self
    }

    /// The key in an answers file: the name in kebab-case.
    #[must_use]
    pub fn key(&self) -> String {
        self.name.replace('_', "-")
    }

    /// How messages name it: `--size`, `--password-from`, or `NAME`.
    #[must_use]
    pub fn flag(&self) -> String {
        match (&self.kind, self.positional) {
            (_, true) => self.name.to_uppercase(),
            (Type::Secret | Type::SecretKeys, false) => format!("--{}-from", self.key()),
            (_, false) => format!("--{}", self.key()),
        }
    }

    /// The default as an answer of the parameter's own type.
    #[must_use]
    pub fn offered(&self) -> Option<Answer> {
        match (&self.kind, &self.value) {
            (Type::Secret, Some(Answer::Text(text))) if text == "generate" => {
                Some(Answer::Secret(SecretSource::Generate))
            }
            (_, value) => value.clone(),
        }
    }

    /// The answer when there is no other: nobody is asked for that.
    #[must_use]
    pub fn only_answer(&self) -> Option<Answer> {
        if self.optional {
            return None;
        }
        if let Type::Int { min, max } = &self.kind {
            return (min == max).then_some(Answer::Int(*min));
        }
        let Type::Choice { of } = &self.kind else { return None };
        let [only] = of.as_slice() else { return None };
        Some(Answer::Text(only.value.clone()))
    }

    /// Whether a run without a terminal must be given it.
    #[must_use]
    pub fn required(&self) -> bool {
        self.value.is_none() && !self.optional
    }
}

/// Where a secret value comes from. Only its origin may be shown or stored.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Made at random by the effect that creates the Secret.
    Generate,
    Env(String),
    File(PathBuf),
    /// Read once from standard input, or typed at the hidden prompt.
    Given(String),
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generate => out.write_str("Generate"),
            Self::Env(name) => write!(out, "Env({name})"),
            Self::File(path) => write!(out, "File({})", path.display()),
            Self::Given(_) => out.write_str("Given(…)"),
        }
    }
}

/// All answers, by parameter name.
pub type Answers = BTreeMap<String, Answer>;
