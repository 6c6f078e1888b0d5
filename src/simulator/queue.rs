//! When each actor is to look again: soon after a commit, and at the times it
//! asked for. The earliest comes first, equal times in the order of the list,
//! so a seed gives one history.

use std::time::Duration;

use jiff::Timestamp;

/// How long an actor takes to notice a change: the first of the list after
/// 10 ms, each further one a millisecond later.
fn lag(index: usize) -> Duration {
    Duration::from_millis(10_u64.saturating_add(u64::try_from(index).unwrap_or(u64::MAX)))
}

/// The next look of each actor.
#[derive(Debug, Default)]
pub struct Queue {
    due: Vec<Option<Timestamp>>,
    /// Actors that were refused a write in their last look: any change may be
    /// what they wait for.
    refused: Vec<bool>,
}

impl Queue {
    /// All actors look once when the cluster comes up.
    #[must_use]
    pub fn new(actors: usize, now: Timestamp) -> Self {
        let mut queue = Self { due: vec![None; actors], refused: vec![false; actors] };
        queue.changed(now, |_| true);
        queue
    }

    /// Something was committed that these actors mind.
    pub fn changed(&mut self, now: Timestamp, minds: impl Fn(usize) -> bool) {
        for (index, (due, refused)) in self.due.iter_mut().zip(&self.refused).enumerate() {
            if !refused && !minds(index) {
                continue;
            }
            let at = now.checked_add(lag(index)).unwrap_or(now);
            *due = Some(due.map_or(at, |earlier| earlier.min(at)));
        }
    }

    /// The earliest look and whose it is.
    #[must_use]
    pub fn next(&self) -> Option<(Timestamp, usize)> {
        self.due.iter().enumerate().filter_map(|(index, due)| due.map(|at| (at, index))).min()
    }

    /// The actor looked; `wake` is when it wants to look again by itself.
    pub fn looked(&mut self, actor: usize, wake: Option<Timestamp>, was_refused: bool) {
        if let (Some(due), Some(refused)) = (self.due.get_mut(actor), self.refused.get_mut(actor)) {
            *due = wake;
            *refused = was_refused;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_wakes_everybody_in_order_and_never_puts_a_look_off() {
        let start = Timestamp::UNIX_EPOCH;
        let after = |millis| start + Duration::from_millis(millis);
        let mut queue = Queue::new(2, start);
        assert_eq!(queue.next(), Some((after(10), 0)));
        queue.looked(0, None, false);
        assert_eq!(queue.next(), Some((after(11), 1)));
        queue.looked(1, Some(after(500)), false);
        queue.changed(after(100), |_| true);
        queue.looked(0, None, false);
        assert_eq!(queue.next(), Some((after(111), 1)), "the change comes before the wake time");
        queue.looked(1, None, false);
        assert_eq!(queue.next(), None);
    }
}
