//! A plan for people: what happens, line by line, with how each can be taken
//! back. Pure.

use std::fmt::Write as _;

use super::duration::short;
use super::escape::escape;
use super::style::{Mark, Style, Tint};
use crate::runs::plan::{Line, Plan, Undo};
use crate::runs::rehearsal::{Rehearsed, Verdict};
use crate::runs::rights::{Answer, Reviewed};

/// The whole plan. All its strings leave escaped.
#[must_use]
pub fn render(plan: &Plan, style: &Style) -> String {
    let what = if plan.rest { "Plan for the rest of" } else { "Plan for" };
    let mut text = format!(
        "{} on {}/{}\n",
        style.paint(Tint::Strong, &format!("{what} {}", escape(&plan.runbook))),
        escape(&plan.cluster),
        escape(&plan.namespace)
    );
    let short_digest: String = plan.script.chars().take(8).collect();
    let made = format!("  script sha256:{}  run {}", escape(&short_digest), escape(&plan.run));
    let _ = writeln!(text, "{}", style.paint(Tint::Quiet, &made));
    let mut number = 0;
    for line in &plan.lines {
        let Some(line) = worded(line, &mut number, style) else { continue };
        text.push_str(&line);
        text.push('\n');
    }
    if plan.effects() == 0 {
        text.push_str("  nothing to do\n");
    }
    let undo = if plan.runs_programs() && plan.can_be_undone() && plan.has_undos() {
        "every step can be taken back until `volumes purge`, and what commands do in pods as far as `at undo` says"
    } else if plan.runs_programs() && plan.can_be_undone() {
        "every step can be taken back until `volumes purge`, but not what commands do in pods"
    } else if plan.can_be_undone() {
        "every step can be taken back until `volumes purge`"
    } else if plan.destroys() {
        "what is destroyed is gone for good"
    } else {
        "the claims that go unprotected do not come back, nor does what their volumes do not keep"
    };
    let _ = writeln!(text, "  {:12}{undo}", "undo");
    let known = "admission webhooks, CSI drivers, the programs inside the pods".to_owned();
    let assumed = plan.runs_programs().then(|| "the commands in pods: that each ends well is assumed".to_owned());
    let answers = plan.assumes_answers().then(|| "the answers of queries: they are assumed".to_owned());
    let missing: Vec<String> = plan
        .not_simulated
        .iter()
        .map(|gap| escape(gap).into_owned())
        .chain([known])
        .chain(assumed)
        .chain(answers)
        .collect();
    for (index, gap) in missing.iter().enumerate() {
        let _ = writeln!(text, "  {:12}{gap}", if index == 0 { "not played" } else { "" });
    }
    if !plan.unknown.is_empty() {
        let _ = writeln!(text, "  {:12}{}", "unknown", escape(&plan.unknown.join(", ")));
    }
    for line in rights(plan, style).into_iter().chain(dry_runs(plan, style)) {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// What it takes, and what of that is not there.
fn rights(plan: &Plan, style: &Style) -> Vec<String> {
    let with = |answer: Answer, needed: bool| {
        let fits = |right: &&Reviewed| right.answer == answer && right.right.needed == needed;
        plan.rights.iter().filter(fits).map(Reviewed::words).collect::<Vec<_>>()
    };
    let granted = plan.rights.iter().filter(|right| right.answer == Answer::Allowed).count();
    let mut lines = vec![match plan.rights.len() {
        0 => format!("{:12}not asked", "rights"),
        all if all == granted => format!("{:12}all {all} that it takes are there", "rights"),
        all => format!("{:12}{granted} of {all} are there", "rights"),
    }];
    for (words, missing, mark) in [
        ("missing", with(Answer::Denied, true), Mark::Bad),
        ("without", with(Answer::Denied, false), Mark::Caution),
        ("not known", [with(Answer::Unknown, true), with(Answer::Unknown, false)].concat(), Mark::Caution),
    ] {
        if !missing.is_empty() {
            lines.push(format!("{:12}{} {words}: {}", "", style.mark(mark), escape(&missing.join(", "))));
        }
    }
    lines
}

/// What the server said to the effects that it was asked about.
fn dry_runs(plan: &Plan, style: &Style) -> Vec<String> {
    let accepted = plan.dry_runs.iter().filter(|tried| tried.answer == Verdict::Accepted).count();
    let mut lines = vec![match plan.dry_runs.len() {
        0 => format!("{:12}not asked", "dry runs"),
        all => {
            format!(
                "{:12}{accepted} of {all} accepted by the server; each step is asked for again before it",
                "dry runs"
            )
        }
    }];
    for Rehearsed { verb, object, answer, why } in &plan.dry_runs {
        let (mark, words) = match answer {
            Verdict::Accepted => continue,
            Verdict::Refused => (Mark::Bad, "refused"),
            Verdict::Unknown => (Mark::Caution, "not known"),
        };
        lines.push(format!(
            "{:12}{} {words}: {} {}: {}",
            "",
            style.mark(mark),
            escape(verb),
            escape(object),
            escape(why)
        ));
    }
    lines
}

/// What takes an effect back, at the end of its line.
fn taken_back(line: &Line, style: &Style) -> String {
    let Line::Effect { object, undo, undo_by, .. } = line else { return String::new() };
    match undo {
        Undo::Impossible if line.gives_up() => style.paint(Tint::Bad, "  cannot be undone"),
        Undo::Impossible => style.paint(Tint::Bad, "  for good"),
        Undo::Unknown => style.paint(Tint::Caution, "  cannot be undone"),
        Undo::Possible => {
            // The object of the line need not be named twice.
            let own = format!(" {object}");
            let steps: Vec<_> = undo_by.iter().map(|step| escape(&step.replacen(&own, "", 1)).into_owned()).collect();
            style.paint(Tint::Quiet, &format!("  (undo: {})", steps.join(", ")))
        }
        Undo::NotNeeded if line.to_compare().is_some() => style.paint(Tint::Quiet, "  (undo: not needed)"),
        Undo::NotNeeded => String::new(),
    }
}

fn worded(line: &Line, number: &mut usize, style: &Style) -> Option<String> {
    Some(match line {
        Line::Effect { verb, object, change, .. } => {
            // What is counted is what changes something for somebody, as in the report.
            let is_counted = line.to_compare().is_some();
            *number += usize::from(is_counted);
            let place = if is_counted { number.to_string() } else { String::new() };
            let change = style.paint(Tint::Quiet, &escape(change));
            format!("{place:>4}  {:13}{}  {change}{}", escape(verb), escape(object), taken_back(line, style))
        }
        Line::Wait { what, at_most } => {
            let most = short(std::time::Duration::from_secs(*at_most));
            style.paint(Tint::Quiet, &format!("      wait         {}, up to {most}", escape(what)))
        }
        Line::Step { title } => format!("  {}", style.paint(Tint::Strong, &escape(title))),
        Line::Caution { text } => format!("  {} {}", style.mark(Mark::Caution), escape(text)),
        Line::Note { text } => format!("      {}", escape(text)),
        Line::Question { question, typed: Some(name), .. } => {
            format!("      ask          {} (type `{}`)", escape(question), escape(name))
        }
        Line::Question { question, typed: None, .. } => format!("      ask          {}", escape(question)),
        Line::Query { pod, command, assumed } => {
            let answer = assumed
                .as_ref()
                .map_or_else(|| "asked".to_owned(), |assumed| format!("not asked: `{}` is assumed", escape(assumed)));
            format!("      query        {}: {}  {}", escape(pod), escape(command), style.paint(Tint::Caution, &answer))
        }
        Line::Always { label } => format!("      always       {}, at the end of this, also if it stops", escape(label)),
        Line::Undo { label, writes } => {
            format!("      at undo      {}: {}", escape(label), escape(&writes.join(", ")))
        }
        Line::AtEnd { label } => {
            format!("  {}", style.paint(Tint::Strong, &format!("at the end, always: {}", escape(label))))
        }
        Line::Phase { .. } => return None,
        Line::Output { key, value } => format!("      output       {} {}", escape(key), escape(&value.to_string())),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_for_what_is_left_of_a_run_says_so() {
        let plan = |rest: bool| {
            json!({ "apiVersion": "kubectl-stateful/v1", "kind": "Plan", "run": "r", "rest": rest, "runbook": "mine",
                "script": "5c", "parameters": {}, "cluster": "here", "namespace": "default", "lines": [],
                "notSimulated": [], "unknown": [] })
        };
        let title = |rest: bool| {
            let plan: Plan = serde_json::from_value(plan(rest)).unwrap();
            render(&plan, &Style::PLAIN).lines().next().unwrap().to_owned()
        };
        assert_eq!(title(false), "Plan for mine on here/default");
        assert_eq!(title(true), "Plan for the rest of mine on here/default");
    }
}
