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

/// One hunk from the first to the last line that differs. Of two changes apart
/// from each other the real server would leave the equal lines between them
/// alone; here they are taken out and put in again.
fn unified(old: &[String], new: &[String]) -> String {
    let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (rest_old, rest_new) = (old.get(same..).unwrap_or_default(), new.get(same..).unwrap_or_default());
    let tail = rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(|(old, new)| old == new).count();
    let start = same.saturating_sub(CONTEXT);
    let after = tail.min(CONTEXT);
    let cut = |lines: &[String], from: usize, to: usize, mark: &str| {
        let lines = lines.get(from..to).unwrap_or_default();
        lines.iter().fold(String::new(), |text, line| text + mark + line.as_str() + "\n")
    };
    let (end_old, end_new) = (old.len().saturating_sub(tail), new.len().saturating_sub(tail));
    let length = |end: usize| end.saturating_add(after).saturating_sub(start);
    let first = start.saturating_add(1);
    format!(
        "@@ -{first},{} +{first},{} @@\n{}{}{}{}",
        length(end_old),
        length(end_new),
        cut(old, start, same, " "),
        cut(old, same, end_old, "-"),
        cut(new, same, end_new, "+"),
        cut(old, end_old, end_old.saturating_add(after), " "),
    )
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
