//! Checks of custom objects: their metadata, then the schema, in the words that
//! the server has for both. Of schemas, `format` and the combinations `allOf`,
//! `anyOf`, `oneOf` and `not` are not looked at, nor are rules in CEL.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::definition::Version;
use super::path;
use crate::simulator::request::Part;
use crate::simulator::status::Cause;
use crate::simulator::validation::metadata;

/// What is wrong with a new object.
#[must_use]
pub fn of_new(version: &Version, object: &Value) -> Vec<Cause> {
    let causes = [metadata::of_whole_custom(object), of_content(version, object)].concat();
    if causes.is_empty() { metadata::of_path(&object["metadata"]) } else { causes }
}

/// What may not become of an object. Rules that the old one broke at the same
/// place are not asked again.
#[must_use]
pub fn of_change(version: &Version, part: Part, old: &Value, new: &Value) -> Vec<Cause> {
    let metadata = metadata::of_change(old, new);
    let content = match part {
        Part::Status => {
            // The status is held against its own schema, and its fields are named from there.
            let mut causes = Vec::new();
            check("", &version.schema["properties"]["status"], &new["status"], &mut causes);
            for cause in &mut causes {
                cause.field = format!("status.{}", cause.field);
            }
            causes.extend(of_replicas(version, new, false));
            causes
        }
        Part::Whole | Part::Scale | Part::Binding | Part::Eviction | Part::Finalize | Part::Log => {
            of_content(version, new)
        }
    };
    let before = of_content(version, old);
    let fresh = content.into_iter().filter(|cause| {
        let pointer = format!("/{}", cause.field.replace(['.', '['], "/").replace(']', ""));
        !before.contains(cause) || old.pointer(&pointer) != new.pointer(&pointer)
    });
    metadata.into_iter().chain(fresh).collect()
}

fn of_content(version: &Version, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    check("", &version.schema, object, &mut causes);
    causes.extend(of_replicas(version, object, true));
    twice("", &version.schema, object, &mut causes);
    causes
}

