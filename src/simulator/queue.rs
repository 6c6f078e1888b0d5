//! When each actor is to look again, and at what: soon after a commit, and at
//! the times it asked for. The earliest comes first, equal times in the order of
//! the list, so a seed gives one history. An actor that works by key is given
//! the objects in the order in which they were changed, each once, as the work
//! queues of the real controllers do. Who was refused a write tries again after
//! any change, and later with each refusal.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::controllers::Target;

/// What a change gives an actor to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    Nothing,
    Everything,
    These(Vec<Target>),
}

/// What an actor is to look at now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    Everything,
    These(Vec<Target>),
}

/// What a look came to: at everything, or at one object.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    pub at: Option<Target>,
    /// When the actor wants to look again by itself.
    pub wake: Option<Timestamp>,
    pub was_refused: bool,
}

/// What one actor has before it.
#[derive(Clone, Debug, Default)]
struct Work {
    everything: Option<Timestamp>,
    /// Changed objects in their order, and when they are looked at.
    changed: Vec<Target>,
    known: BTreeSet<Target>,
    soon: Option<Timestamp>,
    timed: BTreeSet<(Timestamp, Target)>,
    times: BTreeMap<Target, Timestamp>,
    /// How many looks in a row ended with a refused write: any change may be what
    /// it waits for.
    refused: u32,
    refused_at: BTreeMap<Target, u32>,
    /// It does nothing until then.
    stalled: Option<Timestamp>,
}

/// How much later somebody tries again who was refused so many times in a row.
fn patience(refusals: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_secs(1000);
    let doubled = 2_u32.checked_pow(refusals.saturating_sub(1)).and_then(|factor| FIRST.checked_mul(factor));
    doubled.map_or(LONGEST, |wait| wait.min(LONGEST))
}

/// A time, or the end of all times.
fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.checked_add(wait).unwrap_or(Timestamp::MAX)
}

impl Work {
    fn next(&self) -> Option<Timestamp> {
        let timed = self.timed.first().map(|(at, _)| *at);
        let next = [self.everything, self.soon, timed].into_iter().flatten().min()?;
        Some(self.stalled.map_or(next, |until| until.max(next)))
    }

    fn take_all(&mut self, at: Timestamp) {
        self.everything = Some(self.everything.map_or(at, |earlier| earlier.min(at)));
    }

    fn take_in(&mut self, target: Target, at: Timestamp) {
        self.soon = Some(self.soon.map_or(at, |earlier| earlier.min(at)));
        if self.known.insert(target.clone()) {
            self.changed.push(target);
        }
    }

    fn set_time(&mut self, target: &Target, wake: Option<Timestamp>) {
        if let Some(old) = self.times.remove(target) {
            self.timed.remove(&(old, target.clone()));
        }
        if let Some(at) = wake {
            self.times.insert(target.clone(), at);
            self.timed.insert((at, target.clone()));
        }
    }

    /// Has those who were refused try again after a change that is noticed at `at`.
    fn encourage(&mut self, at: Timestamp) {
        let refused: Vec<(Target, u32)> =
            self.refused_at.iter().map(|(target, times)| (target.clone(), *times)).collect();
        for (target, times) in refused {
            let again = after(at, patience(times));
            if self.times.get(&target).is_none_or(|known| *known > again) {
                self.set_time(&target, Some(again));
            }
        }
    }

    /// Takes out what is due. A look at everything covers the rest.
    fn take(&mut self, now: Timestamp) -> Look {
        if self.everything.is_some_and(|at| at <= now) {
            let (refused, refused_at) = (self.refused, std::mem::take(&mut self.refused_at));
            *self = Self { refused, refused_at, ..Self::default() };
            return Look::Everything;
        }
        let mut targets = std::mem::take(&mut self.changed);
        let mut known = std::mem::take(&mut self.known);
        self.soon = None;
        while let Some((at, target)) = self.timed.first().cloned().filter(|(at, _)| *at <= now) {
            self.timed.remove(&(at, target.clone()));
            self.times.remove(&target);
            if known.insert(target.clone()) {
                targets.push(target);
            }
        }
        Look::These(targets)
    }

    fn note(&mut self, looked: Looked) {
        match looked.at {
            None => {
                self.refused = if looked.was_refused { self.refused.saturating_add(1) } else { 0 };
                if let Some(at) = looked.wake {
                    self.take_all(at);
                }
            }
            Some(target) => {
                self.refused = 0;
                if looked.was_refused {
                    let times = self.refused_at.entry(target.clone()).or_default();
                    *times = times.saturating_add(1);
                } else {
                    self.refused_at.remove(&target);
                }
                self.set_time(&target, looked.wake);
            }
        }
    }
}

/// The work of all actors.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    works: Vec<Work>,
    /// How long each actor takes to notice a change.
    lags: Vec<Duration>,
}

impl Queue {
    /// All actors look at everything once when the cluster comes up.
    #[must_use]
    pub fn new(lags: Vec<Duration>, now: Timestamp) -> Self {
        let mut queue = Self { works: vec![Work::default(); lags.len()], lags };
        queue.everything_changed(now);
        queue
    }

    /// Nobody knows what has changed.
    pub fn everything_changed(&mut self, now: Timestamp) {
        self.changed(now, |_| Concern::Everything);
    }

