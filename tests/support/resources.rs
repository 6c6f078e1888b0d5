//! What a server says that it serves: its resources by group and version, with
//! their verbs. That of a real one is committed in `tests/resources/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::api::{Api, Method};
use super::corpus::MINOR;

/// Verbs by resource by group and version, such as `apps/v1`.
pub type Resources = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Asks a server.
pub async fn of(api: &Api) -> Result<Resources, String> {
    let mut found = Resources::new();
    let mut pages = vec![("v1".to_owned(), "/api/v1".to_owned())];
    let groups = api.send(Method::Get, "/apis", None).await?;
    for group in groups["groups"].as_array().into_iter().flatten() {
        for version in group["versions"].as_array().into_iter().flatten() {
            let name = version["groupVersion"].as_str().unwrap_or_default();
            pages.push((name.to_owned(), format!("/apis/{name}")));
        }
    }
    for (name, path) in pages {
        let page = api.send(Method::Get, &path, None).await?;
        let resources = page["resources"].as_array().into_iter().flatten();
        found.insert(name, resources.map(|resource| (text(&resource["name"]), verbs(resource))).collect());
    }
    Ok(found)
}

fn verbs(resource: &Value) -> BTreeSet<String> {
    resource["verbs"].as_array().into_iter().flatten().map(text).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Those of a real server, as they were recorded.
pub fn recorded() -> Result<Resources, String> {
    let path = recorded_at();
    let text = fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))
}

/// Where they lie.
pub fn recorded_at() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/resources/{MINOR}.json"))
}
