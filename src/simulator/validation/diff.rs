//! The difference of two specs as the real server appends it to a refusal: a
//! unified diff of both as Go writes its internal structs, one field a line:
//! for claims and for CSI, NFS, local and host-path volumes. Other sources
//! give no text.

use std::collections::BTreeMap;

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

/// Two texts, and where the lines of the new one stand.
struct Texts<'a> {
    old: &'a [String],
    new: &'a [String],
    places: BTreeMap<&'a str, Vec<usize>>,
}

/// Equal lines: where they begin in both, and how many.
#[derive(Clone, Copy)]
struct Block {
    old: usize,
    new: usize,
    length: usize,
}

/// Where each line of the new text stands. In a long text, lines that are
/// everywhere tell nothing.
fn places(new: &[String]) -> BTreeMap<&str, Vec<usize>> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, line) in new.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    if new.len() >= 200 {
        places.retain(|_, indices| indices.len() <= new.len() / 100 + 1);
    }
    places
}

impl Texts<'_> {
    /// The longest run of equal lines within both ranges, the first of several.
    fn longest(&self, (from, to): (usize, usize), (low, high): (usize, usize)) -> Block {
        let mut best = Block { old: from, new: low, length: 0 };
        // How long the run is that ends at a line of the new text.
        let mut runs: BTreeMap<usize, usize> = BTreeMap::new();
        for i in from..to {
            let line = self.old.get(i).map_or("", String::as_str);
            let mut longer = BTreeMap::new();
            for j in self.places.get(line).into_iter().flatten().copied().filter(|j| (low..high).contains(j)) {
                let length = j.checked_sub(1).and_then(|before| runs.get(&before)).copied().unwrap_or(0) + 1;
                longer.insert(j, length);
                if length > best.length {
                    best = Block { old: i + 1 - length, new: j + 1 - length, length };
                }
            }
            runs = longer;
        }
        self.stretched(best, (from, to), (low, high))
    }

    /// Lines that tell nothing by themselves belong to a run beside them.
    fn stretched(&self, mut run: Block, (from, to): (usize, usize), (low, high): (usize, usize)) -> Block {
        while run.old > from && run.new > low && self.old.get(run.old - 1) == self.new.get(run.new - 1) {
            run = Block { old: run.old - 1, new: run.new - 1, length: run.length + 1 };
        }
        while run.old + run.length < to
            && run.new + run.length < high
            && self.old.get(run.old + run.length) == self.new.get(run.new + run.length)
        {
            run.length += 1;
        }
        run
    }

    /// The longest run, then those before and behind it.
    fn matching(&self, a: (usize, usize), b: (usize, usize), out: &mut Vec<Block>) {
        let found = self.longest(a, b);
        if found.length > 0 {
            self.matching((a.0, found.old), (b.0, found.new), out);
            out.push(found);
            self.matching((found.old + found.length, a.1), (found.new + found.length, b.1), out);
        }
    }
}

/// A unified diff: changes with the lines around them, those that are near
/// each other in one hunk.
fn unified(old: &[String], new: &[String]) -> String {
    let mut blocks = Vec::new();
    Texts { old, new, places: places(new) }.matching((0, old.len()), (0, new.len()), &mut blocks);
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

    /// Line by line these would take minutes.
    #[test]
    fn lines_that_are_everywhere_are_found_beside_those_that_are_not() {
        let text = |last: &str| -> Vec<String> {
            let lines = (0..50_000).flat_map(|number| [format!("{number}"), "x".to_owned()]);
            lines.chain([last.to_owned()]).collect()
        };
        let expected = "@@ -99998,4 +99998,4 @@\n x\n 49999\n x\n-a\n+b\n";
        assert_eq!(unified(&text("a"), &text("b")), expected);
    }
}