    /// Something was committed that concerns these actors in this way.
    pub fn changed(&mut self, now: Timestamp, concern: impl Fn(usize) -> Concern) {
        for (index, (work, lag)) in self.works.iter_mut().zip(&self.lags).enumerate() {
            let at = after(now, *lag);
            work.encourage(at);
            match concern(index) {
                Concern::Nothing if work.refused > 0 => work.take_all(after(at, patience(work.refused))),
                Concern::Nothing => {}
                Concern::Everything => work.take_all(at),
                Concern::These(targets) => {
                    for target in targets {
                        work.take_in(target, at);
                    }
                }
            }
        }
    }

    /// The earliest look and whose it is.
    #[must_use]
    pub fn next(&self) -> Option<(Timestamp, usize)> {
        self.works.iter().enumerate().filter_map(|(index, work)| work.next().map(|at| (at, index))).min()
    }

    /// Takes out what the actor is to look at by now.
    pub fn take(&mut self, actor: usize, now: Timestamp) -> Look {
        self.works.get_mut(actor).map_or(Look::These(Vec::new()), |work| work.take(now))
    }

    /// The actor does nothing until then.
    pub fn stall(&mut self, actor: usize, until: Timestamp) {
        if let Some(work) = self.works.get_mut(actor) {
            work.stalled = Some(until);
        }
    }

    /// The actor comes up again and looks at everything.
    pub fn restart(&mut self, actor: usize, now: Timestamp) {
        if let Some(work) = self.works.get_mut(actor) {
            work.stalled = None;
            work.take_all(now);
        }
    }

    /// The actor looked.
    pub fn looked(&mut self, actor: usize, looks: Vec<Looked>) {
        if let Some(work) = self.works.get_mut(actor) {
            for looked in looks {
                work.note(looked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(millis: u64) -> Timestamp {
        super::after(START, Duration::from_millis(millis))
    }

    fn pod(name: &str) -> Target {
        Target { kind: "Pod".to_owned(), namespace: "default".to_owned(), name: name.to_owned() }
    }

    fn looked(at: Option<Target>, wake: Option<Timestamp>, was_refused: bool) -> Vec<Looked> {
        vec![Looked { at, wake, was_refused }]
    }

    fn queue(actors: usize) -> Queue {
        Queue::new((10..).map(Duration::from_millis).take(actors).collect(), START)
    }

    /// A queue of this many actors at rest.
    fn at_rest(actors: usize) -> Queue {
        let mut queue = queue(actors);
        for actor in 0..actors {
            assert_eq!(queue.take(actor, after(100)), Look::Everything);
        }
        assert_eq!(queue.next(), None);
        queue
    }

    #[test]
    fn a_change_wakes_everybody_in_order_and_never_puts_a_look_off() {
        let mut queue = queue(2);
        assert_eq!(queue.next(), Some((after(10), 0)));
        queue.take(0, after(10));
        assert_eq!(queue.next(), Some((after(11), 1)));
        queue.take(1, after(11));
        queue.looked(1, looked(None, Some(after(500)), false));
        queue.everything_changed(after(100));
        queue.take(0, after(110));
        assert_eq!(queue.next(), Some((after(111), 1)), "the change comes before the wake time");
        queue.take(1, after(111));
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn objects_come_once_in_the_order_of_their_changes_and_at_their_times() {
        let mut queue = at_rest(1);
        for name in ["b", "a", "b"] {
            queue.changed(after(200), |_| Concern::These(vec![pod(name)]));
        }
        assert_eq!(queue.next(), Some((after(210), 0)));
        assert_eq!(queue.take(0, after(210)), Look::These(vec![pod("b"), pod("a")]));
        queue.looked(0, looked(Some(pod("a")), Some(after(900)), false));
        queue.looked(0, looked(Some(pod("b")), Some(after(800)), false));
        queue.looked(0, looked(Some(pod("a")), Some(after(700)), false));
        assert_eq!(queue.next(), Some((after(700), 0)));
        assert_eq!(queue.take(0, after(700)), Look::These(vec![pod("a")]));
        assert_eq!(queue.next(), Some((after(800), 0)));
        queue.changed(after(750), |_| Concern::Everything);
        assert_eq!(queue.take(0, after(760)), Look::Everything);
        assert_eq!(queue.next(), None, "a look at everything covers the rest");
    }

    #[test]
    fn whoever_was_refused_looks_after_any_change() {
        let mut queue = at_rest(1);
        queue.looked(0, looked(Some(pod("a")), None, true));
        queue.changed(after(200), |_| Concern::Nothing);
        assert_eq!(queue.next(), Some((after(215), 0)));
        assert_eq!(queue.take(0, after(215)), Look::These(vec![pod("a")]));
        queue.looked(0, looked(Some(pod("a")), None, false));
        queue.changed(after(300), |_| Concern::Nothing);
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn whoever_is_refused_again_and_again_waits_longer_and_longer() {
        let mut queue = at_rest(1);
        let mut waits = Vec::new();
        for _ in 0..20 {
            queue.looked(0, looked(Some(pod("a")), None, true));
            queue.changed(START, |_| Concern::Nothing);
            let (at, _) = queue.next().expect("it tries again");
            waits.push(at.duration_since(after(10)).as_millis());
            queue.take(0, at);
        }
        assert_eq!(waits[..4], [5, 10, 20, 40]);
        assert_eq!(waits[18..], [1_000_000, 1_000_000]);
        queue.looked(0, looked(Some(pod("a")), None, true));
        queue.changed(START, |_| Concern::These(vec![pod("a")]));
        assert_eq!(queue.next(), Some((after(10), 0)), "what concerns it is looked at soon");
    }
}
