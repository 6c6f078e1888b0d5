//! A recipe: a script that turns answers into the objects of one application.
//! It is pure. What it makes is checked before anybody sees it, and applied by
//! the same runner as everything else.

use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, Scope};
use serde_json::Value;

use super::consistency;
use super::diagnostics::{self, Script};
use super::engine::{Cancel, Notes, engine};
use super::error::{Place, ScriptError, Trouble};
use super::header::{self, Header, Sort};
use super::thread::on_script_thread;
use super::values::Params;
use super::vocabulary::Existing;
use super::{manifest, shipped, vocabulary, whereabouts};
use crate::wizard::parameter::{Answer, Answers};

/// A recipe whose header has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// `couchdb`, or the path of the file.
    pub name: String,
    pub source: String,
    pub header: Header,
}

/// What the objects are made for.
#[derive(Clone)]
pub struct Context {
    pub namespace: String,
    /// The cluster's name as people know it, such as the context.
    pub cluster: String,
    /// Asked while the script runs; `true` ends it with `Trouble::Cancelled`.
    pub cancel: Cancel,
}

impl Context {
    /// A context that nobody cancels.
    #[must_use]
    pub fn new(namespace: impl Into<String>, cluster: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), cluster: cluster.into(), cancel: Arc::new(|| false) }
    }

    #[must_use]
    pub fn cancelled_by(mut self, cancel: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.cancel = Arc::new(cancel);
        self
    }
}

/// What a recipe made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// In the script's order; complete, with namespaces.
    pub objects: Vec<Value>,
    /// What the script printed; raw text for people.
    pub notes: Vec<String>,
}

impl Recipe {
    /// A recipe that comes with the program.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, source) = shipped::RECIPES.iter().find(|(known, _)| *known == name)?;
        let (_, header) = shipped::headers().iter().find(|(known, _)| known == name)?;
        Some(Self { name: name.to_owned(), source: (*source).to_owned(), header: header.clone() })
    }

    /// Name and header of every recipe that comes with the program, by name.
    /// Parses no script.
    #[must_use]
    pub fn shipped_headers() -> &'static [(String, Header)] {
        shipped::headers()
    }

    /// A recipe from its text; `name` stands in messages.
    pub fn from_source(name: String, source: String) -> Result<Self, ScriptError> {
        let script = Script { name: &name, text: &source };
        let header = on_script_thread(|| {
            let engine = engine(Arc::new(|| false), &Notes::default());
            let ast = diagnostics::compile(&engine, &script)?;
            header::read(&header::literal(&ast, Sort::Recipe, &script)?, Sort::Recipe, &script)
        })?;
        Ok(Self { name, source, header })
    }

    /// The objects for these answers, checked (`consistency`).
    pub fn objects(&self, answers: &Answers, context: &Context) -> Result<Vec<Value>, ScriptError> {
        self.make(answers, context).map(|made| made.objects)
    }

    /// The objects, and what the script printed while it made them.
    pub fn make(&self, answers: &Answers, context: &Context) -> Result<Made, ScriptError> {
        on_script_thread(|| {
            let notes = Notes::default();
            let value = self.call("objects", answers, context, &notes)?.ok_or_else(|| {
                ScriptError::new(Trouble::Invalid, format!("`{}` has no function `objects(p)`", self.name))
                    .at(Some(whereabouts::function(&self.script(), "objects")))
                    .hint("write: fn objects(p) { [ #{ apiVersion: \"v1\", … } ] }")
            })?;
            let objects = self.checked(&value, answers, context)?;
            Ok(Made { objects, notes: notes.take() })
        })
    }

    /// How to reach what was made: label and text of each line, in the order
    /// of the script. Empty when the recipe has no `connect(p)`.
    pub fn connect(&self, answers: &Answers, context: &Context) -> Result<Vec<(String, String)>, ScriptError> {
        on_script_thread(|| match self.call("connect", answers, context, &Notes::default())? {
            None => Ok(Vec::new()),
            Some(value) => vocabulary::pairs(&value).ok_or_else(|| {
                ScriptError::new(Trouble::Inconsistent, "`connect` must return a list of pairs")
                    .at(Some(whereabouts::function(&self.script(), "connect")))
                    .hint("write: [ [\"label\", \"text\"], … ]")
            }),
        })
    }

    /// Calls a function of the script; `None` if there is none of that name.
    fn call(
        &self,
        function: &str,
        answers: &Answers,
        context: &Context,
        notes: &Notes,
    ) -> Result<Option<Dynamic>, ScriptError> {
        let script = self.script();
        let engine = engine(Arc::clone(&context.cancel), notes);
        let ast = diagnostics::compile(&engine, &script)?;
        if !ast.iter_functions().any(|known| known.name == function && known.params.len() == 1) {
            return Ok(None);
        }
        let params = Params::new(&self.header.parameters, answers, context);
        let result: Result<Dynamic, Box<EvalAltResult>> = engine.call_fn(&mut Scope::new(), &ast, function, (params,));
        let functions =
            || vocabulary::names().chain(ast.iter_functions().map(|known| known.name.to_owned())).collect::<Vec<_>>();
        result.map(Some).map_err(|error| diagnostics::from_eval(&script, *error, &functions()))
    }

    fn script(&self) -> Script<'_> {
        Script { name: &self.name, text: &self.source }
    }

    fn checked(&self, value: &Dynamic, answers: &Answers, context: &Context) -> Result<Vec<Value>, ScriptError> {
        let script = self.script();
        let inconsistent =
            |message: String, place: Place| ScriptError::new(Trouble::Inconsistent, message).at(Some(place));
        let list = value.read_lock::<rhai::Array>().ok_or_else(|| {
            let place = whereabouts::function(&script, "objects");
            inconsistent("`objects` must return a list of maps".to_owned(), place)
        })?;
        let secrets: Vec<String> = answers
            .iter()
            .filter(|(_, answer)| matches!(answer, Answer::Secret(_)))
            .map(|(name, _)| name.clone())
            .collect();
        let mut objects: Vec<Value> = Vec::new();
        let mut existing = Vec::new();
        let before = |objects: &[Value], kind: &str| objects.iter().filter(|object| object["kind"] == kind).count();
        for (at, item) in list.iter().enumerate().filter(|(_, item)| !item.is_unit()) {
            if let Some(known) = item.read_lock::<Existing>() {
                existing.push(known.clone());
                continue;
            }
            let object = manifest::object(item, &secrets).map_err(|unfit| {
                let kind = item.read_lock::<rhai::Map>().and_then(|map| Some(map.get("kind")?.to_string()));
                let kind = kind.unwrap_or_default();
                let place = whereabouts::object(&script, &kind, before(&objects, &kind), &unfit.path);
                inconsistent(format!("object {}{}: {}", at + 1, spaced(&unfit.path), unfit.reason), place)
            })?;
            objects.push(object);
        }
        consistency::complete(&mut objects, &context.namespace);
        let findings = consistency::check(&objects, &context.namespace, &existing);
        let Some((first, rest)) = findings.split_first() else { return Ok(objects) };
        let kind = objects.get(first.at).and_then(|object| object["kind"].as_str()).unwrap_or_default();
        let place = whereabouts::object(&script, kind, before(&objects[..first.at], kind), &first.path);
        Err(rest.iter().fold(inconsistent(first.to_string(), place), |error, more| error.hint(format!("also: {more}"))))
    }
}

fn spaced(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at `{path}`") }
}
