//! Runs the tests that are written in Rhai beside each shipped recipe, and
//! keeps the generated index up to date. A test file sees the same engine as a
//! recipe, and four functions more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhai::{AST, Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, Scope};
use serde_json::{Value, json};

use super::diagnostics::{self, Script};
use super::engine::{Notes, engine, thrown};
use super::header::Sort;
use super::recipe::{Context, Recipe};
use super::thread::on_script_thread;
use super::{header, shipped};
use crate::wizard::check::{check, origin};
use crate::wizard::parameter::{Answer, Answers, Parameter, Type};

type Outcome = Result<Dynamic, Box<EvalAltResult>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/recipes")
}

/// Answers as the wizard would give them: what a test says, else the default.
fn answers(parameters: &[Parameter], given: &Map) -> Result<Answers, Box<EvalAltResult>> {
    if let Some(unknown) = given.keys().find(|key| !parameters.iter().any(|known| known.name == key.as_str())) {
        return Err(thrown(format!("the test answers `{unknown}`, which nobody asks"), ""));
    }
    let mut out = Answers::new();
    for parameter in parameters {
        let answer = match given.get(parameter.name.as_str()) {
            Some(value) => Some(answer(&parameter.kind, value)?),
            None if parameter.required() => {
                return Err(thrown(format!("the test must answer `{}`", parameter.name), ""));
            }
            None => parameter.value.clone(),
        };
        out.extend(answer.map(|answer| (parameter.name.clone(), answer)));
    }
    Ok(out)
}

fn answer(kind: &Type, value: &Dynamic) -> Result<Answer, Box<EvalAltResult>> {
    let wrong = |reason: String| thrown(format!("the test's answer is wrong: {reason}"), "");
    if let Some(items) = value.read_lock::<Array>() {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        items.iter().try_for_each(|item| check(kind, item).map(drop)).map_err(wrong)?;
        return Ok(Answer::List(items));
    }
    let text = value.to_string();
    if *kind == Type::Secret {
        origin(&text).map(Answer::Secret).map_err(wrong)
    } else {
        check(kind, &text).map_err(wrong)
    }
}

/// The functions of a test file: `objects(answers)`, `notes(answers)`,
/// `connect(answers)`, `fails(answers)`, `find(objects, kind, name)`,
/// `assert(condition, message)`. All objects are made for the namespace `test`.
fn test_engine(recipe: &Arc<Recipe>) -> Engine {
    let mut engine = engine(Arc::new(|| false), &Notes::default());
    let context = || Context::new("test", "sandbox");
    let of = |recipe: &Arc<Recipe>| Arc::clone(recipe);
    let r = of(recipe);
    engine.register_fn("objects", move |given: Map| -> Outcome {
        let made = r.objects(&answers(&r.header.parameters, &given)?, &context());
        rhai::serde::to_dynamic(made.map_err(|error| thrown(error.to_string(), ""))?)
    });
    let r = of(recipe);
    engine.register_fn("notes", move |given: Map| -> Outcome {
        let made = r.make(&answers(&r.header.parameters, &given)?, &context());
        rhai::serde::to_dynamic(made.map_err(|error| thrown(error.to_string(), ""))?.notes)
    });
    let r = of(recipe);
    engine.register_fn("connect", move |given: Map| -> Outcome {
        let lines = r.connect(&answers(&r.header.parameters, &given)?, &context());
        rhai::serde::to_dynamic(lines.map_err(|error| thrown(error.to_string(), ""))?)
    });
    let r = of(recipe);
    engine.register_fn("fails", move |given: Map| -> Outcome {
        match r.objects(&answers(&r.header.parameters, &given)?, &context()) {
            Ok(_) => Err(thrown("the recipe took the answers", "")),
            Err(error) => Ok(error.message().to_owned().into()),
        }
    });
    engine.register_fn("find", |objects: Array, kind: ImmutableString, name: ImmutableString| -> Outcome {
        let is = |object: &Dynamic| {
            let object: Value = rhai::serde::from_dynamic(object).unwrap_or_default();
            object["kind"] == kind.as_str() && object["metadata"]["name"] == name.as_str()
        };
        objects.into_iter().find(is).ok_or_else(|| thrown(format!("there is no {kind}/{name}"), ""))
    });
    engine.register_fn("assert", |condition: bool, message: ImmutableString| -> Outcome {
        if condition { Ok(Dynamic::UNIT) } else { Err(thrown(message.as_str(), "")) }
    });
    engine
}

