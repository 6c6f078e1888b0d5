//! The JSON paths that definitions use: `.status.conditions[?(@.type=="Ready")].status`.
//! Of each only the first value that is found counts.

use serde_json::Value;

/// One step of a path.
#[derive(Debug, PartialEq)]
enum Step {
    Name(String),
    /// From the end, if negative.
    Index(i64),
    All,
    /// Items whose value at a path is, or is not, this one.
    Where {
        path: Path,
        value: Value,
        is_same: bool,
    },
    Has(Path),
}

/// A path that was understood.
#[derive(Debug, Default, PartialEq)]
pub struct Path(Vec<Step>);

/// The names of a plain path such as `.spec.replicas`.
#[must_use]
pub fn names(path: &str) -> Vec<String> {
    path.trim_start_matches('.').split('.').map(str::to_owned).collect()
}

/// The value at a plain path; `Null` if there is none.
#[must_use]
pub fn at<'a>(object: &'a Value, names: &[String]) -> &'a Value {
    names.iter().fold(object, |value, name| &value[name.as_str()])
}

/// Sets the value at a plain path.
pub fn put(object: &mut Value, names: &[String], value: Value) {
    let Some((name, rest)) = names.split_first() else {
        *object = value;
        return;
    };
    if !object.is_object() {
        *object = Value::Object(serde_json::Map::new());
    }
    if let Some(fields) = object.as_object_mut() {
        put(fields.entry(name).or_insert(Value::Null), rest, value);
    }
}

impl Path {
    /// Reads a path; `None` if it is none of those that are understood.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        rest = rest.strip_prefix(['$', '@']).unwrap_or(rest);
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let end = closing(after)?;
                steps.push(Step::in_brackets(after.get(..end)?.trim())?);
                rest = after.get(end + 1..)?;
            } else {
                let after = rest.strip_prefix('.')?;
                let (name, left) = dotted(after);
                rest = left;
                match name.as_str() {
                    "" if after.starts_with('[') => {}
                    "" => return None,
                    "*" => steps.push(Step::All),
                    _ => steps.push(Step::Name(name)),
                }
            }
        }
        Some(Self(steps))
    }

    /// The first value at this path.
    #[must_use]
    pub fn first<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        let mut found = vec![object];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.from(value)).collect();
        }
        found.first().copied()
    }
}

impl Step {
    fn in_brackets(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        if let Some(condition) = text.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
            return Self::condition(condition);
        }
        if let Some(name) = quoted(text) {
            return Some(Self::Name(name));
        }
        text.parse().ok().map(Self::Index)
    }

    fn condition(text: &str) -> Option<Self> {
        let split = [("==", true), ("!=", false)].into_iter().find_map(|(sign, is_same)| {
            text.split_once(sign).map(|(path, value)| (path.trim(), value.trim(), is_same))
        });
        let Some((path, value, is_same)) = split else { return Path::parse(text).map(Self::Has) };
        let value = quoted(value).map(Value::from).or_else(|| serde_json::from_str(value).ok())?;
        Some(Self::Where { path: Path::parse(path)?, value, is_same })
    }

    fn from<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let items = || value.as_array().into_iter().flatten();
        match self {
            Self::Name(name) => value.get(name).into_iter().collect(),
            Self::Index(index) => {
                let length = i64::try_from(items().count()).unwrap_or(i64::MAX);
                let index = if *index < 0 { index.saturating_add(length) } else { *index };
                usize::try_from(index).ok().and_then(|index| value.get(index)).into_iter().collect()
            }
            Self::All => items().chain(value.as_object().into_iter().flatten().map(|(_, value)| value)).collect(),
            Self::Where { path, value: wanted, is_same } => {
                items().filter(|item| path.first(item).is_some_and(|found| (found == wanted) == *is_same)).collect()
            }
            Self::Has(path) => items().filter(|item| path.first(item).is_some()).collect(),
        }
    }
}

/// Where the bracket ends that was opened before this text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            (Some(_) | None, _) => {}
        }
    }
    None
}

/// A name up to the next step, and what follows. A dot in a name is escaped.
fn dotted(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
            '.' | '[' => return (name, text.get(at..).unwrap_or_default()),
            letter => name.push(letter),
        }
    }
    (name, "")
}

fn quoted(text: &str) -> Option<String> {
    let inner = ['\'', '"'].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark))?;
    Some(inner.replace("\\.", "."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_find_what_they_name() {
        let object = json!({
            "metadata": {"labels": {"a.b/c": "x"}},
            "spec": {"n": 3, "hosts": ["one", "two"]},
            "status": {"conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}]},
        });
        for (path, wanted) in [
            (".spec.n", json!(3)),
            (".spec.hosts[0]", json!("one")),
            (".spec.hosts[-1]", json!("two")),
            (".spec.hosts[*]", json!("one")),
            (".metadata.labels.a\\.b/c", json!("x")),
            (".metadata.labels['a\\.b/c']", json!("x")),
            (".status.conditions[?(@.type==\"Ready\")].status", json!("True")),
            (".status.conditions[?(@.type!='A')].type", json!("Ready")),
            (".status.conditions[?(@.status)].type", json!("A")),
        ] {
            let parsed = Path::parse(path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(parsed.first(&object), Some(&wanted), "{path}");
        }
        assert_eq!(Path::parse(".spec.none").and_then(|path| path.first(&object).cloned()), None);
        for path in ["spec", ".spec[", ".spec..n", ".a[x]"] {
            assert_eq!(Path::parse(path), None, "{path}");
        }
    }
}
