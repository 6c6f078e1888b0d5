//! L1 to L3: how a run may end.

use super::{Rule, Violation};
use crate::simulator::faults::Seen;

/// How a run said that it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The goal is reached, it says.
    Done,
    /// A safe stop, by its name.
    Stopped(String),
    /// Anything else: an unknown error, or no end at all.
    Lost(String),
}

/// L1: with faults stopped, so many attempts lead to the goal or to a safe stop
/// that has a name.
#[must_use]
pub fn progress(ends: &[Ended], most: usize) -> Option<Violation> {
    let is_end = |end: &Ended| match end {
        Ended::Done => true,
        Ended::Stopped(name) => !name.is_empty(),
        Ended::Lost(_) => false,
    };
    let found = ends.iter().take(most).any(is_end);
    (!found).then(|| Violation::new(Rule::Progress, format!("no end after {most} attempts: {ends:?}")))
}

/// L2: a resume after success sends no write.
#[must_use]
pub fn idempotence(requests: &[Seen]) -> Option<Violation> {
    let writes = |request: &&Seen| {
        let only_asks = request.path.ends_with("reviews") || request.query.contains("dryRun=All");
        request.method != "GET" && !only_asks
    };
    let found = requests.iter().find(writes)?;
    Some(Violation::new(Rule::Idempotence, format!("{} {} although all was done", found.method, found.path)))
}

/// L3: who says `Done` is done, and who is done does not say otherwise.
#[must_use]
pub fn honesty(end: &Ended, is_reached: bool) -> Option<Violation> {
    match (end, is_reached) {
        (Ended::Done, true) | (Ended::Stopped(_) | Ended::Lost(_), false) => None,
        (Ended::Done, false) => Some(Violation::new(Rule::Honesty, "says done, and is not")),
        (Ended::Stopped(name) | Ended::Lost(name), true) => {
            Some(Violation::new(Rule::Honesty, format!("says `{name}`, and all is done")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(method: &str, path: &str, query: &str) -> Seen {
        Seen {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: Vec::new().into(),
            stale: 0,
        }
    }

    #[test]
    fn only_the_goal_and_stops_with_a_name_are_ends() {
        let lost = || Ended::Lost("500".to_owned());
        assert_eq!(progress(&[lost(), Ended::Stopped("claim-in-use".to_owned())], 2), None);
        assert_eq!(progress(&[lost(), Ended::Done], 2), None);
        for ends in [vec![], vec![lost()], vec![lost(), lost(), Ended::Done], vec![Ended::Stopped(String::new())]] {
            assert_eq!(progress(&ends, 2).map(|found| found.rule), Some(Rule::Progress), "{ends:?}");
        }
    }

    #[test]
    fn a_resume_after_success_may_look_and_ask_but_not_write() {
        let asks = [
            seen("GET", "/api/v1/pods", ""),
            seen("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", ""),
            seen("DELETE", "/api/v1/namespaces/a/pods/b", "dryRun=All"),
        ];
        assert_eq!(idempotence(&asks), None);
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let rule = idempotence(&[seen(method, "/api/v1/namespaces/a/pods/b", "")]).map(|found| found.rule);
            assert_eq!(rule, Some(Rule::Idempotence));
        }
    }

    #[test]
    fn what_is_told_must_be_so() {
        let stopped = Ended::Stopped("set-changed".to_owned());
        assert_eq!((honesty(&Ended::Done, true), honesty(&stopped, false)), (None, None));
        assert!(honesty(&Ended::Done, false).is_some() && honesty(&stopped, true).is_some());
    }
}
