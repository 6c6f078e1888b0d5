//! Secrets that exist already. They are kept as they are, whatever was asked
//! for, so nobody may be left believing that a value of theirs was taken.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::commands::secrets::SecretValues;
use crate::effects::Effect;
use crate::error::Failure;
use crate::facts::reader::Reader;

/// The Secrets among the effects that exist, by their path, without what the
/// server keeps for itself.
pub type Existing = BTreeMap<String, Value>;

/// Reads them.
pub async fn read(effects: &[Effect], reader: &Reader, connection: &Connection) -> Result<Existing, Failure> {
    let mut existing = Existing::new();
    for effect in effects {
        let Some(create) = effect.secret() else { continue };
        let found = reader.get(&create.object).await;
        let found =
            found.map_err(|why| explain(&why, &connection.identity, &format!("reading `{}`", create.object)))?;
        if let Some(found) = found {
            existing.insert(create.object.path(), as_made(&found));
        }
    }
    Ok(existing)
}

fn as_made(found: &Value) -> Value {
    let metadata = &found["metadata"];
    let mut kept = json!({ "name": metadata["name"], "namespace": metadata["namespace"] });
    if !metadata["labels"].is_null() {
        kept["labels"] = metadata["labels"].clone();
    }
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": kept, "type": found["type"], "data": found["data"] })
}

/// What to say where a value that was given differs from the one that is there:
/// a warning if the Secret may be used all the same, else a refusal.
pub fn check(
    effects: &[Effect],
    existing: &Existing,
    secrets: &SecretValues<'_>,
    keeps_secrets: bool,
) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    for effect in effects {
        let Some(create) = effect.secret() else { continue };
        let Some(found) = existing.get(&create.object.path()) else { continue };
        let other =
            create.other_values(found, secrets).map_err(|why| Failure::usage("secret-value", why.to_string()))?;
        if other.is_empty() {
            continue;
        }
        let keys = other.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let object = &create.object;
        if !keeps_secrets {
            let what = format!("`{object}` exists with another value for {keys}; nothing was changed");
            return Err(Failure::refused("secret-exists", what)
                .hint("a Secret is never overwritten: choose another name, or delete it if nobody needs it"));
        }
        warnings.push(format!("{object} exists and is kept: the value given for {keys} is not used"));
    }
    Ok(warnings)
}
