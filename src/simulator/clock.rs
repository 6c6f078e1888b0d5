//! Virtual time: how the API writes it, and how it keeps up with the real one.

use std::time::Duration;

use jiff::Timestamp;

/// RFC 3339 with whole seconds in UTC, as in `creationTimestamp`.
#[must_use]
pub fn clock_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How much of the time that has passed outside passes in a cluster: half of it
/// while its clock is ahead of the real one, because commands have waited
/// without letting real time pass. So it goes on, and is overtaken.
#[must_use]
pub fn held_back(passed: Duration, now: Timestamp, real: Timestamp) -> Duration {
    let before = real.checked_sub(passed).unwrap_or(real);
    let ahead = before.duration_until(now);
    let ahead = if ahead.is_positive() { ahead.unsigned_abs() } else { Duration::ZERO };
    (passed / 2).max(passed.saturating_sub(ahead))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_clock_that_is_ahead_goes_at_half_the_speed_until_it_is_overtaken() {
        let real = Timestamp::UNIX_EPOCH;
        let after = |passed: u64, ahead: i64| {
            let now = real + SignedDuration::from_secs(ahead);
            held_back(Duration::from_secs(passed), now, real + Duration::from_secs(passed)).as_secs()
        };
        assert_eq!([after(10, 0), after(10, -50), after(10, 100)], [10, 10, 5]);
        assert_eq!([after(10, 4), after(10, 5), after(10, 6)], [6, 5, 5]);
        assert_eq!(after(0, 100), 0);
    }
}
