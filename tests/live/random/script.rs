//! What a random script may contain. The kinds, an object of each to begin
//! with, and what may be written into it are data: `tests/random.yaml`.

use std::path::Path;

use fastrand::Rng;
use serde::Deserialize;
use serde_json::{Value, json};

const FEWEST_STEPS: usize = 3;
const MOST_STEPS: usize = 9;

/// Field managers; the last is the one that writes without a name have.
const MANAGERS: [&str; 3] = ["a", "b", "corpus"];

/// What no field of any object is meant to hold, or only some.
const ODD: [&str; 9] = ["null", "0", "-1", "\"\"", "\"x\"", "true", "{}", "[]", "[\"x\"]"];

/// A kind, an object of it, and what can be written into that: fields with
/// values that fit, do not fit or mean nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    collection: String,
    object: Value,
    changes: Vec<Value>,
    /// Subresources that are written like the object.
    #[serde(default)]
    parts: Vec<String>,
    /// Requests that only this kind has.
    #[serde(default)]
    steps: Vec<Value>,
    /// Field selectors besides those of names.
    #[serde(default)]
    fields: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Changes of any kind's metadata.
    metadata: Vec<Value>,
    kinds: Vec<Kind>,
}

pub fn kinds() -> Result<Vec<Kind>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/random.yaml");
    let told = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
    let text = std::fs::read_to_string(&path).map_err(|error| told(&error))?;
    let File { metadata, mut kinds } = serde_saphyr::from_str(&text).map_err(|error| told(&error))?;
    for kind in &mut kinds {
        kind.changes.extend(metadata.iter().cloned());
    }
    Ok(kinds)
}

/// An object is made, written and read in any way; at the end, a watch may
/// tell what happened.
pub fn script(random: &mut Rng, kinds: &[Kind]) -> Vec<Value> {
    let kind = &kinds[random.usize(..kinds.len())];
    let mut author = Author { random, kind };
    let mut steps = vec![json!({"request": format!("POST {}", kind.collection), "body": kind.object})];
    for _ in 0..author.random.usize(FEWEST_STEPS..=MOST_STEPS) {
        steps.push(author.step());
    }
    if author.random.u8(..3) == 0 {
        steps.push(author.watch());
        steps.push(json!({"events": steps.len()}));
    }
    steps
}

struct Author<'a> {
    random: &'a mut Rng,
    kind: &'a Kind,
}

