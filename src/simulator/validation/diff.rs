//! The difference of two specs as the real server appends it to a refusal: a
//! unified diff of both as Go writes its internal structs, one field a line:
//! for claims and for CSI, NFS, local and host-path volumes. Other sources
//! give no text.

use serde_json::{Map, Value};

use super::go::{CLAIM, Struct, VOLUME_SOURCES, Zero, in_go};

/// Lines around a change.
const CONTEXT: usize = 3;

/// What to append for two specs of claims.
pub fn of_claims(old: &Value, new: &Value) -> String {
    appended(CLAIM, old, new)
}

/// What to append for two specs of volumes that hold their sources only;
/// empty for sources whose order of fields is not known here.
pub fn of_volume_sources(old: &Value, new: &Value) -> String {
    let is_known =
        |name: &str| VOLUME_SOURCES.iter().any(|(_, api, zero)| *api == name && matches!(zero, Zero::Pointer(_)));
    let names = [old, new].into_iter().filter_map(Value::as_object).flat_map(Map::keys);
    if names.into_iter().all(|name| is_known(name)) { appended(VOLUME_SOURCES, old, new) } else { String::new() }
}

fn appended(fields: Struct, old: &Value, new: &Value) -> String {
    format!("\n{}", unified(&lines(&in_go(fields, old)), &lines(&in_go(fields, new))))
}

/// The value as indented JSON, by one blank a level.
fn lines(value: &Value) -> Vec<String> {
    let mut out = vec![String::new()];
    write(value, 1, &mut out);
    out
}

fn write(value: &Value, depth: usize, out: &mut Vec<String>) {
    let (open, close, children): (_, _, Vec<(String, &Value)>) = match value {
        Value::Object(fields) if !fields.is_empty() => {
            ("{", "}", fields.iter().map(|(name, value)| (format!("{name:?}: "), value)).collect())
        }
        Value::Array(items) if !items.is_empty() => {
            ("[", "]", items.iter().map(|value| (String::new(), value)).collect())
        }
        plain => return append(out, &plain.to_string()),
    };
    append(out, open);
    let last = children.len();
    for (index, (name, child)) in children.into_iter().enumerate() {
        out.push(format!("{}{name}", " ".repeat(depth)));
        write(child, depth.saturating_add(1), out);
        if index.saturating_add(1) < last {
            append(out, ",");
        }
    }
    out.push(" ".repeat(depth.saturating_sub(1)));
    append(out, close);
}

fn append(out: &mut [String], text: &str) {
    if let Some(line) = out.last_mut() {
        line.push_str(text);
    }
}

/// Equal lines: where they begin in both, and how many.
#[derive(Clone, Copy)]
struct Block {
    old: usize,
    new: usize,
    length: usize,
}

/// The longest run of equal lines within both ranges, the first of several.
fn longest(old: &[String], new: &[String], (from, to): (usize, usize), (low, high): (usize, usize)) -> Block {
    let mut best = Block { old: from, new: low, length: 0 };
    for i in from..to {
        for j in low..high {
            let pairs = old.get(i..to).unwrap_or_default().iter().zip(new.get(j..high).unwrap_or_default());
            let length = pairs.take_while(|(old, new)| old == new).count();
            if length > best.length {
                best = Block { old: i, new: j, length };
            }
        }
    }
    best
}

/// The longest run, then those before and behind it.
fn matching(old: &[String], new: &[String], a: (usize, usize), b: (usize, usize), out: &mut Vec<Block>) {
    let found = longest(old, new, a, b);
    if found.length > 0 {
        matching(old, new, (a.0, found.old), (b.0, found.new), out);
        out.push(found);
        let (old_end, new_end) = (found.old.saturating_add(found.length), found.new.saturating_add(found.length));
        matching(old, new, (old_end, a.1), (new_end, b.1), out);
    }
}

