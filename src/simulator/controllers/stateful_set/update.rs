//! Phase D: replacing pods of an old revision, highest first (SS-60 to SS-66).

use super::Pass;
use super::members::Member;
use super::set::Strategy;

impl Pass<'_> {
    /// Reached only if scaling did not stop the pass (SS-38).
    pub(super) fn roll(&mut self) {
        match self.set.strategy {
            Strategy::OnDelete => {}
            Strategy::RollingUpdate { .. } if self.max_unavailable => self.roll_with_budget(),
            Strategy::RollingUpdate { .. } => self.roll_one(),
        }
    }

    /// The slots from the highest ordinal down to `start + partition` (SS-61);
    /// `None` for one that this pass has only just filled.
    fn targets(&self) -> impl Iterator<Item = Option<&Member>> {
        let range = self.set.range();
        let lowest = range.start.saturating_add(self.set.partition());
        range.rev().take_while(move |ordinal| *ordinal >= lowest).map(|ordinal| self.members.replicas.get(&ordinal))
    }

    /// One at a time: deletes the first pod of another revision, or waits for
    /// the first one that is right but unavailable (SS-60).
    fn roll_one(&mut self) {
        let waits = |pod: &&Member| !self.is_updated(pod) || pod.is_unavailable(self.now);
        let first = self.targets().find(|target| target.as_ref().is_none_or(waits)).flatten().cloned();
        if let Some(old) = first.filter(|pod| !self.is_updated(pod) && !pod.is_terminating) {
            self.remove(&old.pod);
        }
    }

    /// With `maxUnavailable` (SS-63): all unavailable pods of the range count,
    /// those below the partition too.
    fn roll_with_budget(&mut self) {
        let down = self.members.replicas.values().filter(|pod| pod.is_unavailable(self.now)).count();
        let missing = usize::try_from(self.set.replicas).unwrap_or(0).saturating_sub(self.members.replicas.len());
        let budget = self.budget().saturating_sub(down + missing);
        let old: Vec<Member> = self
            .targets()
            .flatten()
            .filter(|pod| !self.is_updated(pod) && !pod.is_terminating)
            .take(budget)
            .cloned()
            .collect();
        for pod in old {
            self.remove(&pod.pod);
        }
    }

    /// `maxUnavailable` as a number: percentages round down, at least one.
    fn budget(&self) -> usize {
        let written = &self.set.object["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"];
        let percent =
            written.as_str().and_then(|text| text.strip_suffix('%')).and_then(|text| text.parse::<i64>().ok());
        let number = percent
            .map_or_else(|| written.as_i64().unwrap_or(1), |percent| self.set.replicas.saturating_mul(percent) / 100);
        usize::try_from(number).unwrap_or(1).max(1)
    }
}