impl Author<'_> {
    fn any<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        &of[self.random.usize(..of.len())]
    }

    fn step(&mut self) -> Value {
        match self.random.u8(..32) {
            0..=3 => self.patch("strategic-merge-patch+json"),
            4..=7 => self.patch("merge-patch+json"),
            8..=11 => self.json_patch(),
            12..=16 => self.apply(),
            17..=20 => self.put(),
            21 | 22 => self.delete(),
            23 => self.delete_collection(),
            24..=26 => self.post(),
            27 => json!({"request": format!("GET {}", self.target())}),
            28 => json!({"request": format!("GET {}", self.target()), "accept": "table"}),
            29 => self.list(),
            _ if self.kind.steps.is_empty() => self.apply(),
            _ => {
                let kind = self.kind;
                self.any(&kind.steps).clone()
            }
        }
    }

    fn target(&mut self) -> String {
        let kind = self.kind;
        let part = match kind.parts.as_slice() {
            [] => String::new(),
            _ if self.random.u8(..4) > 0 => String::new(),
            parts => format!("/{}", self.any(parts)),
        };
        let name = kind.object["metadata"]["name"].as_str().unwrap_or_default();
        format!("{}/{name}{part}", kind.collection)
    }

    /// The query of a write.
    fn query(&mut self) -> String {
        let manager = *self.any(&MANAGERS);
        let more = *self.any(&["", "", "", "", "&dryRun=All", "&fieldValidation=Strict", "&fieldValidation=Ignore"]);
        format!("?fieldManager={manager}{more}")
    }

    fn change(&mut self) -> Value {
        let kind = self.kind;
        let mut change = self.any(&kind.changes).clone();
        if self.random.u8(..4) == 0 {
            change = merged(&change, self.any(&kind.changes));
        }
        if self.random.u8(..12) == 0 {
            let odd: &&str = self.any(&ODD);
            let odd = serde_json::from_str(odd).unwrap_or_default();
            self.spoil(&mut change, odd);
        }
        change
    }

    /// Puts an odd value at a random place.
    fn spoil(&mut self, value: &mut Value, odd: Value) {
        let below: Option<&mut Value> = match value {
            Value::Object(fields) if !fields.is_empty() => {
                let at = self.random.usize(..fields.len());
                fields.values_mut().nth(at)
            }
            Value::Array(items) if !items.is_empty() => {
                let at = self.random.usize(..items.len());
                items.get_mut(at)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                None
            }
        };
        match below {
            Some(below) if below.is_object() || self.random.bool() => self.spoil(below, odd),
            Some(below) => *below = odd,
            None => *value = odd,
        }
    }

    /// What the writer expects the object to be.
    fn preconditions(&mut self, body: &mut Value) {
        if !body.is_object() || !(body["metadata"].is_object() || body["metadata"].is_null()) {
            return;
        }
        match self.random.u8(..14) {
            0 => body["metadata"]["resourceVersion"] = "${1/metadata/resourceVersion}".into(),
            1 => body["metadata"]["uid"] = "${1/metadata/uid}".into(),
            2 => body["metadata"]["uid"] = "another".into(),
            _ => {}
        }
    }

    fn patch(&mut self, how: &str) -> Value {
        let request = format!("PATCH {}{}", self.target(), self.query());
        let mut body = self.change();
        self.preconditions(&mut body);
        json!({"request": request, "type": format!("application/{how}"), "body": body})
    }

    fn json_patch(&mut self) -> Value {
        let request = format!("PATCH {}{}", self.target(), self.query());
        let change = self.change();
        let mut body = vec![self.operation(&change)];
        if self.random.bool() {
            let change = self.change();
            body.push(self.operation(&change));
        }
        json!({"request": request, "type": "application/json-patch+json", "body": body})
    }

    /// One of the change's innermost fields, written or looked at.
    fn operation(&mut self, change: &Value) -> Value {
        let (mut path, mut at) = (String::new(), change);
        while let Value::Object(fields) = at
            && !fields.is_empty()
            && (path.is_empty() || self.random.u8(..8) > 0)
        {
            let chosen = self.random.usize(..fields.len());
            let Some((name, value)) = fields.iter().nth(chosen) else { break };
            path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
            at = value;
        }
        match self.random.u8(..8) {
            0..=2 => json!({"op": "add", "path": path, "value": at}),
            3 | 4 => json!({"op": "replace", "path": path, "value": at}),
            5 => json!({"op": "test", "path": path, "value": at}),
            6 => json!({"op": "copy", "from": "/metadata/name", "path": path}),
            _ => json!({"op": "remove", "path": path}),
        }
    }

    /// The object, or less of it, with a change.
    fn body(&mut self) -> Value {
        let change = self.change();
        merged(&self.kind.object, &change)
    }

    fn apply(&mut self) -> Value {
        let mut body = if self.random.bool() {
            self.body()
        } else {
            let mut body = self.change();
            if body.is_object() {
                for name in ["apiVersion", "kind"] {
                    body[name] = self.kind.object[name].clone();
                }
                if body["metadata"].is_null() || body["metadata"].is_object() {
                    body["metadata"]["name"] = self.kind.object["metadata"]["name"].clone();
                }
            }
            body
        };
        self.preconditions(&mut body);
        let force = if self.random.u8(..3) > 0 { "" } else { "&force=true" };
        let request = format!("PATCH {}{}{force}", self.target(), self.query());
        json!({"request": request, "type": "application/apply-patch+yaml", "body": body})
    }

    fn put(&mut self) -> Value {
        let mut body = self.body();
        self.preconditions(&mut body);
        json!({"request": format!("PUT {}{}", self.target(), self.query()), "body": body})
    }

    fn post(&mut self) -> Value {
        let mut body = self.body();
        if self.random.u8(..3) == 0 && body["metadata"].is_object() {
            body["metadata"]["name"] = "other".into();
        }
        json!({"request": format!("POST {}{}", self.kind.collection, self.query()), "body": body})
    }

    fn delete(&mut self) -> Value {
        let options = match self.random.u8(..9) {
            0 => json!({"preconditions": {"uid": "${1/metadata/uid}"}}),
            1 => json!({"preconditions": {"resourceVersion": "${1/metadata/resourceVersion}"}}),
            2 => json!({"preconditions": {"uid": "another"}}),
            3 => json!({"propagationPolicy": self.any(&["Foreground", "Background", "Orphan"])}),
            4 => json!({"gracePeriodSeconds": self.any(&[0, 5])}),
            5 => json!({"dryRun": ["All"]}),
            _ => return json!({"request": format!("DELETE {}", self.target().trim_end_matches("/status"))}),
        };
        json!({"request": format!("DELETE {}", self.target().trim_end_matches("/status")), "body": options})
    }

    fn delete_collection(&mut self) -> Value {
        json!({"request": format!("DELETE {}?{}", self.kind.collection, self.selector())})
    }

    fn list(&mut self) -> Value {
        let mut step = json!({"request": format!("GET {}?{}", self.kind.collection, self.selector())});
        if self.random.u8(..3) == 0 {
            step["accept"] = "table".into();
        }
        step
    }

    fn selector(&mut self) -> String {
        let kind = self.kind;
        let labels = ["a%3Db", "a!%3Db", "a", "!a", "c%20in%20(d,e)", "c%20notin%20(d)", "a%3Db,c%3Dd"];
        let names = ["metadata.name%3Dx", "metadata.name!%3Dx", "metadata.namespace%3D$NAMESPACE"];
        match self.random.u8(..4) {
            0 | 1 => format!("labelSelector={}", self.any(&labels)),
            2 if !kind.fields.is_empty() => format!("fieldSelector={}", self.any(&kind.fields)),
            2 | 3 => format!("fieldSelector={}", self.any(&names)),
            _ => format!("labelSelector={}&fieldSelector={}", self.any(&labels), self.any(&names)),
        }
    }

    /// Tells everything since the object was made, or what is there; it lasts
    /// long enough for either.
    fn watch(&mut self) -> Value {
        let selector = if self.random.bool() { String::new() } else { format!("&{}", self.selector()) };
        let from = *self.any(&["&resourceVersion=${1/metadata/resourceVersion}", ""]);
        let request = format!("GET {}?watch=1&timeoutSeconds=1{from}{selector}", self.kind.collection);
        json!({"request": request, "opens": true})
    }
}

/// An object with a change in it; `null` stays as a value.
fn merged(object: &Value, change: &Value) -> Value {
    let (Value::Object(fields), Value::Object(changes)) = (object, change) else { return change.clone() };
    let mut merged_fields = fields.clone();
    for (name, change) in changes {
        let new = fields.get(name).map_or_else(|| change.clone(), |old| merged(old, change));
        merged_fields.insert(name.clone(), new);
    }
    merged_fields.into()
}
