//! Which fault strikes where: written by hand, every single one for a recorded
//! run, or drawn by a seed.

use std::time::Duration;

use jiff::SignedDuration;

use super::cast::Cast;
use super::fault::{Actor, Answer, Crash, Disturbance, Fault, JournalFault, WatchFault};
use super::rivals::Rival;
use crate::simulator::identity;

/// Where a fault strikes; each is counted from 1 over all lives of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A request of the run.
    Request(u64),
    /// An event of the run's watches.
    Event(u64),
    /// A look of an actor.
    Tick(u64),
    /// A line of the journal.
    Line(u64),
}

/// One fault at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    pub at: Point,
    pub fault: Fault,
}

/// What strikes in the course of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule(pub Vec<Strike>);

/// How much of each a recorded run had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Length {
    pub requests: u64,
    pub events: u64,
    pub ticks: u64,
    pub lines: u64,
}

impl Fault {
    /// What can go wrong with a request, or while it is on its way.
    #[must_use]
    pub fn at_requests(cast: &Cast) -> Vec<Self> {
        let answers = [
            Answer::Conflict,
            Answer::Expired,
            Answer::TooMany { after: None },
            Answer::TooMany { after: Some(1) },
            Answer::Internal { committed: false },
            Answer::Internal { committed: true },
            Answer::Unavailable,
            Answer::Timeout { committed: false },
            Answer::Timeout { committed: true },
            Answer::Unauthorized,
            Answer::Forbidden,
        ];
        let mut all = vec![
            Self::Crash(Crash::BeforeSend),
            Self::Crash(Crash::BeforeAnswer),
            Self::Crash(Crash::AfterAnswer),
            Self::Lost { delivered: false },
            Self::Lost { delivered: true },
            Self::Twice,
            Self::Late(Duration::from_mins(1)),
            Self::Truncated,
            Self::Stale(1),
            Self::Stale(20),
            Self::Second,
        ];
        all.extend(answers.map(Self::Answer));
        all.extend(Self::meanwhile(cast));
        all
    }

    /// What can happen in the cluster at any time.
    #[must_use]
    pub fn meanwhile(cast: &Cast) -> Vec<Self> {
        let rivals =
            Rival::all(cast).into_iter().map(|act| Disturbance::Rival { namespace: cast.namespace.clone(), act });
        let actors = Actor::all().into_iter();
        let stalled = actors.clone().map(|actor| Disturbance::Stalled { actor, time: Duration::from_mins(10) });
        let restarted = actors.clone().map(|actor| Disturbance::Restarted { actor });
        let behind = actors.map(|actor| Disturbance::Behind { actor, revisions: 20 });
        let jumps = [3600, -3600].map(|seconds| Disturbance::Jump(SignedDuration::from_secs(seconds)));
        rivals.chain(stalled).chain(restarted).chain(behind).chain(jumps).map(Self::Meanwhile).collect()
    }

    /// What can go wrong with an event of a watch.
    #[must_use]
    pub fn at_events() -> Vec<Self> {
        let all =
            [WatchFault::Dropped, WatchFault::Repeated, WatchFault::Swapped, WatchFault::Closed, WatchFault::Expired];
        all.map(Self::Watch).to_vec()
    }

    /// What can go wrong with a line of the journal.
    #[must_use]
    pub fn at_lines() -> Vec<Self> {
        [JournalFault::Full, JournalFault::ReadOnly, JournalFault::Torn].map(Self::Journal).to_vec()
    }
}

impl Schedule {
    /// One fault at one place.
    #[must_use]
    pub fn one(at: Point, fault: Fault) -> Self {
        Self(vec![Strike { at, fault }])
    }

    /// Every fault at every place of a run of this length, one at a time.
    pub fn singles(length: Length, cast: &Cast) -> impl Iterator<Item = Self> + use<> {
        let kinds = [
            (length.requests, Point::Request as fn(u64) -> Point, Fault::at_requests(cast)),
            (length.events, Point::Event, Fault::at_events()),
            (length.ticks, Point::Tick, Fault::meanwhile(cast)),
            (length.lines, Point::Line, Fault::at_lines()),
        ];
        kinds.into_iter().flat_map(|(count, point, faults)| {
            (1..=count).flat_map(move |number| {
                let faults = faults.clone();
                faults.into_iter().map(move |fault| Self::one(point(number), fault))
            })
        })
    }

    /// So many faults, drawn by a seed over a run of this length.
    #[must_use]
    pub fn drawn(seed: u64, count: u64, length: Length, cast: &Cast) -> Self {
        let places = [
            (length.requests, Point::Request as fn(u64) -> Point, Fault::at_requests(cast)),
            (length.events, Point::Event, Fault::at_events()),
            (length.ticks, Point::Tick, Fault::meanwhile(cast)),
            (length.lines, Point::Line, Fault::at_lines()),
        ];
        let total: u64 = places.iter().map(|(count, ..)| count).sum();
        let draw =
            |turn: u64, limit: u64| u64::from(identity::pick(seed, turn, u32::try_from(limit).unwrap_or(u32::MAX)));
        let strikes = (0..count).filter_map(|turn| {
            let mut place = draw(turn.wrapping_mul(2), total);
            let (_, point, faults) = places.iter().find(|(count, ..)| {
                let is_here = place < *count;
                if !is_here {
                    place -= count;
                }
                is_here
            })?;
            let chosen = draw(turn.wrapping_mul(2).wrapping_add(1), u64::try_from(faults.len()).unwrap_or(1));
            let fault = faults.get(usize::try_from(chosen).unwrap_or(0))?.clone();
            Some(Strike { at: point(place.saturating_add(1)), fault })
        });
        Self(strikes.collect())
    }
}
