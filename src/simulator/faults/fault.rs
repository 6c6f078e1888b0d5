//! Everything that can go wrong, as data.

use std::time::Duration;

use jiff::SignedDuration;

use super::rivals::Rival;
use crate::simulator::controllers::all::all;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client's process ends.
    Crash(Crash),
    /// The connection breaks; nobody learns the answer.
    Lost { delivered: bool },
    /// The request arrives a second time, after its answer.
    Twice,
    /// The request arrives only after the actors have had this much time.
    Late(Duration),
    /// Another answer comes than the one that was earned.
    Answer(Answer),
    /// The answer ends in the middle.
    Truncated,
    /// A read is answered from so many revisions ago.
    Stale(u64),
    /// Something is wrong with a watch.
    Watch(WatchFault),
    /// Something happens in the cluster.
    Meanwhile(Disturbance),
    /// A second run of the program comes in between.
    Second,
    /// The journal cannot be written. The simulator has no journal: whoever
    /// writes one asks for these.
    Journal(JournalFault),
}

/// When the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    BeforeSend,
    /// The server has done it, and nobody has seen the answer.
    BeforeAnswer,
    /// The answer has come, and nothing that was to be noted about it is.
    AfterAnswer,
}

/// Answers of a server, or of what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 409
    Conflict,
    /// 410
    Expired,
    /// 429, with or without `Retry-After`.
    TooMany { after: Option<u32> },
    /// 500
    Internal { committed: bool },
    /// 503
    Unavailable,
    /// 504
    Timeout { committed: bool },
    /// 401, from here on: the token has expired.
    Unauthorized,
    /// 403, from here on: a right was taken away.
    Forbidden,
}

/// What becomes of an event of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFault {
    Dropped,
    Repeated,
    /// It comes after the next one, if that is about another object.
    Swapped,
    /// The stream ends before it.
    Closed,
    /// 410 comes inside of the stream instead.
    Expired,
}

/// What happens in the cluster beside the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// Somebody else writes.
    Rival { namespace: String, act: Rival },
    /// An actor does nothing for so long.
    Stalled { actor: Actor, time: Duration },
    /// An actor comes up again and looks at everything.
    Restarted { actor: Actor },
    /// From here on, the cache of an actor is up to so many revisions old.
    Behind { actor: Actor, revisions: u64 },
    /// The clock is put forward or back.
    Jump(SignedDuration),
}

/// An actor that every cluster has, by the name under which it writes: whoever
/// is not there cannot be disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor(&'static str);

impl Actor {
    /// All of them, in the order in which they are looked at.
    #[must_use]
    pub fn all() -> Vec<Self> {
        all().iter().map(|actor| Self(actor.name())).collect()
    }

    /// `None` if nobody is called so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|actor| actor.0 == name)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// What keeps a line from the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalFault {
    Full,
    ReadOnly,
    /// Only the beginning of the line gets there.
    Torn,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_actors_that_are_there_are_known_by_name() {
        let known = Actor::all();
        assert!(known.len() > 15, "{known:?}");
        for actor in known {
            assert_eq!(Actor::named(actor.name()), Some(actor));
        }
        assert_eq!(Actor::named("persistentvolume-binder"), None);
    }
}
