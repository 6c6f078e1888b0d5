//! Where the keys at the top of a text stand, for messages about an answers file.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::options;

/// Where a key and its value stand: line and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    pub key: (u64, u64),
    pub value: (u64, u64),
}

/// The places of the keys at the top of a text with one document; none if it
/// is no such text.
#[must_use]
pub fn key_places(text: &str) -> Vec<(String, KeyPlace)> {
    serde_saphyr::from_str_with_options::<KeyPlaces>(text, options(DuplicateKeyPolicy::Error))
        .map(|places| places.0)
        .unwrap_or_default()
}

struct KeyPlaces(Vec<(String, KeyPlace)>);

impl<'de> Deserialize<'de> for KeyPlaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Top;
        impl<'de> Visitor<'de> for Top {
            type Value = KeyPlaces;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyPlaces, A::Error> {
                let at = |location: Location| (location.line(), location.column());
                let mut found = Vec::new();
                while let Some((key, value)) = map.next_entry::<Spanned<String>, Spanned<IgnoredAny>>()? {
                    found.push((key.value, KeyPlace { key: at(key.referenced), value: at(value.referenced) }));
                }
                Ok(KeyPlaces(found))
            }
        }
        deserializer.deserialize_map(Top)
    }
}
