//! Virtual time as the API writes it.

use jiff::Timestamp;

/// RFC 3339 with whole seconds in UTC, as in `creationTimestamp`.
#[must_use]
pub fn clock_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
