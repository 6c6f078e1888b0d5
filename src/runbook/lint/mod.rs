//! What can be seen to be wrong with a runbook without running it: names that
//! nothing has, parameters that nobody uses, effects that were not declared,
//! and decisions that may come out otherwise in the run than in the plan.

mod kinds;
mod reading;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rhai::{Engine, Position};

use self::reading::{Called, Function, Reading, full_name};
use self::source::Objects;
use super::bridge::bridge;
use super::diagnostics::{self, Script};
use super::engine::{Notes, engine};
use super::error::{ScriptError, Trouble};
use super::script::Runbook;
use super::thread::on_script_thread;
use super::verbs::{self, EFFECTFUL, MODULE, OF_OBJECTS, UNDOABLE};
use super::whereabouts;
use crate::objects::nearest::nearest;
use crate::runs::call::Phase;

/// Words of the language that look like functions.
const KEYWORDS: &[&str] = &["call", "curry", "debug", "Fn", "is_def_fn", "is_def_var", "is_shared", "print", "type_of"];

/// Words for what is done later.
const SAID: [&str; 2] = ["always", "undo"];

/// Something that is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It cannot work.
    Error(ScriptError),
    /// It can, and perhaps not as it was meant.
    Warning(ScriptError),
}

impl Runbook {
    /// Looks for what is wrong, in the order of the text.
    ///
    /// # Errors
    /// It does not compile.
    pub fn check(&self) -> Result<Vec<Finding>, ScriptError> {
        on_script_thread(|| {
            let script = Script { name: &self.name, text: &self.source };
            let mut engine = engine(Arc::new(|| false), &Notes::default());
            let (side, _) = bridge("", "");
            verbs::register(&mut engine, &side, &verbs::Always::default());
            let ast = diagnostics::compile(&engine, &script)?;
            let reading = Reading::of(&ast);
            let mut lint = Lint { runbook: self, script, reading: &reading, found: Vec::new() };
            lint.calls(&known_functions(&engine, &reading.functions));
            lint.fields(&known_fields(&engine));
            lint.effects();
            lint.kinds();
            lint.said();
            lint.branches();
            lint.found.sort_by_key(|(line, column, _)| (*line, *column));
            Ok(lint.found.into_iter().map(|(.., finding)| finding).collect())
        })
    }
}

/// All functions with the numbers of arguments that they take; as a method the
/// first of them stands before the dot.
fn known_functions(engine: &Engine, own: &[Function]) -> BTreeMap<String, BTreeSet<usize>> {
    let of_engine = |known: rhai::FuncInfo<'_>| {
        let name = full_name(&known.namespace, &known.metadata.name);
        Some((name, known.metadata.num_params))
    };
    let mut functions: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (name, count) in engine.collect_fn_metadata(None, of_engine, true) {
        functions.entry(name).or_default().insert(count);
    }
    for function in own {
        let counts = functions.entry(function.name.clone()).or_default();
        // A method of the script's own has what stands before the dot as `this`.
        counts.extend([function.params.len(), function.params.len() + 1]);
    }
    functions
}

/// The fields of all handles, and those of texts, lists and maps.
fn known_fields(engine: &Engine) -> BTreeSet<String> {
    let getter = |known: rhai::FuncInfo<'_>| known.metadata.name.strip_prefix("get$").map(str::to_owned);
    engine.collect_fn_metadata(None, getter, true).into_iter().chain(verbs::fields().map(str::to_owned)).collect()
}

struct Lint<'a> {
    runbook: &'a Runbook,
    script: Script<'a>,
    reading: &'a Reading,
    found: Vec<(usize, usize, Finding)>,
}

