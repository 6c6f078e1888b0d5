//! The schemas of custom resource definitions: each part says of what type it is
//! and nothing that the server does not take, and defaults fit where they stand.

use regex::Regex;
use serde_json::Value;

use super::read::text;
use crate::simulator::custom;
use crate::simulator::status::Cause;

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// What is wrong with a schema.
pub fn of_schema(at: &str, schema: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    of_part(at, schema, Level::Root, &mut causes);
    of_defaults(at, schema, Level::Root, &mut causes);
    causes.sort_by_key(Cause::line);
    causes
}

fn of_part(at: &str, schema: &Value, level: Level, causes: &mut Vec<Cause>) {
    of_type(at, schema, level, causes);
    of_words(at, schema, causes);
    if text(schema, "type") == "array" && schema["items"].is_null() {
        causes.push(Cause::required(format!("{at}.items"), "must be specified"));
    }
    if level == Level::Root && schema["additionalProperties"].is_object() {
        causes.push(Cause::forbidden(format!("{at}.additionalProperties"), "must not be used at the root"));
    }
    for (at, part, level) in parts(at, schema, level) {
        of_part(&at, part, level, causes);
    }
}

/// The schemas inside of one. Nobody says anything of the metadata of objects.
fn parts<'a>(at: &str, schema: &'a Value, level: Level) -> Vec<(String, &'a Value, Level)> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let properties = properties
        .filter(|(name, _)| level != Level::Root || *name != "metadata")
        .map(|(name, property)| (format!("{at}.properties[{name}]"), property, Level::Field));
    let nested = [("items", Level::Item), ("additionalProperties", Level::Field)];
    let nested = nested.into_iter().map(|(name, level)| (format!("{at}.{name}"), &schema[name], level));
    nested.filter(|(_, part, _)| part.is_object()).chain(properties).collect()
}

fn of_type(at: &str, schema: &Value, level: Level, causes: &mut Vec<Cause>) {
    let is_free =
        schema["x-kubernetes-int-or-string"] == true || schema["x-kubernetes-preserve-unknown-fields"] == true;
    let at = format!("{at}.type");
    match text(schema, "type") {
        "" if is_free => {}
        "" => {
            let why = match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            };
            causes.push(Cause::required(at, why));
        }
        known if !TYPES.contains(&known) => causes.push(Cause::unsupported(at, known, TYPES)),
        known if level == Level::Root && known != "object" => {
            causes.push(Cause::invalid(at, &schema["type"], "must be object at the root"));
        }
        _ => {}
    }
}

/// What may stand in schemas elsewhere, and not here.
fn of_words(at: &str, schema: &Value, causes: &mut Vec<Cause>) {
    if schema["uniqueItems"] == true {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        causes.push(Cause::forbidden(format!("{at}.uniqueItems"), why));
    }
    if !schema["$ref"].is_null() {
        causes.push(Cause::forbidden(format!("{at}.$ref"), "$ref is not supported"));
    }
    if schema["additionalProperties"].is_object() && schema["properties"].as_object().is_some_and(|all| !all.is_empty())
    {
        let why = "additionalProperties and properties are mutual exclusive";
        causes.push(Cause::forbidden(format!("{at}.additionalProperties"), why));
    }
    if let Some(Err(fault @ regex::Error::Syntax(_))) = pattern(schema) {
        let fault = fault.to_string();
        let last = fault.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let why = format!("must be a valid regular expression, but isn't: error parsing regexp: {last}");
        causes.push(Cause::invalid(format!("{at}.pattern"), &schema["pattern"], &why));
    }
}

fn pattern(schema: &Value) -> Option<Result<Regex, regex::Error>> {
    schema["pattern"].as_str().map(Regex::new)
}

/// A default is what the schema says that stands there, if that makes sense.
fn of_defaults(at: &str, schema: &Value, level: Level, causes: &mut Vec<Cause>) {
    let makes_sense = TYPES.contains(&text(schema, "type")) && !matches!(pattern(schema), Some(Err(_)));
    if !schema["default"].is_null() && makes_sense {
        let found = custom::of_value(schema, &schema["default"]).into_iter();
        causes.extend(found.map(|mut cause| {
            let below = if cause.field.is_empty() { String::new() } else { format!(".{}", cause.field) };
            cause.field = format!("{at}.default{below}");
            cause
        }));
    }
    // The server does not look at the defaults of what has any name.
    let named = |(at, _, _): &(String, &Value, Level)| !at.ends_with(".additionalProperties");
    for (at, part, level) in parts(at, schema, level).into_iter().filter(named) {
        of_defaults(&at, part, level, causes);
    }
}
