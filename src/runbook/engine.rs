//! The one place where an engine is made. Every limit is set explicitly,
//! because Rhai's own differ between debug and release builds. A script has no
//! file, network, environment, shell, clock, `eval` or module: what it can do
//! is what is registered here and in `values` and `vocabulary`.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rhai::packages::{
    BasicArrayPackage, BasicMapPackage, BasicMathPackage, CorePackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Dynamic, Engine, EvalAltResult, Map, Module, OptimizationLevel, Position, Shared};

/// The newest script interface that this program knows.
pub const API: i64 = 1;

/// Size of the largest script, in bytes.
pub const LARGEST_SCRIPT: usize = 1 << 20;

const OPERATIONS: u64 = 5_000_000;
const CALLS: usize = 48;
const EXPRESSIONS: usize = 64;
const STRING: usize = 1 << 20;
/// Elements of an array or map with all that is nested in it. It also bounds
/// how deep a value can nest: a value is dropped recursively, and counted anew
/// with every operation on it.
const ELEMENTS: usize = 3_000;
const NOTES: usize = 200;
const NOTE: usize = 1_000;

/// Says whether the script is to stop; asked again and again while it runs.
pub type Cancel = Arc<dyn Fn() -> bool + Send + Sync>;

/// What a script printed, at most 200 lines of 1,000 characters. Raw text.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, text: &str) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < NOTES {
            notes.push(text.chars().take(NOTE).collect());
        }
    }

    /// All lines so far; the collection is empty afterwards.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What scripts have of the language. It is made once: an engine is new for each
/// script, these hundreds of functions are not.
static LANGUAGE: LazyLock<[Shared<Module>; 6]> = LazyLock::new(|| {
    [
        CorePackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
    ]
});

/// An engine for one script.
pub fn engine(cancel: Cancel, notes: &Notes) -> Engine {
    let mut engine = Engine::new_raw();
    for package in LANGUAGE.iter() {
        engine.register_global_module(package.clone());
    }
    // `Full` would run registered functions while compiling, `Simple` drops
    // branches that a check of the script should see.
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_max_operations(OPERATIONS)
        .set_max_call_levels(CALLS)
        .set_max_expr_depths(EXPRESSIONS, EXPRESSIONS)
        .set_max_variables(1_000)
        .set_max_functions(500)
        .set_max_modules(0)
        .set_max_string_size(STRING)
        .set_max_array_size(ELEMENTS)
        .set_max_map_size(ELEMENTS)
        .set_max_strings_interned(1_000)
        .set_strict_variables(true)
        .disable_symbol("eval")
        .disable_symbol("import")
        .on_progress(move |_| cancel().then(|| "cancelled".into()));
    let printed = notes.clone();
    let debugged = notes.clone();
    engine.on_print(move |text| printed.add(text)).on_debug(move |text, _, _| debugged.add(text));
    refuse(&mut engine);
    super::values::register(&mut engine);
    super::vocabulary::register(&mut engine);
    engine
}

/// Functions of the language that would end a script as a success, block it
/// out of reach of Ctrl-C, or make two runs differ.
fn refuse(engine: &mut Engine) {
    type Never = Result<Dynamic, Box<EvalAltResult>>;
    const EXIT: &str = "use `return`, or `throw \"the reason\"` to refuse";
    const SLEEP: &str = "waiting is the business of the program that applies the objects";
    const CLOCK: &str = "a script must give the same result every time, so it has no clock";
    engine.register_fn("exit", || -> Never { Err(thrown("`exit` is not available", EXIT)) });
    engine.register_fn("exit", |_: Dynamic| -> Never { Err(thrown("`exit` is not available", EXIT)) });
    engine.register_fn("sleep", |_: i64| -> Never { Err(thrown("`sleep` is not available", SLEEP)) });
    engine.register_fn("sleep", |_: f64| -> Never { Err(thrown("`sleep` is not available", SLEEP)) });
    engine.register_fn("timestamp", || -> Never { Err(thrown("`timestamp` is not available", CLOCK)) });
}

/// The key that tells errors of ours from what a script threw itself.
pub(super) const OURS: &str = "$ours";

