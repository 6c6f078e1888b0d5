//! `status` as a tree for people, and as documents. One branch per pod with
//! its claims beside it; where the columns do not fit, the claims stand below.
//! What is wrong hangs under what it concerns.

mod pods;
mod table;

use console::measure_text_width;
use jiff::Timestamp;

use super::escape::escape;
use super::output::Format;
use super::style::{Mark, Style, Tint};
use super::wrap::wrap;
use crate::facts::age::{age, age_of};
use crate::facts::inventory::Unreadable;
use crate::facts::leftovers::EarlierClaim;
use crate::facts::machine::document;
use crate::facts::overview::{ServiceState, SetOverview, Statuses};
use crate::objects::yaml::to_yaml;

/// Columns of a tree's branches.
const BRANCH: usize = 3;
/// Further in than the line above: stacked claims and problems.
const INDENT: usize = 2;
/// Leftover claims that are named; the rest is counted.
const MOST_LEFTOVERS: usize = 6;

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

/// One set and how to draw it.
struct Picture<'a> {
    overview: &'a SetOverview,
    now: Timestamp,
    wide: bool,
    style: &'a Style,
}

impl Picture<'_> {
    fn lines(&self, all_namespaces: bool) -> Vec<String> {
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
    fn room(&self) -> Option<usize> {
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
            Some((updated, pods)) if updated < pods => format!("revision {hash} on {updated} of {pods} pods"),
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
    fn problem(&self, problem: &str, indent: usize) -> Vec<String> {
        let text = problem.split_whitespace().collect::<Vec<_>>().join(" ");
        self.prose(&escape(&text), indent, &format!("{} ", self.style.mark(Mark::Bad)))
    }

    /// Escaped text behind a lead, wrapped to the room that is left.
    fn prose(&self, text: &str, indent: usize, lead: &str) -> Vec<String> {
        let room = self.room().map(|room| room.saturating_sub(indent));
        wrap(text, room, lead).into_iter().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::facts::inventory::Inventory;
    use crate::facts::overview::overviews;
    use crate::facts::samples::{claim, inventory, node, now, pod, service, set, world};

    const UTF8: Style = Style { unicode: true, ..Style::PLAIN };

    fn statuses(inventory: &Inventory) -> Statuses {
        let mut sets = overviews(inventory, now(), |_| true);
        crate::diagnosis::live::fill(&mut sets, inventory, now());
        Statuses {
            namespace: Some("default".to_owned()),
            sets,
            unreadable: inventory.unreadable(),
            now: now(),
            hints: Vec::new(),
        }
    }

    fn drawn(objects: &[Value], style: &Style) -> String {
        tree(&statuses(&inventory(objects)), false, style)
    }

    #[test]
    fn sets_pods_claims_and_volumes_are_one_tree_with_what_is_wrong() {
        insta::assert_snapshot!(drawn(&world(), &UTF8), @r"
        web  2/3 ready  OrderedReady  revision 7c9f  headless Service web ✓
        ├─ web-0  Ready 12d   node-a/eu-1a  data 10Gi  pvc-00000000… standard Delete
        ├─ web-1  Ready 12d   node-b/eu-1b  data 10Gi  pvc-00000001… standard Delete
        ├─ web-2  Pending 4m                data 10Gi  pvc-00000002… standard Delete
        │    ✗ volume `pvc-00000002-0000-4000-8000-000000000000` is pinned to zone eu-1c, which has no schedulable node
        │    ✗ no node for it: 0/2 nodes are available: 2 node(s) had volume node affinity conflict.
        └─ leftover claims: data-web-3, data-web-4 (2 x 10Gi, age 12d)
        ");
    }

    #[test]
    fn the_wide_form_adds_addresses_modes_restarts_and_whole_volume_names() {
        insta::assert_snapshot!(tree(&statuses(&inventory(&world())), true, &UTF8), @r"
        web  2/3 ready  OrderedReady  revision 7c9f  headless Service web ✓
        ├─ web-0  Ready 12d   node-a/eu-1a  10.0.0.6  0 restarts  data 10Gi  pvc-00000000-0000-4000-8000-000000000000 standard Delete RWO Bound
        ├─ web-1  Ready 12d   node-b/eu-1b  10.0.0.6  0 restarts  data 10Gi  pvc-00000001-0000-4000-8000-000000000000 standard Delete RWO Bound
        ├─ web-2  Pending 4m                          0 restarts  data 10Gi  pvc-00000002-0000-4000-8000-000000000000 standard Delete RWO Bound
        │    ✗ volume `pvc-00000002-0000-4000-8000-000000000000` is pinned to zone eu-1c, which has no schedulable node
        │    ✗ no node for it: 0/2 nodes are available: 2 node(s) had volume node affinity conflict.
        └─ leftover claims: data-web-3, data-web-4 (2 x 10Gi, age 12d)
        ");
    }

    #[test]
    fn forty_columns_stack_the_claims_and_wrap_the_problems() {
        let shown = drawn(&world(), &Style { width: Some(40), ..UTF8 });
        insta::assert_snapshot!(shown, @r"
        web  2/3 ready  OrderedReady
        │  revision 7c9f  headless Service web ✓
        ├─ web-0  Ready 12d   node-a/eu-1a
        │    data 10Gi  pvc-00000000… Delete
        ├─ web-1  Ready 12d   node-b/eu-1b
        │    data 10Gi  pvc-00000001… Delete
        ├─ web-2  Pending 4m
        │    data 10Gi  pvc-00000002… Delete
        │    ✗ volume
        │      `pvc-00000002-0000-4000-8000-000000000000`
        │      is pinned to zone eu-1c, which
        │      has no schedulable node
        │    ✗ no node for it: 0/2 nodes are
        │      available: 2 node(s) had volume
        │      node affinity conflict.
        └─ leftover claims: data-web-3,
           data-web-4 (2 x 10Gi, age 12d)
        ");
    }

    #[test]
    fn without_unicode_the_branches_are_ascii() {
        let shown = drawn(&world(), &Style::PLAIN);
        assert!(shown.is_ascii(), "{shown}");
        insta::assert_snapshot!(shown.lines().nth(1).unwrap_or_default(), @r"|- web-0  Ready 12d   node-a/eu-1a  data 10Gi  pvc-00000000... standard Delete");
    }

    #[test]
    fn what_could_not_be_read_is_unknown_and_never_fine() {
        let mut seen = inventory(&world());
        (seen.volumes, seen.nodes) = (None, None);
        insta::assert_snapshot!(tree(&statuses(&seen), false, &UTF8), @r"
        web  2/3 ready  OrderedReady  revision 7c9f  headless Service web ✓
        ├─ web-0  Ready 12d   node-a/unknown  data 10Gi  pvc-00000000… standard unknown
        ├─ web-1  Ready 12d   node-b/unknown  data 10Gi  pvc-00000001… standard unknown
        ├─ web-2  Pending 4m                  data 10Gi  pvc-00000002… standard unknown
        │    ✗ no node for it: 0/2 nodes are available: 2 node(s) had volume node affinity conflict.
        └─ leftover claims: data-web-3, data-web-4 (2 x 10Gi, age 12d)

        ! no right to read persistentvolumes, nodes: what depends on them is unknown
        ");
        (seen.pods, seen.claims, seen.services) = (None, None, None);
        insta::assert_snapshot!(tree(&statuses(&seen), false, &UTF8), @r"
        web  3/3 ready  OrderedReady  revision 7c9f  Service web unknown
        ├─ pods: unknown
        └─ leftover claims: unknown

        ! no right to read pods, persistentvolumeclaims, services, persistentvolumes, nodes: what depends on them is unknown
        ");
    }

    #[test]
    fn several_templates_stand_below_each_other_and_several_sets_apart() {
        let mut other = set("db", 1);
        other["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}}, {"metadata": {"name": "wal"}}]);
        let mut all = vec![other, service("db"), pod("db", 0, "node-a"), node("node-a", "", true), set("web", 0)];
        all.extend(claim("data", "db", 0, "eu-1a"));
        all.extend(claim("wal", "db", 0, "eu-1a"));
        let mut shown = statuses(&inventory(&all));
        shown.namespace = None;
        insta::assert_snapshot!(tree(&shown, false, &UTF8), @r"
        default/db  1/1 ready  OrderedReady  revision 7c9f  headless Service db ✓
        └─ db-0  Ready 12d  node-a  data 10Gi  pvc-00000000… standard Delete
                                    wal  10Gi  pvc-00000000… standard Delete
             ✗ volume `pvc-00000000-0000-4000-8000-000000000000` belongs to another claim

        default/web  0/0 ready  OrderedReady  revision 7c9f  Service web missing ✗
        └─ ✗ Service `web` does not exist, so the pods have no DNS names
        ");
    }

    #[test]
    fn strings_from_the_cluster_can_neither_move_the_cursor_nor_fake_a_line() {
        let mut evil = pod("web", 0, "node\u{1b}[2K");
        evil["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app",
            "state": {"waiting": {"reason": "Bad\u{202e}", "message": "no\n└─ all is fine\r\u{9b}31m"}}}]});
        insta::assert_snapshot!(drawn(&[set("web", 1), service("web"), evil], &UTF8), @r"
        web  0/1 ready  OrderedReady  revision 7c9f  headless Service web ✓
        └─ web-0  Bad\u{202e} 12d  node\u{1b}[2K  data missing
             ✗ node `node\u{1b}[2K` does not exist any more
             ✗ container `app` waits: Bad\u{202e}: no └─ all is fine \u{9b}31m
             ✗ claim `data-web-0` does not exist
        ");
    }

    #[test]
    fn colour_marks_what_is_wrong_without_moving_a_column() {
        let plain = drawn(&world(), &UTF8);
        let coloured = drawn(&world(), &Style { colour: true, ..UTF8 });
        assert_ne!(plain, coloured);
        assert_eq!(console::strip_ansi_codes(&coloured), plain);
        let narrow = drawn(&world(), &Style { colour: true, width: Some(40), ..UTF8 });
        let plain = drawn(&world(), &Style { width: Some(40), ..UTF8 });
        assert_eq!(console::strip_ansi_codes(&narrow), plain);
    }

    #[test]
    fn names_are_one_per_line_and_an_empty_answer_is_told_as_kubectl_tells_it() {
        let mut shown = statuses(&inventory(&world()));
        assert_eq!(machine(&shown, Format::Name), "statefulset.apps/web\n");
        assert_eq!(nothing_found(&shown), None);
        shown.sets.clear();
        assert_eq!(nothing_found(&shown).unwrap(), "No resources found in default namespace.\n");
        assert_eq!(tree(&shown, false, &UTF8), "");
        shown.hints = vec!["the namespace `default` does not exist".to_owned()];
        let told = "No resources found in default namespace.\nhint: the namespace `default` does not exist\n";
        assert_eq!(nothing_found(&shown).unwrap(), told);
        shown.hints.clear();
        shown.namespace = None;
        assert_eq!(nothing_found(&shown).unwrap(), "No resources found\n");
    }

    #[test]
    fn what_to_type_next_stands_below_all_trees_on_lines_that_are_never_broken() {
        let mut shown = statuses(&inventory(&world()));
        let command = format!("kubectl patch persistentvolume {}", "x".repeat(40));
        shown.hints = vec![command.clone()];
        let narrow = Style { width: Some(40), ..UTF8 };
        assert!(tree(&shown, false, &narrow).ends_with(&format!("\n\n→ {command}\n")));
        assert!(tree(&shown, false, &Style::PLAIN).ends_with(&format!("\n\n-> {command}\n")));
    }

    #[test]
    fn json_and_yaml_hold_the_same_document() {
        let shown = statuses(&inventory(&world()));
        let json: Value = serde_json::from_str(&machine(&shown, Format::Json)).unwrap();
        let yaml: Value = serde_saphyr::from_str(&machine(&shown, Format::Yaml)).unwrap();
        assert_eq!(json, yaml);
        assert_eq!((&json["apiVersion"], &json["kind"]), (&json!("kubectl-stateful/v1"), &json!("Status")));
    }
}
