//! Steps, checks, questions, results.

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext};

use super::super::bridge::Bridge;
use super::super::engine::thrown;
use super::super::manifest;
use crate::runs::call::Call;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine, bridge: &Bridge) {
    let own = || bridge.clone();
    let (one, two, three, four) = (own(), own(), own(), own());
    engine.register_fn("guard", move |holds: bool, message: &str| {
        one.ask(Call::Guard { holds, message: message.to_owned() }).map(drop)
    });
    engine.register_fn("note", move |text: &str| say(&two, text, false));
    engine.register_fn("warn", move |text: &str| say(&three, text, true));
    engine.register_fn("confirm", move |question: &str| confirm(&four, question, &Map::new()));
    let (one, two, three) = (own(), own(), own());
    engine.register_fn("confirm", move |question: &str, options: Map| confirm(&one, question, &options));
    engine.register_fn("step", move |context: NativeCallContext<'_>, title: &str, work: FnPtr| {
        two.ask(Call::Step { title: title.to_owned() })?;
        work.call_within_context::<Dynamic>(&context, ())
    });
    engine.register_fn("output", move |key: &str, value: Dynamic| {
        let value = manifest::plain(&value).map_err(|unfit| thrown(unfit.reason, "an output is plain data"))?;
        three.ask(Call::Output { key: key.to_owned(), value }).map(drop)
    });
}

fn say(bridge: &Bridge, text: &str, caution: bool) -> Outcome<()> {
    bridge.ask(Call::Say { text: text.to_owned(), caution }).map(drop)
}

fn confirm(bridge: &Bridge, question: &str, options: &Map) -> Outcome<()> {
    if let Some(unknown) = options.keys().find(|key| !["typed", "flag"].contains(&key.as_str())) {
        return Err(thrown(format!("unknown option `{unknown}`"), "known are `typed` and `flag`"));
    }
    let (typed, flag) = (option(options, "typed")?, option(options, "flag")?);
    bridge.ask(Call::Confirm { question: question.to_owned(), typed, flag }).map(drop)
}

fn option(options: &Map, name: &str) -> Outcome<Option<String>> {
    options
        .get(name)
        .map(|value| value.clone().into_string())
        .transpose()
        .map_err(|found| thrown(format!("`{name}` must be text, and is {found}"), ""))
}
