//! `--request-timeout`: how long one request may take from its first byte to
//! the last one of its answer, further tries included. Watches, followed logs
//! and programs in pods last as long as they last and have no limit.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;
use tower::ServiceExt;
use tower::util::BoxCloneService;

use super::transport::{Nature, Transport};

/// The value of the flag; `None` inside means without limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTimeout(pub Option<Duration>);

impl Default for RequestTimeout {
    /// The API server itself ends every ordinary request after 60 s, so an
    /// answer that has not come after 90 s was lost on the way.
    fn default() -> Self {
        Self(Some(Duration::from_secs(90)))
    }
}

impl FromStr for RequestTimeout {
    type Err = String;

    /// As kubectl reads it: whole seconds, or numbers with units; 0 is none.
    fn from_str(text: &str) -> Result<Self, String> {
        let length = match text.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => text.parse::<SignedDuration>().ok().and_then(|signed| Duration::try_from(signed).ok()),
        };
        match length {
            Some(length) if length > MAXIMUM => Err("longer than a year; use 0 for no limit".to_owned()),
            Some(length) => Ok(Self((!length.is_zero()).then_some(length))),
            None => Err("not a time: use whole seconds, or a number with a unit, as in 5s, 2m, 1h".to_owned()),
        }
    }
}

/// Above this, adding it to the present moment could overflow.
const MAXIMUM: Duration = Duration::from_hours(366 * 24);

/// No answer within the time limit. Whether a write was carried out is unknown.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no answer within {}", shown(*limit))]
pub struct TimedOut {
    pub limit: Duration,
}

/// The moment at which a request is given up; travels with it, so that the
/// retries inside do not start waiting for something that cannot happen.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Instant);

/// Ends ordinary requests after `limit`.
#[expect(clippy::disallowed_methods, reason = "this is the limit of one request")]
pub fn limited(inner: Transport, limit: Option<Duration>) -> Transport {
    let Some(limit) = limit else { return inner };
    BoxCloneService::new(tower::service_fn(move |mut request: http::Request<kube::client::Body>| {
        let inner = inner.clone();
        async move {
            match Nature::of(&request) {
                Nature::Read | Nature::Question | Nature::Write => {
                    let deadline = Instant::now() + limit;
                    request.extensions_mut().insert(Deadline(deadline));
                    match tokio::time::timeout_at(deadline, inner.oneshot(request)).await {
                        Ok(outcome) => outcome,
                        Err(_elapsed) => Err(TimedOut { limit }.into()),
                    }
                }
                Nature::Stream | Nature::Upgrade => inner.oneshot(request).await,
            }
        }
    }))
}

/// `90s`, `1.5s`, `50ms`: short, and typed back in it means the same.
pub fn shown(length: Duration) -> String {
    if length.as_millis().is_multiple_of(1000) {
        format!("{}s", length.as_secs())
    } else {
        format!("{}ms", length.as_millis())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "time stands still in these tests")]
mod tests {
    use super::*;
    use crate::cluster::transport::testing::{get, post, silent, watch};

    fn parsed(text: &str) -> Result<Option<Duration>, String> {
        text.parse::<RequestTimeout>().map(|limit| limit.0)
    }

    #[test]
    fn numbers_are_seconds_and_units_are_kubectls() {
        assert_eq!(parsed("0"), Ok(None));
        assert_eq!(parsed("0s"), Ok(None));
        assert_eq!(parsed("5"), Ok(Some(Duration::from_secs(5))));
        assert_eq!(parsed("5s"), Ok(Some(Duration::from_secs(5))));
        assert_eq!(parsed("1m"), Ok(Some(Duration::from_mins(1))));
        assert_eq!(parsed("1h30m"), Ok(Some(Duration::from_mins(90))));
        assert_eq!(parsed("1.5s"), Ok(Some(Duration::from_millis(1500))));
        assert_eq!(parsed("300ms"), Ok(Some(Duration::from_millis(300))));
    }

    #[test]
    fn nonsense_negative_and_endless_times_are_refused() {
        for text in ["", "soon", "-5", "-5s", "5x", "99999999999999999999", "18446744073709551615", "9000000h"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_can_be_typed_back() {
        for length in [Duration::from_secs(90), Duration::from_millis(1500), Duration::from_millis(50)] {
            assert_eq!(parsed(&shown(length)), Ok(Some(length)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reads_and_writes_end_when_the_limit_has_passed() {
        let limit = Duration::from_secs(7);
        for request in [get("/api/v1/nodes"), post("/api/v1/nodes")] {
            let before = Instant::now();
            let error = limited(silent(), Some(limit)).oneshot(request).await.unwrap_err();
            assert!(error.is::<TimedOut>(), "{error}");
            assert_eq!(before.elapsed(), limit);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_has_no_limit() {
        let waiting = limited(silent(), Some(Duration::from_secs(7))).oneshot(watch("/api/v1/nodes"));
        assert!(tokio::time::timeout(Duration::from_secs(100_000), waiting).await.is_err());
    }
}
