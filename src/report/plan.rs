//! A plan for people: what happens, line by line, with how each can be taken
//! back. Pure.

use std::fmt::Write as _;

use super::duration::short;
use super::escape::escape;
use super::style::{Mark, Style, Tint};
use crate::runs::plan::{Line, Plan, Undo};

/// The whole plan. All its strings leave escaped.
#[must_use]
pub fn render(plan: &Plan, style: &Style) -> String {
    let mut text = format!(
        "{} on {}/{}\n",
        style.paint(Tint::Strong, &format!("Plan for {}", escape(&plan.runbook))),
        escape(&plan.cluster),
        escape(&plan.namespace)
    );
    let short_digest: String = plan.script.chars().take(8).collect();
    let _ =
        writeln!(text, "{}", style.paint(Tint::Quiet, &format!("  script sha256:{short_digest}  run {}", plan.run)));
    let mut number = 0;
    for line in &plan.lines {
        let Some(line) = worded(line, &mut number, style) else { continue };
        text.push_str(&line);
        text.push('\n');
    }
    if plan.effects() == 0 {
        text.push_str("  nothing to do\n");
    }
    let undo = if plan.can_be_undone() {
        "every step can be taken back until `volumes purge`"
    } else {
        "what is destroyed is gone for good"
    };
    let _ = writeln!(text, "  {:12}{undo}", "undo");
    let known = "admission webhooks, CSI drivers, the programs inside the pods".to_owned();
    let missing: Vec<String> = plan.not_simulated.iter().map(|gap| escape(gap).into_owned()).chain([known]).collect();
    for (index, gap) in missing.iter().enumerate() {
        let _ = writeln!(text, "  {:12}{gap}", if index == 0 { "not played" } else { "" });
    }
    if !plan.unknown.is_empty() {
        let _ = writeln!(text, "  {:12}{}", "unknown", plan.unknown.join(", "));
    }
    text
}

fn worded(line: &Line, number: &mut usize, style: &Style) -> Option<String> {
    Some(match line {
        Line::Effect { verb, object, change, undo, .. } => {
            *number += 1;
            let undo = match undo {
                Undo::Impossible => style.paint(Tint::Bad, "  for good"),
                Undo::Possible | Undo::NotNeeded => String::new(),
            };
            format!("{number:4}  {verb:13}{}  {}{undo}", escape(object), style.paint(Tint::Quiet, &escape(change)))
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
        Line::Phase { .. } => return None,
        Line::Output { key, value } => format!("      output       {} {}", escape(key), escape(&value.to_string())),
    })
}
