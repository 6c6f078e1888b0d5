//! Owners that an object names twice: one of them is kept.

use serde_json::Value;

/// When the doubles were found.
#[derive(Clone, Copy)]
pub enum Found {
    InTheBody,
    /// After a patch the server takes them for the work of admission.
    InThePatched,
}

/// Keeps each owner once, and says what there was to be said.
pub fn named_once(object: &mut Value, found: Found) -> Option<String> {
    let owners = object.get_mut("metadata")?.get_mut("ownerReferences")?.as_array_mut()?;
    let mut kept: Vec<Value> = Vec::new();
    let mut doubles: Vec<String> = Vec::new();
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            doubles.push(owner["uid"].as_str().unwrap_or_default().to_owned());
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    doubles.sort();
    doubles.dedup();
    let when = match found {
        Found::InTheBody => "",
        Found::InThePatched => " after mutating admission happens",
    };
    (!doubles.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and \
             may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            doubles.join(", ")
        )
    })
}
