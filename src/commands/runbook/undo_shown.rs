//! An undo for people, before it is begun: what it would do, line by line, and what it does not
//! take back.

use crate::commands::Context;
use crate::effects::Effect;
use crate::effects::difference::said;
use crate::effects::give_up::GiveUp;
use crate::effects::scale::Scale;
use crate::runs::asking::{LEAVE_OUT, RUN_AGAIN};
use crate::runs::undoing::{Part, Step, Undoing};
use crate::wizard::equivalent::pair;

/// What an undo would do, line by line.
pub(super) fn show(undoing: &Undoing, context: &Context<'_>) {
    for loss in &undoing.lost {
        context.screen.caution(&loss.to_string());
    }
    for GiveUp { claim, .. } in &undoing.unheard {
        context
            .screen
            .caution(&format!("whether {} was given up, nobody has heard: that is looked at first", claim.object));
    }
    for (label, why) in &undoing.failed_at_end {
        context
            .screen
            .caution(&format!("`{label}`, which is always done, was not: {why}; an undo does not do it either"));
    }
    for label in &undoing.never_ended {
        context
            .screen
            .caution(&format!("`{label}`, which was to be done at the end, was not, and an undo does not do it"));
    }
    for (said, exec) in undoing.unanswered() {
        let (label, command) = (&said.label, exec.command.shown());
        let leave_out = pair(LEAVE_OUT, label);
        context.screen.caution(&format!(
            "`{label}`: `{command}` was started in {}, and nobody knows how it ended: it is run again only if \
             somebody says so (`{RUN_AGAIN}`), and `{leave_out}` goes on without it",
            exec.pod
        ));
    }
    for title in undoing.left_out() {
        context.screen.caution(&format!("`{title}`, which the script says for an undo, is left out"));
    }
    let beyond = if undoing.said().next().is_some() { ", beyond what the script says for that" } else { "" };
    for exec in &undoing.ran {
        let command = exec.command.shown();
        context.screen.caution(&format!("what `{command}` did in {} is not taken back{beyond}", exec.pod));
    }
    for Scale { set, to, .. } in undoing.put_back.iter().map(|detour| &detour.back) {
        context
            .screen
            .tell(&format!("  {:12}  {}  is back at {to}: the run has scaled it there itself", "scale", set.object));
    }
    for step in &undoing.steps {
        match step {
            Step::Said(said) if said.left_out => context.screen.tell(&format!("  {}  (left out)", said.label)),
            Step::Said(said) => {
                context.screen.tell(&format!("  {}", said.label));
                for Part { effect, is_done } in undoing.parts(said) {
                    let done = if is_done { "  (done already)" } else { "" };
                    context.screen.tell(&format!("{}{done}", line(effect)));
                }
            }
            Step::Written(written) => written.undo.iter().for_each(|effect| context.screen.tell(&line(effect))),
        }
    }
}

/// One effect of an undo.
pub(super) fn line(effect: &Effect) -> String {
    let what = match effect {
        Effect::Scale(Scale { from: Some(from), to, .. }) => {
            let how = if *from > to.saturating_add(1) { ", one member at a time" } else { "" };
            format!("  {from} → {to}{how}")
        }
        Effect::Scale(scale) => format!("  to {}", scale.to),
        Effect::Exec(exec) => format!("  {}", exec.command.shown()),
        other => other.says().map(|manifest| format!("  {}", said(manifest))).unwrap_or_default(),
    };
    format!("  {:12}  {}{what}", effect.verb(), effect.object())
}
