//! How long ago something was, in the server's short words.

use jiff::Timestamp;
use serde_json::Value;

/// The age of an object.
#[must_use]
pub fn cell(object: &Value, now: Timestamp) -> Value {
    since(&object["metadata"]["creationTimestamp"], now).into()
}

/// The time since then; `<unknown>` without one.
#[must_use]
pub fn since(time: &Value, now: Timestamp) -> String {
    let time = time.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    time.map_or_else(|| "<unknown>".to_owned(), |time| short(time.duration_until(now).as_secs()))
}

/// The two largest units while they say something, then one.
fn short(seconds: i64) -> String {
    let (minutes, hours, days, years) = (seconds / 60, seconds / 3600, seconds / 86_400, seconds / 31_536_000);
    let pair = |large: i64, unit: &str, small: i64, smaller: &str| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{smaller}") }
    };
    match (seconds, minutes, hours) {
        (..=-2, ..) => "<invalid>".to_owned(),
        (-1, ..) => "0s".to_owned(),
        (..=119, ..) => format!("{seconds}s"),
        (_, ..=9, _) => pair(minutes, "m", seconds % 60, "s"),
        (_, ..=179, _) => format!("{minutes}m"),
        (.., ..=7) => pair(hours, "h", minutes % 60, "m"),
        (.., ..=47) => format!("{hours}h"),
        (.., ..=191) => pair(days, "d", hours % 24, "h"),
        (.., ..=17_519) => format!("{days}d"),
        (.., ..=70_079) => pair(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let (minute, hour, day) = (60, 3600, 86_400);
        for (seconds, expected) in [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (2 * minute + 3, "2m3s"),
            (10 * minute + 3, "10m"),
            (179 * minute, "179m"),
            (3 * hour, "3h"),
            (7 * hour + 59 * minute, "7h59m"),
            (8 * hour + 59 * minute, "8h"),
            (47 * hour, "47h"),
            (2 * day, "2d"),
            (7 * day + 5 * hour, "7d5h"),
            (8 * day + 5 * hour, "8d"),
            (729 * day, "729d"),
            (730 * day, "2y"),
            (731 * day, "2y1d"),
            (3000 * day, "8y"),
        ] {
            assert_eq!(short(seconds), expected, "{seconds}");
        }
    }
}
