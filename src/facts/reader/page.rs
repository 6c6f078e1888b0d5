//! A page of a list, taken apart while it is read: each item becomes what is
//! kept of it before the next one is looked at, and what nobody looks at is
//! passed over in the text. A namespace may have thousands of objects.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Fields that are passed over, such as `metadata.managedFields`; through lists as well.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeftOut(&'static [&'static [&'static str]]);

const MANAGERS: &[&str] = &["metadata", "managedFields"];
/// A manifest in a text, as long as the object.
const APPLIED: &[&str] = &["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];

impl LeftOut {
    pub const NOTHING: Self = Self(&[]);

    /// What no view of the kind has.
    pub fn of(kind: &str) -> Self {
        Self(match kind {
            "Pod" => &[
                MANAGERS,
                APPLIED,
                &["spec", "containers"],
                &["spec", "initContainers"],
                &["spec", "ephemeralContainers"],
                &["spec", "affinity"],
                &["spec", "topologySpreadConstraints"],
            ],
            "Node" => &[MANAGERS, APPLIED, &["status", "images"]],
            "ControllerRevision" => &[MANAGERS, APPLIED, &["data"]],
            _ => &[MANAGERS, APPLIED],
        })
    }

    /// Of a list of names.
    pub const ALL_BUT_METADATA: Self = Self(&[
        MANAGERS,
        &["metadata", "annotations"],
        &["metadata", "labels"],
        &["metadata", "ownerReferences"],
        &["spec"],
        &["status"],
    ]);
}

/// What was read of a page, and the token of the next one.
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page that was not written out: what is kept is made of the objects as they
    /// are stored, and what nobody looks at costs nothing.
    pub fn of(objects: &[Arc<Value>], next: Option<String>, keep: &impl Fn(Cow<'_, Value>) -> Option<T>) -> Self {
        Self { items: objects.iter().filter_map(|object| keep(Cow::Borrowed(object))).collect(), next }
    }
}

/// Reads a page.
///
/// # Errors
/// A text that is no JSON object.
pub fn read<T>(
    text: &str,
    left_out: LeftOut,
    keep: &impl Fn(Cow<'_, Value>) -> Option<T>,
) -> Result<Page<T>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let page = PageSeed { left_out, keep }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(page)
}

struct PageSeed<'a, F> {
    left_out: LeftOut,
    keep: &'a F,
}

#[derive(Default, Deserialize)]
struct ListMeta {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

impl<'de, T, F: Fn(Cow<'_, Value>) -> Option<T>> DeserializeSeed<'de> for PageSeed<'_, F> {
    type Value = Page<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Page<T>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T, F: Fn(Cow<'_, Value>) -> Option<T>> Visitor<'de> for PageSeed<'_, F> {
    type Value = Page<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<T>, A::Error> {
        let mut page = Page { items: Vec::new(), next: None };
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "metadata" => page.next = map.next_value::<Option<ListMeta>>()?.unwrap_or_default().next,
                "items" => page.items = map.next_value_seed(Items { left_out: self.left_out, keep: self.keep })?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        page.next = page.next.filter(|token| !token.is_empty());
        Ok(page)
    }
}

struct Items<'a, F> {
    left_out: LeftOut,
    keep: &'a F,
}

impl<'de, T, F: Fn(Cow<'_, Value>) -> Option<T>> DeserializeSeed<'de> for Items<'_, F> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: Fn(Cow<'_, Value>) -> Option<T>> Visitor<'de> for Items<'_, F> {
    type Value = Vec<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("objects")
    }

    /// Go writes an empty list as `null`.
    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut kept = Vec::new();
        while let Some(object) = list.next_element_seed(Object { left_out: self.left_out, depth: 0, path: &[] })? {
            kept.extend((self.keep)(Cow::Owned(object)));
        }
        Ok(kept)
    }
}

/// A value without what is left out; `path` leads to it.
#[derive(Clone, Copy)]
struct Object<'p> {
    left_out: LeftOut,
    depth: usize,
    path: &'p [&'static str],
}

impl Object<'_> {
    /// The paths below a key: none, it is left out itself, or some that go on.
    fn step(&self, key: &str) -> Step {
        let mut on = Step::Whole;
        for path in self.left_out.0 {
            if !path.starts_with(self.path) || path.get(self.depth) != Some(&key) {
                continue;
            }
            let Some(so_far) = path.get(..=self.depth) else { continue };
            if path.len() == so_far.len() {
                return Step::Over;
            }
            on = Step::Into(so_far);
        }
        on
    }
}

enum Step {
    Whole,
    Into(&'static [&'static str]),
    Over,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match self.step(&key) {
                Step::Over => drop(map.next_value::<IgnoredAny>()?),
                Step::Whole => drop(fields.insert(key, map.next_value()?)),
                Step::Into(path) => {
                    let inner = Object { left_out: self.left_out, depth: self.depth + 1, path };
                    if let Some(value) = map.next_value_seed(Maybe(inner))? {
                        fields.insert(key, value);
                    }
                }
            }
        }
        Ok(Value::Object(fields))
    }
}

/// `null` is as good as nothing.
struct Maybe<'p>(Object<'p>);

impl<'de> DeserializeSeed<'de> for Maybe<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Maybe<'_> {
    type Value = Option<Value>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object or nothing")
    }

    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "some views leave objects out")]
    fn whole(object: Cow<'_, Value>) -> Option<Value> {
        Some(object.into_owned())
    }

    fn items(text: &Value, left_out: LeftOut) -> Vec<Value> {
        read(&text.to_string(), left_out, &whole).unwrap().items
    }

    #[test]
    fn what_is_left_out_is_not_there_and_all_else_is() {
        let pod = json!({"metadata": {"name": "a", "managedFields": [{"x": 1}], "labels": {"managedFields": "b"},
            "annotations": {"a": "b", APPLIED[2]: "{}"}}, "spec": {"containers": [1], "nodeName": "n", "containersX": []}, "status": {"containers": 2}});
        let page = json!({"kind": "PodList", "metadata": {"continue": "t"}, "items": [pod, {"spec": null}]});
        let kept = json!({"metadata": {"name": "a", "labels": {"managedFields": "b"}, "annotations": {"a": "b"}},
            "spec": {"nodeName": "n", "containersX": []}, "status": {"containers": 2}});
        assert_eq!(items(&page, LeftOut::of("Pod")), [kept, json!({})]);
        assert_eq!(items(&page, LeftOut::NOTHING), [page["items"][0].clone(), json!({"spec": null})]);
        assert_eq!(items(&page, LeftOut::ALL_BUT_METADATA)[0], json!({"metadata": {"name": "a"}}));
        assert_eq!(read(&page.to_string(), LeftOut::NOTHING, &whole).unwrap().next.as_deref(), Some("t"));
    }

    #[test]
    fn empty_lists_are_empty_and_what_is_no_list_is_an_error() {
        for empty in
            [json!({}), json!({"items": null, "metadata": null}), json!({"items": [], "metadata": {"continue": ""}})]
        {
            let page = read(&empty.to_string(), LeftOut::NOTHING, &whole).unwrap();
            assert_eq!((page.items, page.next), (Vec::new(), None));
        }
        for broken in ["", "[]", "{\"items\": 1}", "{\"items\": [1]}", "{} x"] {
            assert!(read(broken, LeftOut::of("Pod"), &whole).is_err(), "{broken}");
        }
    }
}
