//! Ages as kubectl prints them (`14s`, `4m5s`, `5d3h`): the rules of
//! apimachinery's `duration.HumanDuration`, two or three significant figures.

use jiff::Timestamp;

/// Seconds in an hour.
const HOUR: i64 = 3_600;

/// The time from `since` to `now`. Up to one second in the future counts as
/// now, since the clocks of two machines differ; more is `<invalid>`.
#[must_use]
pub fn age(since: Timestamp, now: Timestamp) -> String {
    human(now.duration_since(since).as_secs())
}

/// The age of something whose birth may be missing; kubectl says `<unknown>`.
#[must_use]
pub fn age_of(since: Option<Timestamp>, now: Timestamp) -> String {
    since.map_or_else(|| "<unknown>".to_owned(), |since| age(since, now))
}

fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / HOUR);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match seconds {
        i64::MIN..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 24 * 8 => pair(days, "d", hours % 24, "h"),
        _ if days < 365 * 2 => format!("{days}d"),
        _ if days < 365 * 8 => pair(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

/// Two units, the smaller one only if it is not zero.
fn pair(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit}{small}{small_unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_those_that_kubectl_prints_at_each_of_its_thresholds() {
        const DAY: i64 = 24 * HOUR;
        let printed: Vec<String> = [
            -2,
            -1,
            0,
            119,
            120,
            125,
            599,
            600,
            10_799,
            10_800,
            3 * HOUR + 60,
            8 * HOUR - 1,
            8 * HOUR,
            48 * HOUR - 1,
            2 * DAY,
            5 * DAY + 3 * HOUR,
            8 * DAY - 1,
            8 * DAY,
            2 * 365 * DAY - 1,
            2 * 365 * DAY,
            2 * 365 * DAY + DAY,
            8 * 365 * DAY - 1,
            8 * 365 * DAY,
        ]
        .map(human)
        .to_vec();
        // Made with HumanDuration of k8s.io/apimachinery 0.36.3.
        let expected = [
            "<invalid>",
            "0s",
            "0s",
            "119s",
            "2m",
            "2m5s",
            "9m59s",
            "10m",
            "179m",
            "3h",
            "3h1m",
            "7h59m",
            "8h",
            "47h",
            "2d",
            "5d3h",
            "7d23h",
            "8d",
            "729d",
            "2y",
            "2y1d",
            "7y364d",
            "8y",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn age_counts_from_the_first_timestamp_to_the_second() {
        let since: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let now: Timestamp = "2026-01-06T03:10:00Z".parse().unwrap();
        assert_eq!(age(since, now), "5d3h");
        assert_eq!(age_of(None, now), "<unknown>");
    }
}
