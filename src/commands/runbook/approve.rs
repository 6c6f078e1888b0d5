//! The question before the first write, and those of the script.

use super::flags::RunFlags;
use super::undo_shown::{line, show};
use crate::commands::Context;
use crate::effects::scale::Scale;
use crate::error::{Failure, Kind};
use crate::runs::asking::{NO_APP_CHECK, RUN_AGAIN, twice};
use crate::runs::halt::Halt;
use crate::runs::id::RunId;
use crate::runs::plan::{Line, Plan};
use crate::runs::rehearsal::{Rehearsed, Verdict};
use crate::runs::rights::Reviewed;
use crate::runs::undoing::{Step, Undoing};
use crate::wizard::question::{Abandoned, Aside, Question, Reply, Shape};

/// Asks whether to run the plan. The end of data is never approved by `--yes`:
/// nothing is destroyed before its script has asked for the typed name. Commands
/// in pods are: each is shown with its plan, and whoever gave a script to run
/// may run its commands.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn approve(plan: &Plan, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    permitted(plan)?;
    let prompt = format!("Run this plan on {}/{}?", plan.cluster, plan.namespace);
    let questions = plan.lines.iter().filter_map(|line| match line {
        Line::Question { question, typed, flag } => {
            Some(Coming { question: question.clone(), typed: typed.as_deref(), flag: flag.as_deref() })
        }
        _ => None,
    });
    all_answered(&prompt, &questions.collect::<Vec<_>>(), flags, context)?;
    agreed(&prompt, SHOWS, flags, context)
}

/// How to be asked nothing and see what would be asked.
const SHOWS: &str = "`--yes` approves it, `--plan-only` only shows it";

/// A question that is going to be asked, as `answer` has it.
struct Coming<'a> {
    question: String,
    typed: Option<&'a str>,
    flag: Option<&'a str>,
}

/// What is going to be asked and cannot be answered is told before the first
/// write, all of it at once. A missing `--yes` is wrong usage; what `--yes`
/// does not answer is a safety check.
fn all_answered(
    prompt: &str,
    questions: &[Coming<'_>],
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<(), Failure> {
    if context.screen.can_ask() {
        return Ok(());
    }
    let unasked = questions.iter().filter_map(|Coming { question, typed, flag }| {
        let answer = beforehand(question, *typed, *flag, flags, context)?;
        if let Err(Halt::Unasked { question, flag }) = answer { Some((question, flag)) } else { None }
    });
    let mut open: Vec<(String, String)> = unasked.filter(|(_, flag)| flag != YES).collect();
    if open.is_empty() {
        return Ok(());
    }
    let (kind, code) =
        if flags.approval.yes { (Kind::Refused, "not-confirmed") } else { (Kind::Usage, "not-approved") };
    if !flags.approval.yes {
        open.insert(0, (prompt.to_owned(), YES.to_owned()));
    }
    let mut given: Vec<&str> = open.iter().map(|(_, flag)| flag.as_str()).collect();
    given.dedup();
    let hint = format!("`{}` answers {}", given.join(" "), if open.len() == 1 { "it" } else { "all of it" });
    let what = match open.as_slice() {
        [(question, _)] => format!("nobody can be asked: {question}; nothing was changed"),
        all => {
            let lines = all.iter().map(|(question, flag)| format!("\n  {question} (`{flag}`)"));
            format!("nobody can be asked, and nothing was changed:{}", lines.collect::<String>())
        }
    };
    Err(Failure::new(kind, code, what).hint(hint))
}

/// What answers the question that needs no typed name and no flag of its own.
const YES: &str = "--yes";

/// What the cluster would refuse half-way is refused now (H-36).
fn permitted(plan: &Plan) -> Result<(), Failure> {
    let place = format!("{}/{}", plan.cluster, plan.namespace);
    let of_volumes = |right: &Reviewed| right.is_missing() && right.right.resource.starts_with("persistentvolumes");
    allowed(&place, &plan.rights, &plan.dry_runs).map_err(|failure| {
        if failure.code != NO_RIGHTS || plan.runbook != "scale-down" || !plan.rights.iter().any(of_volumes) {
            return failure;
        }
        failure.hint("or leave volumes alone: `--claims keep` keeps the claims, `--unprotected` gives them up for good")
    })
}

/// Rights that are missing at this place.
const NO_RIGHTS: &str = "no-rights";

/// Whether the cluster said yes to what it was asked about.
///
/// # Errors
/// A right is missing, or a dry run was refused.
pub fn allowed(place: &str, rights: &[Reviewed], dry_runs: &[Rehearsed]) -> Result<(), Failure> {
    let missing: Vec<_> = rights.iter().filter(|right| right.is_missing()).map(Reviewed::words).collect();
    if !missing.is_empty() {
        let what = format!("you may not {} in {place}; nothing was changed", missing.join(", "));
        return Err(Failure::refused(NO_RIGHTS, what)
            .hint("ask whoever gives out rights on this cluster for a role with these verbs"));
    }
    match dry_runs.iter().find(|tried| tried.answer == Verdict::Refused) {
        Some(Rehearsed { verb, object, why, .. }) => {
            let what = format!("{place} refuses `{verb}` of `{object}`: {why}; nothing was changed");
            Err(Failure::refused("dry-run-refused", what)
                .hint("whoever runs the admission of this cluster knows what it wants"))
        }
        None => Ok(()),
    }
}

/// A yes by flag or by a person.
fn agreed(prompt: &str, hint: &str, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    if flags.approval.yes {
        return Ok(());
    }
    if !context.screen.can_ask() {
        return Err(Failure::usage("not-approved", "nobody can approve this; nothing was changed").hint(hint));
    }
    match context.screen.ask(&Question { prompt, help: "", shape: Shape::Confirm { default: false } }) {
        Ok(Reply::Yes(true)) => Ok(()),
        Ok(Reply::Yes(false) | Reply::Text(_) | Reply::Picked(_)) => {
            Err(Failure::failed("declined", "declined; nothing was changed"))
        }
        Err(_) => Err(Failure::interrupted()),
    }
}

/// Asks whether a stopped run is to go on.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn going_on(aside: &Undoing, run: &RunId, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    if !aside.steps.is_empty() {
        context.screen.caution("what the run has scaled at its end, after the stop, is taken back first");
        aside.steps.iter().flat_map(Step::undo).for_each(|effect| context.screen.tell(&line(effect)));
    }
    let prompt = format!("Carry run {run} on?");
    all_agreed(aside, (&prompt, "`--yes` approves it, `--plan-only` shows its plan"), flags, context)
}