/// Items that are twice in a list of which that may not be.
fn twice(at: &str, schema: &Value, value: &Value, causes: &mut Vec<Cause>) {
    match value {
        Value::Array(items) => {
            let mut seen: Vec<Value> = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let at = format!("{at}[{index}]");
                if let Some(key) = key_of(schema, item) {
                    if seen.contains(&key) {
                        causes.push(Cause::duplicate_value(at.as_str(), &key));
                    }
                    seen.push(key);
                }
                twice(&at, &schema["items"], item, causes);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let inner = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                let below = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                twice(&below, inner, value, causes);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What tells an item of a list from the others; `None` if nothing has to.
fn key_of(schema: &Value, item: &Value) -> Option<Value> {
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Some(item.clone()),
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
            Some(keys.filter_map(|key| Some((key.to_owned(), item.get(key)?.clone()))).collect())
        }
        Some(_) | None => None,
    }
}

/// The numbers of the `scale` subresource are not negative.
fn of_replicas(version: &Version, object: &Value, with_wanted: bool) -> Vec<Cause> {
    let Some(replicas) = &version.replicas else { return Vec::new() };
    let paths = [(&replicas.wanted, with_wanted), (&replicas.there, true)];
    let mut causes = Vec::new();
    for (names, _) in paths.into_iter().filter(|(_, is_asked)| *is_asked) {
        let value = path::at(object, names);
        let field = format!(".{}", names.join("."));
        match value.as_i64() {
            Some(count) if count < 0 => causes.push(Cause::invalid(field, value, "should be a non-negative integer")),
            Some(count) if count > i64::from(i32::MAX) => {
                let why = format!("should be less than or equal to {}", i32::MAX);
                causes.push(Cause::invalid(field, value, &why));
            }
            Some(_) | None => {}
        }
    }
    causes
}

/// What is wrong with a value by a schema alone.
pub fn of_value(schema: &Value, value: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    check("", schema, value, &mut causes);
    causes
}

/// Holds a value against a schema.
fn check(at: &str, schema: &Value, value: &Value, causes: &mut Vec<Cause>) {
    if value.is_null() || !schema.is_object() {
        return;
    }
    if let Some(cause) = wrong_type(at, schema, value) {
        causes.push(cause);
        if value.is_f64() && schema["type"] == "integer" {
            let why = format!("Checked value must be of type integer (default format) in {at}");
            causes.push(Cause::invalid("<nil>", &"".into(), &why));
        }
        return;
    }
    causes.extend(unlisted(at, schema, value));
    match value {
        Value::Number(_) => causes.extend(of_number(at, schema, value)),
        Value::String(text) => causes.extend(of_text(at, schema, value, text)),
        Value::Array(items) => {
            let count = |name: &str| schema[name].as_u64().and_then(|limit| usize::try_from(limit).ok());
            if let Some(limit) = count("maxItems").filter(|limit| items.len() > *limit) {
                causes.push(Cause::too_many(at, items.len(), limit));
            }
            if let Some(limit) = count("minItems").filter(|limit| items.len() < *limit) {
                let why = format!("{at} in body should have at least {limit} items");
                causes.push(Cause::invalid(at, &items.len().into(), &why));
            }
            for (index, item) in items.iter().enumerate() {
                check(&format!("{at}[{index}]"), &schema["items"], item, causes);
            }
        }
        Value::Object(fields) => {
            let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let missing = required.filter(|name| !fields.contains_key(*name));
            causes.extend(missing.map(|name| Cause::required(below(name), "")));
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            for (name, value) in sorted {
                let inner = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                // What the root has beside the schema was checked before.
                if !(at.is_empty() && matches!(name.as_str(), "metadata" | "apiVersion" | "kind")) {
                    check(&below(name), inner, value, causes);
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn wrong_type(at: &str, schema: &Value, value: &Value) -> Option<Cause> {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if schema["x-kubernetes-int-or-string"] == true {
        let fits = matches!(found, "integer" | "string");
        return (!fits).then(|| Cause::mistyped(at, found, "integer,string"));
    }
    let wanted = schema["type"].as_str()?;
    let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let fits = wanted == found || wanted == "number" && found == "integer" || wanted == "integer" && whole;
    (!fits).then(|| Cause::mistyped(at, found, wanted))
}

fn unlisted(at: &str, schema: &Value, value: &Value) -> Option<Cause> {
    let listed = schema["enum"].as_array()?;
    if listed.contains(value) {
        return None;
    }
    let shown: Vec<String> =
        listed.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let given = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut cause = Cause::unsupported(at, &given, &shown);
    if !value.is_string() {
        cause.message = cause.message.replacen(&format!("{given:?}"), &given, 1);
    }
    Some(cause)
}

fn of_number(at: &str, schema: &Value, value: &Value) -> Vec<Cause> {
    let number = value.as_f64().unwrap_or_default();
    let limit = |name: &str| schema[name].as_f64();
    let mut causes = Vec::new();
    if let Some(most) = limit("maximum") {
        let is_strict = schema["exclusiveMaximum"] == true;
        if number > most || is_strict && number >= most {
            let than = if is_strict { "less than" } else { "less than or equal to" };
            let why = format!("{at} in body should be {than} {}", schema["maximum"]);
            causes.push(Cause::invalid(at, value, &why));
        }
    }
    if let Some(least) = limit("minimum") {
        let is_strict = schema["exclusiveMinimum"] == true;
        if number < least || is_strict && number <= least {
            let than = if is_strict { "greater than" } else { "greater than or equal to" };
            let why = format!("{at} in body should be {than} {}", schema["minimum"]);
            causes.push(Cause::invalid(at, value, &why));
        }
    }
    if let Some(step) = limit("multipleOf")
        && (number / step).fract() != 0.0
    {
        let why = format!("{at} in body should be a multiple of {}", schema["multipleOf"]);
        causes.push(Cause::invalid(at, value, &why));
    }
    causes
}

fn of_text(at: &str, schema: &Value, value: &Value, text: &str) -> Vec<Cause> {
    let length = text.chars().count();
    let limit = |name: &str| schema[name].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let mut causes = Vec::new();
    if let Some(most) = limit("maxLength").filter(|most| length > *most) {
        causes.push(Cause::too_long(at, most));
    }
    if let Some(least) = limit("minLength").filter(|least| length < *least) {
        causes.push(Cause::invalid(at, value, &format!("{at} in body should be at least {least} chars long")));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
    {
        causes.push(Cause::invalid(at, value, &format!("{at} in body should match '{pattern}'")));
    }
    causes
}
