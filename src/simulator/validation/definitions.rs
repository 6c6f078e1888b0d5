//! Custom resource definitions: names that fit together, versions of which one
//! is stored, and schemas that say of each field what it is.

use serde_json::{Value, json};

use super::read::text;
use super::{names, schemas};
use crate::simulator::status::Cause;

const PLACES: &str = "spec.versions";

fn versions(definition: &Value) -> impl Iterator<Item = &Value> {
    definition["spec"]["versions"].as_array().into_iter().flatten()
}

/// What is wrong with a definition apart from its metadata.
pub fn of_definition(definition: &Value) -> Vec<Cause> {
    let spec = &definition["spec"];
    let mut causes = of_group(text(spec, "group"));
    match text(spec, "scope") {
        "" => causes.push(Cause::required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        other => causes.push(Cause::unsupported("spec.scope", other, &["Cluster", "Namespaced"])),
    }
    causes.extend(of_versions(definition));
    causes.extend(of_names(&spec["names"]));
    causes.extend(of_shared(definition));
    match text(&spec["conversion"], "strategy") {
        "" | "None" | "Webhook" => {}
        other => {
            causes.push(Cause::unsupported("spec.conversion.strategy", other, &["None", "Webhook"]));
        }
    }
    if definition["status"]["storedVersions"].as_array().is_none_or(Vec::is_empty) {
        causes.push(Cause::invalid("status.storedVersions", &Value::Null, "must have at least one stored version"));
    }
    causes
}

/// The name of a new definition.
pub fn of_name(definition: &Value) -> Option<Cause> {
    let (spec, name) = (&definition["spec"], &definition["metadata"]["name"]);
    let full = format!("{}.{}", text(&spec["names"], "plural"), text(spec, "group"));
    let why = "must be spec.names.plural+\".\"+spec.group";
    (*name != full.as_str()).then(|| Cause::invalid("metadata.name", name, why))
}

fn of_group(group: &str) -> Vec<Cause> {
    if group.is_empty() {
        return vec![Cause::required("spec.group", "")];
    }
    let causes = names::subdomain("spec.group", group);
    if causes.is_empty() && !group.contains('.') {
        return vec![Cause::invalid("spec.group", &group.into(), "should be a domain with at least one dot")];
    }
    causes
}

/// What the server holds at the top when all versions say the same of it, and
/// so names there: the field of a version, and the one at the top.
const SHARED: &[(&str, &str)] = &[
    ("schema", "validation"),
    ("subresources", "subresources"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
];

/// Whether all versions say the same, and not nothing.
fn is_shared(definition: &Value, field: &str) -> bool {
    let mut said = versions(definition).map(|version| &version[field]);
    said.next().is_some_and(|first| !first.is_null() && said.all(|other| other == first))
}

fn of_versions(definition: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (index, version) in versions(definition).enumerate() {
        if version["schema"]["openAPIV3Schema"].is_null() {
            causes.push(Cause::required(format!("{PLACES}[{index}].schema.openAPIV3Schema"), ""));
        }
    }
    for (index, version) in versions(definition).enumerate() {
        let at = format!("{PLACES}[{index}]");
        causes.extend(names::old_label(&format!("{at}.name"), text(version, "name")));
        if version["deprecated"] != true && !version["deprecationWarning"].is_null() {
            let why = "can only be set for deprecated versions";
            causes.push(Cause::invalid(format!("{at}.deprecationWarning"), &version["deprecationWarning"], why));
        }
        for (field, _) in SHARED.iter().filter(|(field, _)| !is_shared(definition, field)) {
            causes.extend(of_field(&format!("{at}.{field}"), field, &version[*field]));
        }
    }
    let mut names: Vec<&str> = versions(definition).map(|version| text(version, "name")).collect();
    names.sort_unstable();
    names.dedup();
    let shown = || if versions(definition).next().is_none() { Value::Null } else { in_go(definition) };
    if names.len() < versions(definition).count() {
        causes.push(Cause::invalid(PLACES, &shown(), "must contain unique version names"));
    }
    if versions(definition).filter(|version| version["storage"] == true).count() != 1 {
        causes.push(Cause::invalid(PLACES, &shown(), "must have exactly one version marked as storage version"));
    }
    causes.extend(
        versions(definition)
            .next()
            .map_or_else(Vec::new, |first| names::old_label("spec.version", text(first, "name"))),
    );
    causes
}

fn of_shared(definition: &Value) -> Vec<Cause> {
    let Some(first) = versions(definition).next() else { return Vec::new() };
    let shared = SHARED.iter().filter(|(field, _)| is_shared(definition, field));
    shared.flat_map(|(field, at)| of_field(&format!("spec.{at}"), field, &first[*field])).collect()
}

fn of_field(at: &str, field: &str, value: &Value) -> Vec<Cause> {
    match field {
        "schema" if value["openAPIV3Schema"].is_object() => {
            schemas::of_schema(&format!("{at}.openAPIV3Schema"), &value["openAPIV3Schema"])
        }
        "subresources" => of_replicas(&format!("{at}.scale"), &value["scale"]),
        "additionalPrinterColumns" => {
            let columns = value.as_array().into_iter().flatten().enumerate();
            columns.flat_map(|(index, column)| of_column(&format!("{at}[{index}]"), column)).collect()
        }
        _ => Vec::new(),
    }
}

/// The versions as Go shows its own structs, as far as they are without schemas.
fn in_go(definition: &Value) -> Value {
    let shown = |version: &Value| {
        json!({
            "Name": version["name"], "Served": version["served"], "Storage": version["storage"],
            "Deprecated": version["deprecated"] == true, "DeprecationWarning": version["deprecationWarning"],
            "Schema": version["schema"], "Subresources": version["subresources"],
            "AdditionalPrinterColumns": version["additionalPrinterColumns"],
            "SelectableFields": version["selectableFields"],
        })
    };
    versions(definition).map(shown).collect()
}

fn of_names(given: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let at = |name: &str| format!("spec.names.{name}");
    for name in ["plural", "singular", "kind", "listKind"] {
        if text(given, name).is_empty() {
            causes.push(Cause::required(at(name), ""));
        }
    }
    for name in ["plural", "singular"] {
        if !text(given, name).is_empty() {
            causes.extend(names::old_label(&at(name), text(given, name)));
        }
    }
    for name in ["kind", "listKind"] {
        let (written, lower) = (text(given, name), text(given, name).to_lowercase());
        if !written.is_empty() {
            let found = names::old_label(&at(name), &lower).into_iter();
            causes.extend(found.map(|cause| {
                let mut cause = cause.about(&lower, written);
                let before = format!("Invalid value: {written:?}: ");
                let mixed = format!("{before}may have mixed case, but should otherwise match: ");
                cause.message = cause.message.replacen(&before, &mixed, 1);
                cause
            }));
        }
    }
    causes.extend(of_list(given, "shortNames"));
    if text(given, "kind") == text(given, "listKind") && !text(given, "kind").is_empty() {
        let why = "kind and listKind may not be the same";
        causes.push(Cause::invalid(at("listKind"), &given["listKind"], why));
    }
    causes.extend(of_list(given, "categories"));
    causes
}

fn of_list(given: &Value, list: &str) -> Vec<Cause> {
    let names = given[list].as_array().into_iter().flatten().filter_map(Value::as_str).enumerate();
    names.flat_map(|(index, name)| names::old_label(&format!("spec.names.{list}[{index}]"), name)).collect()
}

fn of_replicas(at: &str, scale: &Value) -> Vec<Cause> {
    if !scale.is_object() {
        return Vec::new();
    }
    let mut causes = Vec::new();
    for (name, below) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
        let path = text(scale, name);
        if path.is_empty() {
            causes.push(Cause::required(format!("{at}.{name}"), ""));
        } else if !path.starts_with(&format!("{below}.")) {
            let why = format!("should be a json path under {below}");
            causes.push(Cause::invalid(format!("{at}.{name}"), &path.into(), &why));
        }
    }
    let path = text(scale, "labelSelectorPath");
    if !path.is_empty() && !path.starts_with(".spec.") && !path.starts_with(".status.") {
        let why = "should be a json path under either .spec or .status";
        causes.push(Cause::invalid(format!("{at}.labelSelectorPath"), &path.into(), why));
    }
    causes
}

fn of_column(at: &str, column: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if text(column, "name").is_empty() {
        causes.push(Cause::required(format!("{at}.name"), ""));
    }
    let types = ["boolean", "date", "integer", "number", "string"];
    match text(column, "type") {
        "" => causes.push(Cause::required(format!("{at}.type"), "must be one of boolean,date,integer,number,string")),
        known if types.contains(&known) => {}
        other => {
            let why = "must be one of boolean,date,integer,number,string";
            causes.push(Cause::invalid(format!("{at}.type"), &other.into(), why));
        }
    }
    if text(column, "jsonPath").is_empty() {
        causes.push(Cause::required(format!("{at}.JSONPath"), ""));
    }
    causes
}

/// What may not become of a definition.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let conditions = old["status"]["conditions"].as_array().into_iter().flatten();
    let is_established = conditions.into_iter().any(|held| held["type"] == "Established" && held["status"] == "True");
    let fixed = [
        ("/spec/scope", is_established),
        ("/spec/names/kind", is_established),
        ("/spec/group", true),
        ("/spec/names/plural", true),
    ];
    let null = Value::Null;
    let changed = fixed.into_iter().filter(|(at, is_fixed)| *is_fixed && old.pointer(at) != new.pointer(at));
    changed
        .map(|(at, _)| {
            let field = at.trim_start_matches('/').replace('/', ".");
            Cause::invalid(field, new.pointer(at).unwrap_or(&null), "field is immutable")
        })
        .collect()
}