/// Shows what an undo would do and asks.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn undoing(undoing: &Undoing, run: &RunId, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    show(undoing, context);
    all_agreed(undoing, (&format!("Take run {run} back?"), SHOWS), flags, context)
}

/// A yes to the whole, and to each set that gets smaller.
fn all_agreed(
    undoing: &Undoing,
    (prompt, hint): (&str, &str),
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let lowers = undoing.lowers();
    let again =
        undoing.unanswered().map(|(_, exec)| Coming { question: twice(exec), typed: None, flag: Some(RUN_AGAIN) });
    let questions: Vec<_> = lowers.iter().flat_map(|(scale, going)| coming(scale, *going)).chain(again).collect();
    all_answered(prompt, &questions, flags, context)?;
    agreed(prompt, hint, flags, context)?;
    for Coming { question, typed, flag } in questions {
        match answer(&question, typed, flag, flags, context) {
            Ok(true) => {}
            Ok(false) => return Err(Failure::failed("declined", "declined; nothing was changed")),
            Err(_) => return Err(Failure::interrupted()),
        }
    }
    Ok(())
}

/// What is asked of somebody who takes so many members away again.
fn coming(scale: &Scale, going: u64) -> Vec<Coming<'_>> {
    let set = scale.set.object.name.as_str();
    let members = if going == 1 { "member" } else { "members" };
    let question = format!("nobody asked the application whether {going} {members} of {set} may go; go on?");
    let mut coming = vec![Coming { question, typed: None, flag: Some(NO_APP_CHECK) }];
    if scale.to == 0 {
        let question = format!("this takes all members of {set} away");
        coming.push(Coming { question, typed: Some(set), flag: None });
    }
    coming
}

/// Answers a question of the script: `typed` is the text that alone is a yes,
/// `flag` the one flag that answers for a person.
///
/// # Errors
/// Nobody can be asked and no flag answers; or the person left.
pub fn answer(
    question: &str,
    typed: Option<&str>,
    flag: Option<&str>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<bool, Halt> {
    beforehand(question, typed, flag, flags, context)
        .unwrap_or_else(|| understood(context.screen.ask(&aside(question, typed).question()), typed))
}

/// The same while other things go on: what a run has locked is kept.
///
/// # Errors
/// As `answer`.
pub async fn answer_aside(
    question: &str,
    typed: Option<&str>,
    flag: Option<&str>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<bool, Halt> {
    match beforehand(question, typed, flag, flags, context) {
        Some(answer) => answer,
        None => understood(context.screen.ask_aside(aside(question, typed)).await, typed),
    }
}

/// What flags say to a question, or that nobody can be asked.
fn beforehand(
    question: &str,
    typed: Option<&str>,
    flag: Option<&str>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Option<Result<bool, Halt>> {
    if typed.is_some() && flags.approval.confirm.as_deref() == typed {
        return Some(Ok(true));
    }
    if typed.is_none() && flag.is_none() && flags.approval.yes {
        return Some(Ok(true));
    }
    if flag == Some(RUN_AGAIN) && flags.run_again || flag == Some(NO_APP_CHECK) && flags.approval.no_app_check {
        return Some(Ok(true));
    }
    if context.screen.can_ask() {
        return None;
    }
    let flag = match (typed, flag) {
        (Some(name), _) => format!("--confirm {name}"),
        (None, Some(flag)) => flag.to_owned(),
        (None, None) => YES.to_owned(),
    };
    Some(Err(Halt::Unasked { question: question.to_owned(), flag }))
}

fn aside(question: &str, typed: Option<&str>) -> Aside {
    let help = typed.map(|name| format!("Type `{name}` to go on; anything else stops."));
    Aside { prompt: question.to_owned(), help: help.unwrap_or_default(), is_line: typed.is_some() }
}

fn understood(reply: Result<Reply, Abandoned>, typed: Option<&str>) -> Result<bool, Halt> {
    match reply {
        Ok(Reply::Text(text)) => Ok(Some(text.as_str()) == typed),
        Ok(Reply::Yes(yes)) => Ok(yes && typed.is_none()),
        Ok(Reply::Picked(_)) => Ok(false),
        Err(Abandoned) => Err(Halt::Interrupted),
    }
}
