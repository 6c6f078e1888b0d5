//! A runbook: a script that changes a running workload through the verbs that
//! it is given. Its phases run one after the other on one thread; what they ask
//! for is carried out, written down and compared by `runs`.

use std::sync::Arc;

use rhai::{AST, Dynamic, EvalAltResult, Scope};
use sha2::{Digest, Sha256};

use super::bridge::{Bridge, bridge};
use super::diagnostics::{self, Script};
use super::engine::{Cancel, Notes, engine};
use super::error::{ScriptError, Trouble};
use super::header::{self, Header, Sort};
use super::thread::on_script_thread;
use super::values::Params;
use super::{shipped, verbs, whereabouts};
use crate::effects::Effect;
use crate::effects::lock::Lock;
use crate::runs::call::{Call, Phase};
use crate::wizard::parameter::{Answer, Answers, Type};

/// A runbook whose header has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Runbook {
    /// `scale-down`, or the path of the file.
    pub name: String,
    pub source: String,
    pub header: Header,
}

const PHASES: [Phase; 3] = [Phase::Preflight, Phase::Run, Phase::Verify];

impl Runbook {
    /// A runbook that comes with the program.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, source) = shipped::RUNBOOKS.iter().find(|(known, _)| *known == name)?;
        let (_, header) = shipped::runbook_headers().iter().find(|(known, _)| known == name)?;
        Some(Self { name: name.to_owned(), source: (*source).to_owned(), header: header.clone() })
    }

    /// Name and header of each of them. Parses no script.
    #[must_use]
    pub fn shipped_headers() -> &'static [(String, Header)] {
        shipped::runbook_headers()
    }

    /// A runbook from its text; `name` stands in messages.
    ///
    /// # Errors
    /// It does not compile, its header is wrong, or it has no `run(p)`.
    pub fn from_source(name: String, source: String) -> Result<Self, ScriptError> {
        let script = Script { name: &name, text: &source };
        let header = on_script_thread(|| {
            let mut engine = engine(Arc::new(|| false), &Notes::default());
            let (side, _) = bridge("", "");
            verbs::register(&mut engine, &side, &verbs::Always::default());
            let ast = diagnostics::compile(&engine, &script)?;
            if !has(&ast, Phase::Run) {
                return Err(ScriptError::new(Trouble::Invalid, format!("`{name}` has no function `run(p)`"))
                    .at(Some(whereabouts::function(&script, "run")))
                    .hint("write: fn run(p) { p.set.scale(2); }"));
            }
            header::read(&header::literal(&ast, Sort::Runbook, &script)?, Sort::Runbook, &script)
        })?;
        Ok(Self { name, source, header })
    }

    /// SHA-256 of the text, in hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        use std::fmt::Write as _;
        Sha256::digest(self.source.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Plays all phases, one call after the other. Runs on the calling thread,
    /// which must be one for scripts.
    ///
    /// # Errors
    /// The script failed, or was ended from the other side of the bridge.
    pub fn play(&self, answers: &Answers, bridge: &Bridge, cancel: Cancel) -> Result<(), ScriptError> {
        let script = Script { name: &self.name, text: &self.source };
        let mut engine = engine(cancel, &Notes::default());
        let always = verbs::Always::default();
        verbs::register(&mut engine, bridge, &always);
        let ast = diagnostics::compile(&engine, &script)?;
        let failed = |error: Box<EvalAltResult>| -> ScriptError {
            let known = verbs::names().chain(ast.iter_functions().map(|known| known.name.to_owned()));
            diagnostics::from_eval(&script, *error, &known.collect::<Vec<_>>())
        };
        for phase in PHASES.into_iter().filter(|phase| has(&ast, *phase)) {
            bridge.ask(Call::Phase { phase }).map_err(failed)?;
            if phase == Phase::Run {
                self.lock(answers, bridge).map_err(failed)?;
            }
            let p = self.params(answers, bridge).map_err(failed)?;
            let ran: Result<Dynamic, Box<EvalAltResult>> =
                engine.call_fn(&mut Scope::new(), &ast, phase.function(), (p,));
            let caught = bridge.nothing_refused();
            let ran = ran.map(drop).and(caught).map_err(failed);
            if phase == Phase::Run {
                always.at_end(ran, &engine, &ast, bridge, &failed)?;
            } else {
                ran?;
            }
            bridge.nothing_refused().map_err(failed)?;
        }
        Ok(())
    }

    /// Whether it may look at objects that have no verb of their own, or write them.
    #[must_use]
    pub fn has_general_words(&self) -> bool {
        self.source.contains(verbs::MODULE)
    }

    /// The names of the sets that it works on, which are locked while it runs.
    #[must_use]
    pub fn sets(&self, answers: &Answers) -> Vec<String> {
        let sets = self.header.parameters.iter().filter(|parameter| parameter.kind == Type::StatefulSet);
        sets.filter_map(|parameter| answers.get(&parameter.name).and_then(Answer::plain)).collect()
    }

    fn lock(&self, answers: &Answers, bridge: &Bridge) -> Result<(), Box<EvalAltResult>> {
        for set in self.sets(answers) {
            let Some(lock) = Lock::on(&set, &bridge.namespace, &bridge.run) else { continue };
            bridge.ask(Call::Effect { effect: Effect::Lock(lock) })?;
        }
        Ok(())
    }

    /// The answers as `p`; sets are read anew for each phase.
    fn params(&self, answers: &Answers, bridge: &Bridge) -> Result<Params, Box<EvalAltResult>> {
        let mut params = Params::of(&self.header.parameters, answers);
        for parameter in self.header.parameters.iter().filter(|parameter| parameter.kind == Type::StatefulSet) {
            let Some(name) = answers.get(&parameter.name).and_then(Answer::plain) else { continue };
            params.insert(&parameter.name, verbs::set(bridge, &name)?);
        }
        Ok(params)
    }
}

fn has(ast: &AST, phase: Phase) -> bool {
    ast.iter_functions().any(|known| known.name == phase.function() && known.params.len() == 1)
}
