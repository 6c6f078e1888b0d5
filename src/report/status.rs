//! `status` as a tree for people, and as documents. One branch per pod with
//! its claims beside it; where the columns do not fit, the claims stand below.
//! What is wrong hangs under what it concerns.

mod blocking;
mod picture;
mod pods;
mod table;
#[cfg(test)]
mod tests;

use self::picture::Picture;
use super::escape::escape;
use super::output::Format;
use super::style::{Mark, Style};
use super::wrap::wrap;
use crate::facts::inventory::Unreadable;
use crate::facts::machine::document;
use crate::facts::overview::Statuses;
use crate::objects::yaml::to_yaml;

/// The line for stderr when there is nothing to show, as kubectl says it.
#[must_use]
pub fn nothing_found(statuses: &Statuses) -> Option<String> {
    if !statuses.sets.is_empty() {
        return None;
    }
    let mut text = match &statuses.namespace {
        Some(namespace) => format!("No resources found in {} namespace.\n", escape(namespace)),
        None => "No resources found\n".to_owned(),
    };
    text.extend(lines_behind("hint:", &statuses.hints));
    Some(text)
}

fn lines_behind<'a>(lead: &'a str, hints: &'a [String]) -> impl Iterator<Item = String> + 'a {
    hints.iter().map(move |hint| format!("{lead} {}\n", escape(hint)))
}

/// The machine formats, with the last newline; `name` is `kind.group/name` per line.
#[must_use]
pub fn machine(statuses: &Statuses, format: Format) -> String {
    match format {
        Format::Yaml => to_yaml(&document(statuses)),
        Format::Json => format!("{:#}\n", document(statuses)),
        Format::Name => {
            let lines = statuses.sets.iter().flat_map(|one| ["statefulset.apps/", one.set.meta.name.as_str(), "\n"]);
            lines.collect()
        }
    }
}

/// All sets as trees, with the last newline; empty if there are none.
#[must_use]
pub fn tree(statuses: &Statuses, wide: bool, style: &Style) -> String {
    let all_namespaces = statuses.namespace.is_none();
    let mut blocks: Vec<String> = statuses
        .sets
        .iter()
        .map(|overview| {
            let picture = Picture { overview, now: statuses.now, wide, style };
            picture.lines(all_namespaces).into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
        })
        .collect();
    blocks.extend(statuses.blocking.as_ref().map(|blocking| blocking::block(blocking, statuses.now, style)));
    if !blocks.is_empty() && !statuses.unreadable.is_empty() {
        let resources: Vec<&str> = statuses.unreadable.iter().copied().map(Unreadable::resource).collect();
        let text = format!("no right to read {}: what depends on them is unknown", resources.join(", "));
        let lines = wrap(&text, style.width, &format!("{} ", style.mark(Mark::Caution)));
        blocks.push(lines.join("\n") + "\n");
    }
    if !blocks.is_empty() && !statuses.hints.is_empty() {
        // Whole lines, so that they can be copied.
        let arrow = if style.unicode { "→" } else { "->" };
        blocks.push(lines_behind(arrow, &statuses.hints).collect());
    }
    blocks.join("\n")
}
