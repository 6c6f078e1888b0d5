//! How long a kubelet waits before it tries again: ten seconds, then twice as
//! long each time, at most five minutes. Nothing is remembered but what stands
//! in the pod's status.

use jiff::Timestamp;

use super::container::Ending;
use crate::simulator::controllers::fields::later;

/// The waits in seconds, and how Go writes them.
const WAITS: [(i64, &str); 6] = [(10, "10s"), (20, "20s"), (40, "40s"), (80, "1m20s"), (160, "2m40s"), (300, "5m0s")];

/// The longest wait. Whoever fails for ever rests in it: a simulated clock must
/// have an end.
pub(super) const LONGEST: i64 = 300;

/// A container that ran for so long is as good as new.
const AS_NEW: i64 = 2 * LONGEST;

/// The wait before a container that ended is started again, in seconds; none
/// the first time. `before` is how its run before ended.
pub(super) fn after(before: Option<&Ending>, ending: &Ending) -> i64 {
    let seconds = |from: Timestamp, to: Timestamp| from.duration_until(to).as_secs();
    let Some(before) = before.filter(|_| seconds(ending.started, ending.finished) <= AS_NEW) else { return 0 };
    let waited = seconds(before.finished, ending.started);
    WAITS.iter().map(|(wait, _)| *wait).find(|wait| *wait > waited).unwrap_or(LONGEST)
}

/// What a container says that waits so long.
pub(super) fn message(wait: i64, container: &str, pod: &str) -> String {
    let text = WAITS.iter().find(|(known, _)| *known == wait).map_or("5m0s", |(_, text)| text);
    format!("back-off {text} restarting failed container={container} pod={pod}")
}

/// The wait that such a message tells of.
pub(super) fn told(message: &str) -> i64 {
    let text = message.strip_prefix("back-off ").and_then(|rest| rest.split(' ').next());
    WAITS.iter().find(|(_, known)| Some(*known) == text).map_or(0, |(wait, _)| *wait)
}

/// The last attempt to pull an image by `now`, and the next one, if the first
/// was at `first` and all failed. The last is the longest wait before the next.
pub(super) fn attempts(first: Timestamp, now: Timestamp) -> (Timestamp, Timestamp) {
    let mut last = first;
    let mut waits = WAITS.iter().map(|(wait, _)| *wait);
    loop {
        let wait = waits.next();
        if wait.is_none() {
            // From here on it is the longest wait each time.
            let since = last.duration_until(now).as_secs().max(0);
            last = later(last, since / LONGEST * LONGEST);
        }
        let next = later(last, wait.unwrap_or(LONGEST));
        if now < next || wait.is_none() {
            return (last, next);
        }
        last = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, seconds)
    }

    fn ran(started: i64, finished: i64) -> Ending {
        Ending { code: 1, reason: String::new(), message: String::new(), started: at(started), finished: at(finished) }
    }

    #[test]
    fn each_wait_is_twice_the_one_before() {
        assert_eq!(after(None, &ran(0, 5)), 0);
        let waits = [(1, 10), (10, 20), (11, 20), (20, 40), (80, 160), (160, 300), (300, 300), (5000, 300)];
        for (waited, next) in waits {
            assert_eq!(after(Some(&ran(0, 100)), &ran(100 + waited, 100 + waited)), next, "{waited}");
        }
        assert_eq!(after(Some(&ran(0, 100)), &ran(400, 1001)), 0, "ten minutes of work are as good as new");
    }

    #[test]
    fn a_message_tells_its_wait() {
        for (wait, _) in WAITS {
            assert_eq!(told(&message(wait, "main", "web-0_default(uid)")), wait);
        }
        assert_eq!(told("back-off for ever"), 0);
        assert_eq!(told(""), 0);
    }

    #[test]
    fn attempts_are_further_and_further_apart() {
        let expected = [(0, 0, 10), (9, 0, 10), (10, 10, 30), (310, 310, 610), (609, 310, 610), (610, 610, 910)];
        for (now, last, next) in [expected.as_slice(), &[(1300, 1210, 1510), (-5, 0, 10)]].concat() {
            assert_eq!(attempts(at(0), at(now)), (at(last), at(next)), "{now}");
        }
    }
}
