//! Durations for people: two units at most, as in `14s`, `2m5s`, `3h20m`.

use std::time::Duration;

/// Whole seconds; less than one second is `0s`.
#[must_use]
pub fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, seconds) => pair(minutes, "m", seconds, "s"),
        (0, hours, minutes, _) => pair(hours, "h", minutes, "m"),
        (days, hours, _, _) => pair(days, "d", hours, "h"),
    }
}

fn pair(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit}{small}{small_unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_at_most() {
        let cases =
            [(0, "0s"), (14, "14s"), (60, "1m"), (125, "2m5s"), (12_000, "3h20m"), (475_200, "5d12h"), (86_400, "1d")];
        for (seconds, shown) in cases {
            assert_eq!(short(Duration::from_secs(seconds)), shown);
        }
        assert_eq!(short(Duration::from_millis(999)), "0s");
    }
}