/// A unified diff: changes with the lines around them, those that are near
/// each other in one hunk.
fn unified(old: &[String], new: &[String]) -> String {
    let mut blocks = Vec::new();
    matching(old, new, (0, old.len()), (0, new.len()), &mut blocks);
    blocks.push(Block { old: old.len(), new: new.len(), length: 0 });
    let (mut text, mut hunk) = (String::new(), Hunk::default());
    let (mut at_old, mut at_new) = (0, 0);
    for block in blocks {
        let is_changed = at_old < block.old || at_new < block.new;
        if is_changed {
            hunk.begin(old, at_old, at_new);
            hunk.add(old, at_old, block.old, '-');
            hunk.add(new, at_new, block.new, '+');
        }
        (at_old, at_new) = (block.old.saturating_add(block.length), block.new.saturating_add(block.length));
        let is_last = at_old == old.len() && at_new == new.len();
        if hunk.is_open() && (block.length > CONTEXT.saturating_mul(2) || is_last) {
            hunk.add(old, block.old, at_old.min(block.old.saturating_add(CONTEXT)), ' ');
            text.push_str(&std::mem::take(&mut hunk).text());
        } else if hunk.is_open() {
            hunk.add(old, block.old, at_old, ' ');
        }
    }
    text
}

/// Changes that are shown together.
#[derive(Default)]
struct Hunk {
    start: Option<(usize, usize)>,
    old: usize,
    new: usize,
    lines: String,
}

impl Hunk {
    fn is_open(&self) -> bool {
        self.start.is_some()
    }

    /// Begins with the lines before the first change.
    fn begin(&mut self, lines: &[String], old: usize, new: usize) {
        if self.start.is_none() {
            let before = old.min(new).min(CONTEXT);
            let (from, low) = (old.saturating_sub(before), new.saturating_sub(before));
            self.start = Some((from.saturating_add(1), low.saturating_add(1)));
            self.add(lines, from, old, ' ');
        }
    }

    fn add(&mut self, lines: &[String], from: usize, to: usize, mark: char) {
        for line in lines.get(from..to).unwrap_or_default() {
            self.old = self.old.saturating_add(usize::from(mark != '+'));
            self.new = self.new.saturating_add(usize::from(mark != '-'));
            self.lines.push(mark);
            self.lines.push_str(line);
            self.lines.push('\n');
        }
    }

    fn text(self) -> String {
        let (old, new) = self.start.unwrap_or_default();
        format!("@@ -{old},{} +{new},{} @@\n{}", self.old, self.new, self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_that_is_new_is_shown_in_the_order_and_spelling_of_go() {
        let old = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        let mut new = old.clone();
        new["dataSource"] = json!({"name": "a", "kind": "B"});
        let expected = [
            "",
            "@@ -12,7 +12,11 @@",
            "  \"VolumeName\": \"\",",
            "  \"StorageClassName\": null,",
            "  \"VolumeMode\": null,",
            "- \"DataSource\": null,",
            "+ \"DataSource\": {",
            "+  \"APIGroup\": null,",
            "+  \"Kind\": \"B\",",
            "+  \"Name\": \"a\"",
            "+ },",
            "  \"DataSourceRef\": null,",
            "  \"VolumeAttributesClassName\": null",
            " }",
            "",
        ];
        assert_eq!(of_claims(&old, &new), expected.join("\n"));
    }

    #[test]
    fn sources_of_unknown_order_give_no_text() {
        let disk = |name: &str| json!({"gcePersistentDisk": {"pdName": name}});
        assert_eq!(of_volume_sources(&disk("a"), &disk("b")), "");
        let share = |path: &str| json!({"nfs": {"server": "host", "path": path}});
        let text = of_volume_sources(&share("/a"), &share("/b"));
        assert!(text.contains("-  \"Path\": \"/a\",\n+  \"Path\": \"/b\",\n   \"ReadOnly\": false\n"), "{text}");
    }
}
