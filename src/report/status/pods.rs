//! The branches of a set's pods, each with its claims and volumes beside it or,
//! where that is too wide, below it.

use console::truncate_str;

use super::picture::{INDENT, Picture};
use super::table::{Cell, row, total, widths};
use crate::facts::age::age_of;
use crate::facts::overview::{ClaimOverview, NodeOverview, PodOverview, VolumeState};
use crate::facts::pod::PodState;
use crate::facts::words::ClaimPhase;
use crate::report::style::Tint;

/// The column of the class in a claim's row.
const CLASS: usize = 3;

impl Picture<'_> {
    pub(super) fn pods(&self, pods: &[PodOverview]) -> Vec<Vec<String>> {
        let pod_cells: Vec<Vec<Cell>> = pods.iter().map(|member| self.pod_cells(member)).collect();
        let mut claim_cells: Vec<Vec<Vec<Cell>>> = pods.iter().map(|member| self.claim_rows(member)).collect();
        let pod_widths = widths(pod_cells.iter());
        let mut claim_widths = widths(claim_cells.iter().flatten());
        let pod_gaps = vec![2; pod_widths.len()];
        let claim_gaps = self.claim_gaps();
        let pod_total = total(&pod_widths, &pod_gaps);
        let whole = pod_total + 2 + total(&claim_widths, &claim_gaps);
        let beside = self.room().is_none_or(|room| whole <= room);

        // Where even stacked rows are too long the class goes first: the reclaim
        // policy behind it decides whether data survives.
        let too_long = self.room().is_some_and(|room| INDENT + total(&claim_widths, &claim_gaps) > room);
        if !beside && too_long {
            claim_cells.iter_mut().flatten().for_each(|row| row[CLASS] = Cell::default());
            claim_widths = widths(claim_cells.iter().flatten());
        }

        let mut branches = Vec::new();
        for ((member, pod), claims) in pods.iter().zip(&pod_cells).zip(&claim_cells) {
            let mut lines = vec![row(pod, &pod_widths, &pod_gaps, self.style)];
            for (position, claim) in claims.iter().enumerate() {
                let claim = row(claim, &claim_widths, &claim_gaps, self.style);
                if !beside {
                    lines.push(format!("{}{claim}", " ".repeat(INDENT)));
                } else if position == 0 {
                    lines[0] = format!("{}  {claim}", lines[0]);
                } else {
                    lines.push(format!("{}  {claim}", " ".repeat(pod_total)));
                }
            }
            if let Some(room) = self.room() {
                let tail = self.style.ellipsis();
                lines = lines.iter().map(|line| truncate_str(line.trim_end(), room, tail).into_owned()).collect();
            }
            lines.extend(member.problems.iter().flat_map(|problem| self.problem(problem, INDENT)));
            branches.push(lines);
        }
        branches
    }

    fn pod_cells(&self, member: &PodOverview) -> Vec<Cell> {
        let mut cells = vec![Cell::new(&member.name), self.state(member)];
        let pod = member.pod.as_ref();
        let node = pod.and_then(|pod| pod.node.as_ref());
        cells.push(node.map(place).unwrap_or_default());
        if self.wide {
            let facts = node.and_then(|node| node.facts.as_ref());
            cells.push(match node {
                Some(NodeOverview { facts: None, .. }) => Cell::new("unknown"),
                Some(_) | None => Cell::new(facts.and_then(|facts| facts.address.as_deref()).unwrap_or_default()),
            });
            cells.push(pod.map(|pod| Cell::new(format!("{} restarts", pod.restarts))).unwrap_or_default());
        }
        cells
    }

    fn state(&self, member: &PodOverview) -> Cell {
        let Some(pod) = &member.pod else { return Cell::tinted("missing", Tint::Bad) };
        let tint = match pod.state {
            PodState::Ready => Tint::Good,
            PodState::Pending | PodState::Terminating | PodState::Init { .. } => Tint::Caution,
            PodState::NotReady | PodState::Because(_) | PodState::Completed | PodState::Failed => Tint::Bad,
        };
        let surplus = if member.in_range { "" } else { " (to be removed)" };
        Cell::tinted(format!("{} {}{surplus}", pod.state, age_of(pod.created, self.now)), tint)
    }

    /// One row for each claim; none for those that a missing pod has not got yet.
    fn claim_rows(&self, member: &PodOverview) -> Vec<Vec<Cell>> {
        let Some(claims) = &member.claims else {
            let templates = self.overview.set.templates.iter();
            return templates.map(|template| self.claim_row(&template.name, "unknown", [""; 5])).collect();
        };
        let shown = claims.iter().filter(|claim| member.pod.is_some() || claim.claim.is_some());
        shown.map(|claim| self.claim_cells(claim)).collect()
    }

    fn claim_cells(&self, overview: &ClaimOverview) -> Vec<Cell> {
        let Some(claim) = &overview.claim else {
            let mut cells = self.claim_row(&overview.template, "missing", [""; 5]);
            cells[1].tint = Some(Tint::Bad);
            return cells;
        };
        let volume = match (&claim.phase, claim.volume_name.as_deref()) {
            (ClaimPhase::Bound, Some(name)) if self.wide => name.to_owned(),
            (ClaimPhase::Bound, Some(name)) => self.shortened(name),
            (phase, _) => phase.as_str().to_owned(),
        };
        let class = match claim.class.as_deref() {
            Some("") => "no-class",
            Some(class) => class,
            None => "",
        };
        let policy = match &overview.volume {
            VolumeState::None => "",
            VolumeState::Unknown => "unknown",
            VolumeState::Gone => "gone",
            VolumeState::There(volume) => volume.reclaim_policy.as_str(),
        };
        let modes: Vec<&str> = claim.access_modes.iter().map(|mode| short_mode(mode)).collect();
        let row = [volume.as_str(), class, policy, &modes.join(","), claim.phase.as_str()];
        self.claim_row(&overview.template, claim.size(), row)
    }

    /// Template and size, then volume, class and policy, and in the wide form
    /// access modes and phase.
    fn claim_row(&self, template: &str, size: &str, rest: [&str; 5]) -> Vec<Cell> {
        let rest = &rest[..if self.wide { 5 } else { 3 }];
        [template, size].iter().chain(rest).map(Cell::new).collect()
    }

    fn claim_gaps(&self) -> Vec<usize> {
        [1, 2, 1, 1, 1, 1, 1][..if self.wide { 7 } else { 5 }].to_vec()
    }

    /// Volumes made by a provisioner are named after a UID; its head is enough here.
    fn shortened(&self, volume: &str) -> String {
        let uid = volume
            .strip_prefix("pvc-")
            .filter(|uid| uid.len() == 36 && uid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'));
        uid.map_or_else(|| volume.to_owned(), |uid| format!("pvc-{}{}", &uid[..8], self.style.ellipsis()))
    }
}

/// `node-a/eu-1a`, and `node-a/unknown` where nodes cannot be read.
fn place(node: &NodeOverview) -> Cell {
    match &node.facts {
        None => Cell::new(format!("{}/unknown", node.name)),
        Some(facts) => {
            let zone = facts.zone.as_deref().map(|zone| format!("/{zone}")).unwrap_or_default();
            let text = format!("{}{zone}", node.name);
            if facts.ready { Cell::new(text) } else { Cell::tinted(text, Tint::Bad) }
        }
    }
}

/// As kubectl shortens them.
fn short_mode(mode: &str) -> &str {
    match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    }
}