/// Runs every `test_*` of one test file; the failures as text.
fn run_tests(recipe: Recipe, file: &Path) -> Result<usize, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let script = Script { name: &name, text: &text };
    let recipe = Arc::new(recipe);
    on_script_thread(|| {
        let engine = test_engine(&recipe);
        let ast: AST = engine.compile(&text).map_err(|error| diagnostics::from_parse(&script, &error).to_string())?;
        let tests: BTreeSet<&str> =
            ast.iter_functions().map(|function| function.name).filter(|name| name.starts_with("test_")).collect();
        let mut failures = Vec::new();
        for test in &tests {
            if let Err(error) = engine.call_fn::<Dynamic>(&mut Scope::new(), &ast, test, ()) {
                failures.push(format!("{test}: {}", diagnostics::from_eval(&script, *error, &[])));
            }
        }
        if failures.is_empty() { Ok(tests.len()) } else { Err(failures.join("\n")) }
    })
}

#[test]
fn every_shipped_recipe_passes_its_own_tests() {
    for (name, _) in shipped::RECIPES {
        let recipe = Recipe::shipped(name).unwrap_or_else(|| panic!("`{name}` is not in the index"));
        let passed =
            run_tests(recipe, &folder().join(format!("{name}_test.rhai"))).unwrap_or_else(|error| panic!("{error}"));
        assert!(passed >= 3, "`{name}` has only {passed} tests");
    }
}

#[test]
fn a_failing_test_says_where() {
    let recipe = Recipe::shipped("couchdb").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x_test.rhai");
    std::fs::write(&file, "fn test_a() {\n    assert(1 == 2, \"sums are off\");\n}").unwrap();
    let error = run_tests(recipe, &file).unwrap_err();
    assert!(error.contains("test_a: sums are off\n  --> x_test.rhai:2:5"), "{error}");
}

#[test]
fn every_script_of_the_folder_is_shipped() {
    for (sort, scripts) in SORTS {
        let files: BTreeSet<String> = std::fs::read_dir(folder().join("..").join(sort.folder()))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".rhai").filter(|name| !name.ends_with("_test")).map(str::to_owned))
            .collect();
        let shipped: BTreeSet<String> = scripts.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(files, shipped);
        assert!(scripts.is_sorted());
    }
}

const SORTS: [(Sort, &[(&str, &str)]); 2] = [(Sort::Recipe, shipped::RECIPES), (Sort::Runbook, shipped::RUNBOOKS)];

/// `UPDATE_GENERATED=1` writes it anew.
#[test]
fn the_index_holds_the_headers_of_the_scripts() {
    for ((sort, scripts), known) in SORTS.into_iter().zip([shipped::INDEX, shipped::RUNBOOK_INDEX]) {
        let entry = |(name, text): &(&str, &str)| -> Value {
            let script = Script { name, text };
            let ast = engine(Arc::new(|| false), &Notes::default()).compile(text).unwrap();
            let literal = header::literal(&ast, sort, &script).unwrap_or_else(|error| panic!("{error}"));
            header::read(&literal, sort, &script).unwrap_or_else(|error| panic!("{error}"));
            json!({ "name": name, (sort.word()): literal })
        };
        let index: Vec<Value> = on_script_thread(|| scripts.iter().map(entry).collect());
        let text = serde_json::to_string_pretty(&index).unwrap() + "\n";
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(folder().join("..").join(sort.folder()).join("index.json"), text).unwrap();
        } else {
            assert!(text == known, "stale: run the tests once with UPDATE_GENERATED=1");
        }
    }
}
