//! Renders `plugin.yaml` as the release job's tool does: the tag, and for each
//! archive its address with its sum on a line of its own, four spaces in.

use std::fs;
use std::path::Path;

/// The manifest for this tag with made-up sums.
///
/// # Errors
/// A template that cannot be read or that asks for something else.
pub fn rendered(tag: &str) -> Result<String, String> {
    let mut count = 0;
    rendered_with(tag, |_| {
        count += 1;
        format!("{}{count:02x}", "5a".repeat(31))
    })
}

/// The manifest for this tag; `sum` gives the sum of the archive at an address.
pub fn rendered_with(tag: &str, mut sum: impl FnMut(&str) -> String) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin.yaml");
    let template = fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let mut text = String::new();
    for line in template.lines() {
        let line = line.replace("{{ .TagName }}", tag);
        let line = match line.trim().strip_prefix("{{addURIAndSha \"") {
            Some(call) => {
                let uri = call.split('"').next().unwrap_or_default();
                format!("    uri: {uri}\n    sha256: {}", sum(uri))
            }
            None => line,
        };
        text.push_str(&line);
        text.push('\n');
    }
    if text.contains("{{") { Err("something in the template was not rendered".to_owned()) } else { Ok(text) }
}
