//! Findings for people: what is wrong and where, the line with a caret under
//! it, why, and what to do. And as documents of `kind: Findings`.

use serde_json::{Value, json};

use super::escape::escape;
use super::style::{Mark, Style, Tint};
use super::wrap::wrap;
use crate::diagnosis::finding::{Examined, Finding, LookedAt, Severity, Spot};
use crate::facts::machine::API_VERSION;

/// Columns of an excerpt that are shown at most.
const MOST_COLUMNS: usize = 160;

/// A finding and the command that goes with it, for this cluster.
pub type Told<'a> = (&'a Finding, Option<String>);

/// The document of `-o yaml|json`.
#[must_use]
pub fn document(told: &[Told<'_>], examined: &Examined) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "Findings",
        "findings": told.iter().map(|(finding, command)| finding.document(command.as_deref())).collect::<Vec<_>>(),
        "unknown": examined.unknown,
        "notes": examined.notes,
    })
}

/// All of them, with a blank line between.
#[must_use]
pub fn text(told: &[Told<'_>], examined: &Examined, style: &Style) -> String {
    let across = matches!(examined.looked_at, LookedAt::Sets { everywhere: true, .. });
    let one = |(finding, command): &Told<'_>| block(finding, command.as_deref(), across, style);
    told.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The last line: how many there are, and what was looked at.
#[must_use]
pub fn summary(examined: &Examined) -> String {
    let (errors, warnings) = examined.count();
    let found = match (errors, warnings) {
        (0, 0) => "nothing found".to_owned(),
        (errors, 0) => many(errors, "error"),
        (0, warnings) => many(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", many(errors, "error"), many(warnings, "warning")),
    };
    match examined.looked_at {
        LookedAt::Sets { sets: 0, .. } if errors + warnings == 0 => "there are no sets".to_owned(),
        LookedAt::Sets { sets: 0, .. } => format!("{found}; there are no sets"),
        LookedAt::Sets { sets, .. } => format!("{found} in {}", many(sets, "set")),
        LookedAt::Files { files, objects, ignored: 0 } => {
            format!("{found} in {} of {}", many(objects, "object"), many(files, "file"))
        }
        LookedAt::Files { files, objects, ignored } => {
            let foreign = many(ignored, "custom resource");
            format!("{found} in {} of {}; {foreign} not looked at", many(objects, "object"), many(files, "file"))
        }
    }
}

/// The line about what could not be read; none if everything could.
#[must_use]
pub fn unknown(examined: &Examined) -> Option<String> {
    let names = examined.unknown.join(", ");
    match &examined.not_reached {
        Some(why) => Some(format!("the cluster was not looked at ({why}): what it has of {names} is unknown")),
        None => (!names.is_empty()).then(|| format!("no right to read {names}: what depends on them is unknown")),
    }
}

fn many(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}

/// `across`: findings of several namespaces stand together, so each names its own.
fn block(finding: &Finding, command: Option<&str>, across: bool, style: &Style) -> String {
    let (mark, tint) = match finding.severity {
        Severity::Error => (Mark::Bad, Tint::Bad),
        Severity::Warning => (Mark::Caution, Tint::Caution),
    };
    let head = [
        finding.spot.as_ref().map(|spot| format!("{}:{}:{}", spot.file, spot.line, spot.column)),
        finding.namespace.clone().filter(|_| across),
        finding.object.clone(),
    ];
    let head: Vec<String> = head.into_iter().flatten().map(|part| escape(&part).into_owned()).collect();
    let code = style.paint(tint, &format!("{}[{}]", finding.severity.as_str(), finding.code));
    let mut lines = vec![format!("{} {code} {}", style.mark(mark), head.join("  ")).trim_end().to_owned()];
    lines.extend(wrap(&escape(&finding.message), style.width, "  "));
    lines.extend(finding.spot.as_ref().map(excerpt).unwrap_or_default());
    for evidence in &finding.evidence {
        lines.extend(wrap(&escape(evidence), style.width, "  - "));
    }
    lines.extend(wrap(&escape(&finding.cause), style.width, "  why: "));
    let arrow = if style.unicode { "  → " } else { "  -> " };
    lines.extend(wrap(&escape(&finding.remedy), style.width, arrow));
    // A whole line, so that it can be copied.
    lines.extend(command.map(|command| format!("    {}", escape(command))));
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// The line of the file and a caret under the column.
fn excerpt(spot: &Spot) -> Vec<String> {
    let Some(line) = &spot.excerpt else { return Vec::new() };
    let number = format!("  {:>4} | ", spot.line);
    let column = usize::try_from(spot.column.saturating_sub(1)).unwrap_or(usize::MAX);
    let plain = |text: &str| escape(&text.replace('\t', " ")).into_owned();
    let before = plain(&line.chars().take(column).collect::<String>());
    let shown: String = plain(line).chars().take(MOST_COLUMNS).collect();
    let mut lines = vec![format!("{number}{shown}")];
    let width = console::measure_text_width(&before);
    if width < MOST_COLUMNS {
        lines.push(format!("{:1$}| {2}^", "", number.len() - 2, " ".repeat(width)));
    }
    lines
}
