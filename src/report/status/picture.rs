//! One set as a tree: its heading, what is wrong with it as a whole, its pods
//! and the claims that are left over.

use console::measure_text_width;
use jiff::Timestamp;

use crate::facts::age::{age, age_of};
use crate::facts::leftovers::EarlierClaim;
use crate::facts::overview::{ServiceState, SetOverview};
use crate::report::escape::escape;
use crate::report::style::{Mark, Style, Tint};
use crate::report::wrap::wrap;

/// Columns of a tree's branches.
const BRANCH: usize = 3;
/// Further in than the line above: stacked claims and problems.
pub(super) const INDENT: usize = 2;
/// Leftover claims that are named; the rest is counted.
const MOST_LEFTOVERS: usize = 6;

/// One set and how to draw it.
pub(super) struct Picture<'a> {
    pub(super) overview: &'a SetOverview,
    pub(super) now: Timestamp,
    pub(super) wide: bool,
    pub(super) style: &'a Style,
}

impl Picture<'_> {
    pub(super) fn lines(&self, all_namespaces: bool) -> Vec<String> {
        let mut branches: Vec<Vec<String>> =
            self.overview.problems.iter().map(|problem| self.problem(problem, 0)).collect();
        match &self.overview.pods {
            None => branches.push(vec!["pods: unknown".to_owned()]),
            Some(pods) => branches.extend(self.pods(pods)),
        }
        if self.overview.more_missing > 0 {
            branches.push(vec![format!("{} more without a pod", self.overview.more_missing)]);
        }
        match self.overview.leftovers.as_deref() {
            None => branches.push(vec!["leftover claims: unknown".to_owned()]),
            Some([]) => {}
            Some(leftovers) => branches.push(self.prose(&self.leftovers(leftovers), 0, "")),
        }
        let mut lines = self.heading(all_namespaces, !branches.is_empty());
        let last = branches.len().saturating_sub(1);
        for (position, branch) in branches.into_iter().enumerate() {
            let (fork, trunk) = self.strokes(position == last);
            let drawn = branch.into_iter().enumerate();
            lines.extend(drawn.map(|(row, line)| format!("{}{line}", if row == 0 { fork } else { trunk })));
        }
        lines
    }

    /// What stands before the first and before the further lines of a branch.
    const fn strokes(&self, last: bool) -> (&'static str, &'static str) {
        match (self.style.unicode, last) {
            (true, false) => ("├─ ", "│  "),
            (true, true) => ("└─ ", "   "),
            (false, false) => ("|- ", "|  "),
            (false, true) => ("`- ", "   "),
        }
    }

    /// Columns that are left for the text of a branch.
    pub(super) fn room(&self) -> Option<usize> {
        self.style.width.map(|width| width.saturating_sub(BRANCH))
    }

    /// Name, readiness and so on, broken between its parts where it must be.
    fn heading(&self, all_namespaces: bool, has_branches: bool) -> Vec<String> {
        let (style, set) = (self.style, &self.overview.set);
        let name =
            if all_namespaces { format!("{}/{}", set.meta.namespace, set.meta.name) } else { set.meta.name.clone() };
        let ready = format!("{}/{} ready", self.overview.ready, set.range.replicas);
        let healthy = self.overview.ready == set.range.replicas;
        let mut parts = vec![
            style.paint(Tint::Strong, &escape(&name)),
            style.paint(if healthy { Tint::Good } else { Tint::Bad }, &ready),
            escape(set.management.as_str()).into_owned(),
        ];
        parts.extend(self.revision());
        parts.push(self.service());
        let hang = if has_branches { self.strokes(false).1 } else { "   " };
        let mut lines: Vec<String> = Vec::new();
        for part in parts {
            match lines.last_mut() {
                Some(line)
                    if style
                        .width
                        .is_none_or(|width| measure_text_width(line) + 2 + measure_text_width(&part) <= width) =>
                {
                    line.push_str("  ");
                    line.push_str(&part);
                }
                Some(_) => lines.push(format!("{hang}{part}")),
                None => lines.push(part),
            }
        }
        lines
    }

    /// The newest revision, and how many pods have it if not all.
    fn revision(&self) -> Option<String> {
        let set = &self.overview.set;
        let hash = escape(set.revision_hash(&set.status.update_revision));
        if hash.is_empty() {
            return None;
        }
        Some(match self.overview.updated {
            Some((updated, pods)) if updated < pods => {
                let held = if set.partition > 0 { format!(" (partition {})", set.partition) } else { String::new() };
                format!("revision {hash} on {updated} of {pods} pods{held}")
            }
            Some(_) | None => format!("revision {hash}"),
        })
    }

    fn service(&self) -> String {
        let mark = |mark| self.style.mark(mark);
        match &self.overview.service {
            ServiceState::Headless(name) => format!("headless Service {} {}", escape(name), mark(Mark::Good)),
            ServiceState::NotHeadless(name) => format!("Service {} not headless {}", escape(name), mark(Mark::Bad)),
            ServiceState::Missing(name) => format!("Service {} missing {}", escape(name), mark(Mark::Bad)),
            ServiceState::Unknown(name) => format!("Service {} unknown", escape(name)),
            ServiceState::Unnamed => "no Service".to_owned(),
        }
    }

    fn leftovers(&self, leftovers: &[EarlierClaim]) -> String {
        let mut names: Vec<String> =
            leftovers.iter().take(MOST_LEFTOVERS).map(|claim| escape(&claim.name).into_owned()).collect();
        if leftovers.len() > MOST_LEFTOVERS {
            names.push(format!("and {} more", leftovers.len() - MOST_LEFTOVERS));
        }
        let mut sizes: Vec<(&str, usize)> = Vec::new();
        for claim in leftovers {
            match sizes.iter_mut().find(|(size, _)| *size == claim.size) {
                Some((_, times)) => *times += 1,
                None => sizes.push((&claim.size, 1)),
            }
        }
        let sizes: Vec<String> = sizes
            .into_iter()
            .map(
                |(size, times)| {
                    if times == 1 { escape(size).into_owned() } else { format!("{times} x {}", escape(size)) }
                },
            )
            .collect();
        let unused: Option<Vec<Timestamp>> = leftovers.iter().map(|claim| claim.unused_since).collect();
        let time = match unused.and_then(|since| since.into_iter().max()) {
            Some(since) => format!("unused for {}", age(since, self.now)),
            None => format!("age {}", age_of(leftovers.iter().filter_map(|claim| claim.created).min(), self.now)),
        };
        format!("leftover claims: {} ({}, {time})", names.join(", "), sizes.join(" + "))
    }

    /// A problem on as many lines as it needs. Blanks of any kind become one.
    pub(super) fn problem(&self, problem: &str, indent: usize) -> Vec<String> {
        let text = problem.split_whitespace().collect::<Vec<_>>().join(" ");
        self.prose(&escape(&text), indent, &format!("{} ", self.style.mark(Mark::Bad)))
    }

    /// Escaped text behind a lead, wrapped to the room that is left.
    fn prose(&self, text: &str, indent: usize, lead: &str) -> Vec<String> {
        let room = self.room().map(|room| room.saturating_sub(indent));
        wrap(text, room, lead).into_iter().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
    }
}