/// An error of a registered function: a message and what to do about it. Rhai
/// adds the position of the call. Scripts can catch it as a map.
#[expect(clippy::unnecessary_box_returns, reason = "it is what registered functions return")]
pub(super) fn thrown(message: impl Into<String>, hint: &str) -> Box<EvalAltResult> {
    let mut error = Map::new();
    error.insert("message".into(), message.into().into());
    error.insert(OURS.into(), true.into());
    if !hint.is_empty() {
        error.insert("hint".into(), hint.into());
    }
    Box::new(EvalAltResult::ErrorRuntime(error.into(), Position::NONE))
}

/// The same where a script must not go on as if nothing had been refused: it cannot catch that.
#[expect(clippy::unnecessary_box_returns, reason = "it is what registered functions return")]
pub(super) fn refused(message: impl Into<String>, hint: &str) -> Box<EvalAltResult> {
    match *thrown(message, hint) {
        EvalAltResult::ErrorRuntime(error, position) => Box::new(EvalAltResult::ErrorTerminated(error, position)),
        other => Box::new(other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Trouble;
    use super::super::recipe::Context;
    use super::super::samples::{answers, broken, make, recipe};

    #[test]
    fn what_would_end_block_or_vary_a_run_is_refused_with_a_hint() {
        for (code, hint) in [
            ("exit();", "return"),
            ("exit(#{});", "return"),
            ("[1].map(|x| exit(x));", "return"),
            ("sleep(1);", "waiting"),
            ("sleep(0.5);", "waiting"),
            ("timestamp();", "no clock"),
            ("import \"x\" as y;", "imports nothing"),
            ("eval(\"1\");", "write the code out"),
        ] {
            let error = broken(&format!("fn objects(p) {{ {code} [] }}"));
            assert!(error.hints().concat().contains(hint), "{code}: {error}");
            assert_eq!(error.place().map(|place| place.line), Some(6), "{code}");
        }
    }

    #[test]
    fn endless_scripts_end_and_cannot_catch_their_end() {
        for code in [
            "loop { try { let x = 1; } catch (e) { } }",
            "fn deep(n) { deep(n + 1) } try { deep(0) } catch (e) { [] }",
            "let s = \"ab\"; loop { s += s; }",
            "let a = []; loop { a.push(a); }",
            "let m = #{}; loop { m = #{ inner: m }; }",
        ] {
            let (functions, body) = code
                .split_once("} try")
                .map_or(("", code.to_owned()), |(function, rest)| (function, format!("try{rest}")));
            let functions = if functions.is_empty() { String::new() } else { format!("{functions}}}") };
            let error = broken(&format!("fn objects(p) {{ {body} }} {functions}"));
            assert_eq!(error.trouble(), Trouble::Broken, "{code}: {error}");
        }
    }

    #[test]
    fn scripts_as_deep_as_the_limits_allow_do_not_overflow_the_stack() {
        let nested = format!("fn objects(p) {{ let a = {}1{}; [] }}", "(".repeat(5_000), ")".repeat(5_000));
        assert_eq!(broken(&nested).trouble(), Trouble::Invalid);
        let blocks = format!("fn objects(p) {{ {} {} [] }}", "if true {".repeat(5_000), "}".repeat(5_000));
        assert_eq!(broken(&blocks).trouble(), Trouble::Invalid);
        let calls = "fn objects(p) { down(40); [] } fn down(n) { if n > 0 { [n].map(|x| ((((x))))); down(n - 1) } }";
        assert_eq!(make(calls).map(|made| made.objects), Ok(Vec::new()));
    }

    #[test]
    fn a_cancelled_script_stops_as_interrupted() {
        let context = Context::new("apps", "sandbox").cancelled_by(|| true);
        let endless = recipe("fn objects(p) { loop { try { p.count; } catch (e) { } } }");
        let error = endless.and_then(|recipe| recipe.make(&answers(), &context)).unwrap_err();
        assert_eq!(error.trouble(), Trouble::Cancelled);
        assert_eq!(crate::error::Failure::from(error).kind, crate::error::Kind::Interrupted);
    }

    #[test]
    fn what_is_printed_becomes_notes_and_is_bounded() {
        let made = make("fn objects(p) { print(\"a\"); debug(1); print(p.password); [] }").unwrap();
        assert_eq!(made.notes, ["a", "1", "secret:password"]);
        let many = make("fn objects(p) { for i in 0..5000 { print(i); } [] }").unwrap();
        assert_eq!(many.notes.len(), 200);
    }
}