impl Lint<'_> {
    fn add(&mut self, at: Position, make: fn(ScriptError) -> Finding, message: String, hint: Option<String>) {
        let place = diagnostics::place_of(&self.script, at).map(diagnostics::behind_dot);
        let key = place.as_ref().map_or((1, 1), |place| (place.line, place.column));
        let error = ScriptError::new(Trouble::Invalid, message).at(place);
        let error = hint.into_iter().fold(error, ScriptError::hint);
        self.found.push((key.0, key.1, make(error)));
    }

    fn calls(&mut self, known: &BTreeMap<String, BTreeSet<usize>>) {
        for function in &self.reading.functions {
            for call in &function.calls {
                if KEYWORDS.contains(&call.name.as_str()) || call.name.starts_with("anon$") {
                    continue;
                }
                let given = call.arguments.len() + usize::from(call.is_method);
                let full = full_name(&call.module, &call.name);
                match known.get(&full) {
                    Some(counts) if counts.contains(&given) => {}
                    Some(_) => {
                        let (name, count) = (&full, call.arguments.len());
                        let what = format!("`{name}` does not take {count} arguments");
                        self.add(call.at, Finding::Error, what, None);
                    }
                    None => {
                        let names = known.keys().map(String::as_str).filter(|name| is_word(name));
                        let hint = if call.module.is_empty() {
                            verbs::not_yet(&call.name).or_else(|| meant(&call.name, names))
                        } else {
                            let module = format!("{}::", call.module);
                            meant(&full, known.keys().map(String::as_str).filter(|known| known.starts_with(&module)))
                        };
                        self.add(call.at, Finding::Error, format!("there is no function `{full}`"), hint);
                    }
                }
            }
        }
    }

    /// The variables that hold the parameters, by function.
    fn parameters(&self) -> BTreeSet<(String, String)> {
        let phase = |name: &str| [Phase::Preflight, Phase::Run, Phase::Verify].iter().any(|one| one.function() == name);
        let mut held = BTreeSet::new();
        for function in self.reading.functions.iter().filter(|function| phase(&function.name)) {
            held.extend(function.params.first().map(|param| (function.name.clone(), param.clone())));
        }
        loop {
            let before = held.len();
            for function in &self.reading.functions {
                for call in &function.calls {
                    held.extend(self.handed_on(function, call, &held));
                }
                // A closure knows the variables around it by their names.
                for closure in &function.closures {
                    let names =
                        held.iter().filter(|(holder, _)| *holder == function.name).map(|(_, name)| name.clone());
                    let names: Vec<_> = names.map(|name| (closure.clone(), name)).collect();
                    held.extend(names);
                }
            }
            if held.len() == before {
                return held;
            }
        }
    }

    fn handed_on(
        &self,
        function: &Function,
        call: &Called,
        held: &BTreeSet<(String, String)>,
    ) -> Vec<(String, String)> {
        let Some(callee) = self.reading.functions.iter().find(|known| known.name == call.name) else {
            return Vec::new();
        };
        let is_held = |name: &String| held.contains(&(function.name.clone(), name.clone()));
        let pairs = call.arguments.iter().zip(&callee.params);
        let handed = pairs.filter(|(argument, _)| argument.as_ref().is_some_and(is_held));
        handed.map(|(_, param)| (callee.name.clone(), param.clone())).collect()
    }

    fn fields(&mut self, known: &BTreeSet<String>) {
        let held = self.parameters();
        let header = &self.runbook.header;
        let declared: Vec<&str> = header.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let mut used = BTreeSet::new();
        let objects = Objects::of(&self.reading.functions);
        for function in &self.reading.functions {
            for field in &function.fields {
                let of_parameters =
                    field.of.as_ref().is_some_and(|of| held.contains(&(function.name.clone(), of.clone())));
                let (is_known, what) = if of_parameters {
                    used.insert(field.name.clone());
                    (declared.contains(&field.name.as_str()), format!("no parameter `{}` is declared", field.name))
                } else {
                    // An object that was read has the fields of its kind.
                    let is_known = known.contains(&field.name)
                        || self.reading.keys.contains(&field.name)
                        || objects.has(function, &field.on);
                    (is_known, format!("nothing has a field `{}`", field.name))
                };
                if is_known {
                    continue;
                }
                let hint = if of_parameters {
                    meant(&field.name, declared.iter().copied())
                } else {
                    meant(&field.name, known.iter().map(String::as_str))
                };
                self.add(field.at, Finding::Error, what, hint);
            }
        }
        for parameter in header.parameters.iter().filter(|parameter| !used.contains(&parameter.name)) {
            let what = format!("parameter `{}` is declared and never used", parameter.name);
            self.at_word(&parameter.name, Finding::Warning, what);
        }
    }

    /// Something about a word of the header.
    fn at_word(&mut self, word: &str, make: fn(ScriptError) -> Finding, message: String) {
        let place = whereabouts::in_header(&self.script, word);
        let error = ScriptError::new(Trouble::Invalid, message).at(Some(place.clone()));
        self.found.push((place.line, place.column, make(error)));
    }

    /// The functions that have an effect, whoever calls them.
    fn effectful(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        loop {
            let before = names.len();
            for function in &self.reading.functions {
                let has = function.calls.iter().any(|call| is_effect(call) || names.contains(&call.name))
                    || function.closures.iter().any(|closure| names.contains(closure));
                if has {
                    names.insert(function.name.clone());
                }
            }
            if names.len() == before {
                return names;
            }
        }
    }

    fn effects(&mut self) {
        let declared = &self.runbook.header.effects;
        let mut used = BTreeSet::new();
        for function in &self.reading.functions {
            for call in function.calls.iter().filter(|call| is_effect(call)) {
                for kind in kinds_of(call) {
                    used.insert(kind);
                    if !declared.iter().any(|known| known == kind) {
                        let name = full_name(&call.module, &call.name);
                        let what = format!("`{name}` is an effect of kind `{kind}`, which is not declared");
                        self.add(call.at, Finding::Error, what, Some(format!("add \"{kind}\" to `RUNBOOK.effects`")));
                    }
                }
            }
        }
        for kind in declared.iter().filter(|kind| !used.contains(kind.as_str())) {
            self.at_word(kind, Finding::Warning, format!("effect `{kind}` is declared and never used"));
        }
        let effectful = self.effectful();
        for phase in [Phase::Preflight, Phase::Verify].map(Phase::function) {
            if effectful.contains(phase) {
                let place = whereabouts::function(&self.script, phase);
                let what = format!("`{phase}(p)` has an effect, and may only look");
                let error = ScriptError::new(Trouble::Invalid, what).at(Some(place.clone()));
                let error = error.hint("what changes something belongs into `run(p)`");
                self.found.push((place.line, place.column, Finding::Error(error)));
            }
        }
    }

    /// What is done at the end of `run` or by an undo is said in it.
    fn said(&mut self) {
        let phases = [Phase::Preflight, Phase::Verify].map(Phase::function);
        for function in self.reading.functions.iter().filter(|function| phases.contains(&function.name.as_str())) {
            for call in function.calls.iter().filter(|call| SAID.contains(&call.name.as_str())) {
                let what = format!("`{}(p)` says `{}(…)`, which belongs into `run(p)`", function.name, call.name);
                self.add(call.at, Finding::Error, what, None);
            }
        }
        self.within("undo", |call| {
            let is_verb = call.module == MODULE || verbs::names().any(|known| known == call.name);
            is_verb && !UNDOABLE.contains(&call.name.as_str())
        });
        self.within("always", |call| SAID.contains(&call.name.as_str()));
    }

    /// What cannot be said in the functions that a word is given.
    fn within(&mut self, word: &str, is_refused: impl Fn(&Called) -> bool) {
        let functions = &self.reading.functions;
        let words = functions.iter().flat_map(|function| &function.calls).filter(|call| call.name == word);
        let closures: BTreeSet<&String> = words.flat_map(|call| &call.closures).collect();
        for function in functions.iter().filter(|function| closures.contains(&function.name)) {
            for call in function.calls.iter().filter(|call| is_refused(call)) {
                let name = full_name(&call.module, &call.name);
                let what = format!("`{name}` cannot be said within `{word}(…)`");
                self.add(call.at, Finding::Error, what, None);
            }
        }
    }

    fn branches(&mut self) {
        let effectful = self.effectful();
        for branch in self.reading.functions.iter().flat_map(|function| &function.branches) {
            let is_effect = |name: &str| {
                EFFECTFUL.iter().any(|(effect, _)| *effect == name)
                    || name.strip_prefix("k8s::").is_some_and(|word| OF_OBJECTS.contains(&word))
            };
            let decides = |name: &String| effectful.contains(name) || is_effect(name);
            if branch.names.iter().any(decides) {
                let what = format!("`{}` changes by itself, and decides here about an effect", branch.field);
                let hint = "the run stops where it would do something else than its plan: check it with `guard(…)`";
                self.add(branch.at, Finding::Warning, what, Some(hint.to_owned()));
            }
        }
    }
}

fn is_effect(call: &Called) -> bool {
    !kinds_of(call).is_empty()
}

/// The kinds of effects that a call has.
fn kinds_of(call: &Called) -> Vec<&'static str> {
    if call.module == MODULE {
        return OF_OBJECTS.into_iter().filter(|word| *word == call.name).collect();
    }
    let known = EFFECTFUL.iter().filter(|(name, _)| call.is_method && *name == call.name);
    known.flat_map(|(_, kinds)| kinds.iter().copied()).collect()
}

fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() || first == '_') && !name.contains('$')
}

fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|meant| format!("did you mean `{meant}`?"))
}
