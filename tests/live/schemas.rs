//! The simulator's table of types is made from the schemas that a real server
//! publishes; here it is made again and must be the committed one.

use std::path::Path;
use std::process::Command;

use kubectl_stateful::objects::kinds::{KINDS, collection_path};
use kubectl_stateful::schema::generate;
use kubectl_stateful::schema::generate::DOCUMENTS;
use kubectl_stateful::simulator::protobuf::{Numbers, generate as generate_numbers};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::support::api::Method;
use crate::support::resources;
use crate::support::tools;
use crate::world::World;
use crate::{ensure, live, needs_tools};

pub fn tests() -> Vec<Trial> {
    vec![
        live("the_table_of_types_is_what_the_published_schemas_give", current),
        needs_tools("the_numbers_of_fields_are_those_of_the_published_definitions", |_| numbers()),
        live("the_columns_of_tables_are_those_of_the_server", columns),
        live("the_resources_of_the_server_are_the_recorded_ones", served),
    ]
}

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema/table.json");

/// With `UPDATE_GENERATED=1` the table is written instead.
fn current(world: &World) -> Result<(), Failed> {
    let read = |group: &&str| document(world, group);
    let documents: Vec<Value> = DOCUMENTS.iter().map(read).collect::<Result<_, _>>()?;
    let table = generate(&documents);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|wish| wish == "1") {
        std::fs::write(TABLE, lines(&table))?;
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(TABLE)?)?;
    let stale = || {
        let types = |table: &Value| table["types"].as_object().cloned().unwrap_or_default();
        let (old, new) = (types(&committed), types(&table));
        let changed = |name: &&String| old.get(*name) != new.get(*name);
        let mut names: Vec<_> = old.keys().chain(new.keys()).filter(changed).collect();
        names.sort();
        names.dedup();
        format!("stale in {names:?}; UPDATE_GENERATED=1 cargo test --test live schemas writes it")
    };
    ensure(committed == table, stale)
}

/// The table with one kind or type on a line, so that a change shows.
fn lines(table: &Value) -> String {
    let parts = table.as_object().into_iter().flatten().map(|(part, entries)| {
        let entries = entries.as_object().into_iter().flatten();
        let entries: Vec<String> = entries.map(|(name, entry)| format!("{name:?}:{entry}")).collect();
        format!("{part:?}:{{\n{}\n}}", entries.join(",\n"))
    });
    format!("{{{}}}\n", parts.collect::<Vec<_>>().join(",\n"))
}

const NUMBERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/simulator/protobuf/numbers.json");

/// With `UPDATE_GENERATED=1` they are written instead. The definitions are those
/// of the pinned modules, which Go finds.
fn numbers() -> Result<(), Failed> {
    let go = tools::go()?;
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control-plane/kubernetes");
    let mut definitions = Vec::new();
    for module in ["k8s.io/api", "k8s.io/apimachinery", "k8s.io/apiextensions-apiserver"] {
        let listed = Command::new(&go).args(["list", "-m", "-f", "{{.Dir}}", module]).current_dir(modules).output()?;
        if !listed.status.success() {
            return Err(format!("go list: {}", String::from_utf8_lossy(&listed.stderr)).into());
        }
        let folder = String::from_utf8(listed.stdout)?;
        read_definitions(Path::new(folder.trim()), &mut definitions)?;
    }
    let found = generate_numbers(&definitions);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|wish| wish == "1") {
        let entries: Result<Vec<String>, serde_json::Error> =
            found.iter().map(|(name, names)| Ok(format!("{name:?}:{}", serde_json::to_string(names)?))).collect();
        std::fs::write(NUMBERS, format!("{{\n{}\n}}\n", entries?.join(",\n")))?;
    }
    let committed: Numbers = serde_json::from_str(&std::fs::read_to_string(NUMBERS)?)?;
    ensure(committed == found, || "stale; UPDATE_GENERATED=1 cargo test --test live numbers writes them".to_owned())
}

/// Each `generated.proto` below the folder, with the last two parts of its
/// package.
fn read_definitions(folder: &Path, found: &mut Vec<(String, String)>) -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_definitions(&path, found)?;
        } else if path.ends_with("generated.proto") {
            let text = std::fs::read_to_string(&path)?;
            let package = text.lines().find_map(|line| line.strip_prefix("package ")).unwrap_or_default();
            let parts: Vec<&str> = package.trim_end_matches(';').rsplit('.').take(2).collect();
            if let [version, group] = parts.as_slice() {
                found.push((format!("{group}.{version}"), text));
            }
        }
    }
    Ok(())
}

const COLUMNS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/simulator/tables/columns.json");

/// With `UPDATE_GENERATED=1` they are written instead.
fn columns(world: &World) -> Result<(), Failed> {
    let set = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        }},
    });
    world.create(set)?;
    let kinds = KINDS.iter().map(|kind| (format!("{}/{}", kind.api_version(), kind.kind), collection_path(kind, "")));
    let scale = format!("/apis/apps/v1/namespaces/{}/statefulsets/web/scale", world.namespace);
    let mut found = serde_json::Map::new();
    for (kind, path) in kinds.chain([("autoscaling/v1/Scale".to_owned(), scale)]) {
        let request = http::Request::get(path)
            .header(http::header::ACCEPT, "application/json;as=Table;v=v1;g=meta.k8s.io")
            .body(Vec::new())?;
        let table: Value = world.runtime.block_on(world.client.request(request))?;
        found.insert(kind, table["columnDefinitions"].clone());
    }
    let found = Value::Object(found);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|wish| wish == "1") {
        std::fs::write(COLUMNS, serde_json::to_string_pretty(&found)? + "\n")?;
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(COLUMNS)?)?;
    ensure(committed == found, || "stale; UPDATE_GENERATED=1 cargo test --test live columns writes them".to_owned())
}

/// With `UPDATE_GENERATED=1` they are written instead.
fn served(world: &World) -> Result<(), Failed> {
    let found = world.runtime.block_on(resources::of(&world.api))?;
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|wish| wish == "1") {
        std::fs::write(resources::recorded_at(), serde_json::to_string_pretty(&found)? + "\n")?;
    }
    ensure(resources::recorded()? == found, || {
        "stale; UPDATE_GENERATED=1 cargo test --test live resources writes them".to_owned()
    })
}

/// The OpenAPI document of a group and version, by its path below `/openapi/v3`.
fn document(world: &World, group: &str) -> Result<Value, String> {
    Ok(world.runtime.block_on(world.api.send(Method::Get, &format!("/openapi/v3/{group}"), None))?)
}
