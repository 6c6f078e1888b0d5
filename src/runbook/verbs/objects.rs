//! `k8s::…`: objects that have no verb of their own. What is read is a handle
//! whose fields are those of the object; nothing can be assigned.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, Module};
use serde_json::Value;

use super::super::bridge::Bridge;
use super::super::engine::thrown;
use super::super::manifest;
use super::handles::{AT_MOST, Outcome};
use crate::effects::Effect;
use crate::effects::object::apply::ApplyObject;
use crate::effects::object::create::CreateObject;
use crate::effects::object::delete::DeleteObject;
use crate::effects::object::patch::PatchObject;
use crate::effects::object::sayable::{Refused, part, readable, whole, writable};
use crate::objects::kinds::ObjectRef;
use crate::objects::nearest::nearest;
use crate::runs::call::Call;

/// The module that the words are in.
pub(in crate::runbook) const MODULE: &str = "k8s";

/// Words of the module that change something. Each is the kind of its effect.
pub(in crate::runbook) const EFFECTFUL: [&str; 4] = ["apply", "create", "patch", "delete"];

/// An object as it was read, or a part of one.
#[derive(Clone)]
struct ObjectHandle {
    /// Such as `ConfigMap/web`, and for a part `ConfigMap/web .data`.
    what: String,
    fields: Arc<Value>,
    /// Its values are those of a Secret.
    is_secret: bool,
}

impl ObjectHandle {
    fn of(object: Value) -> Dynamic {
        let what = format!(
            "{}/{}",
            object["kind"].as_str().unwrap_or_default(),
            object["metadata"]["name"].as_str().unwrap_or_default()
        );
        Dynamic::from(Self { what, fields: Arc::new(object), is_secret: false })
    }

    fn keys(&mut self) -> Array {
        self.fields.as_object().into_iter().flatten().map(|(key, _)| key.clone().into()).collect()
    }

    fn has(&mut self, name: &str) -> bool {
        self.fields.get(name).is_some()
    }

    fn get(&mut self, name: &str) -> Outcome<Dynamic> {
        let Some(value) = self.fields.get(name) else {
            let known = || self.fields.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
            let hint = match nearest(name, known()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}; `has(\"{name}\")` asks", known().collect::<Vec<_>>().join(", ")),
            };
            return Err(thrown(format!("`{}` has no `{name}`", self.what), &hint));
        };
        if self.is_secret {
            let hint = "a script has no values of Secrets, for they would stand in the journal; `keys()` tells which there are";
            return Err(thrown(format!("`{name}` of `{}` is secret", self.what), hint));
        }
        let of_secret = self.fields["kind"] == "Secret" && ["data", "stringData"].contains(&name);
        Ok(value_of(value, &format!("{} .{name}", self.what), of_secret))
    }

    fn plain(&mut self) -> Outcome<Dynamic> {
        if self.is_secret {
            return Err(thrown(format!("the values of `{}` are secret", self.what), "`keys()` tells which there are"));
        }
        rhai::serde::to_dynamic(&*self.fields)
    }
}

/// A map is a handle, a list holds values, and the rest is what it is.
fn value_of(value: &Value, what: &str, is_secret: bool) -> Dynamic {
    match value {
        Value::Object(_) => {
            Dynamic::from(ObjectHandle { what: what.to_owned(), fields: Arc::new(value.clone()), is_secret })
        }
        Value::Array(items) => {
            let item = |(at, item)| value_of(item, &format!("{what}[{at}]"), false);
            Dynamic::from_array(items.iter().enumerate().map(item).collect())
        }
        Value::String(text) => text.clone().into(),
        Value::Bool(yes) => (*yes).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(real)) => real.into(),
            (None, None) => Dynamic::UNIT,
        },
        Value::Null => Dynamic::UNIT,
    }
}

#[expect(clippy::unnecessary_box_returns, reason = "it is what registered functions return")]
fn not_so(refused: Refused) -> Box<EvalAltResult> {
    thrown(refused.why, &refused.hint)
}

fn json_of(map: Map) -> Outcome<Value> {
    manifest::object(&Dynamic::from_map(map), &[]).map_err(|unfit| thrown(unfit.reason, ""))
}

/// A merge patch says with `()` what is to go.
fn merge_of(value: &Dynamic) -> Outcome<Value> {
    let Some(map) = value.read_lock::<Map>() else {
        return manifest::plain(value).map_err(|unfit| thrown(unfit.reason, ""));
    };
    let fields = map.iter().map(|(key, value)| Ok((key.to_string(), merge_of(value)?)));
    Ok(Value::Object(fields.collect::<Outcome<_>>()?))
}

fn named(bridge: &Bridge, kind: &str, name: &str, write: bool) -> Outcome<ObjectRef> {
    let kind = if write { writable(kind) } else { readable(kind) }.map_err(not_so)?;
    if name.is_empty() {
        return Err(thrown("the object has no name", ""));
    }
    Ok(ObjectRef { kind, namespace: bridge.namespace.clone(), name: name.to_owned() })
}

fn get(bridge: &Bridge, kind: &str, name: &str) -> Outcome<Dynamic> {
    let found = bridge.ask(Call::Object { object: named(bridge, kind, name, false)? })?;
    Ok(if found.is_null() { Dynamic::UNIT } else { ObjectHandle::of(found) })
}

fn list(bridge: &Bridge, kind: &str, options: &Map) -> Outcome<Array> {
    if let Some(unknown) = options.keys().find(|key| key.as_str() != "labels") {
        return Err(thrown(format!("unknown option `{unknown}`"), "known is `labels`"));
    }
    let text = |value: &Dynamic| {
        value.clone().into_string().map_err(|found| thrown(format!("`labels` must be text, and is {found}"), ""))
    };
    let labels = options.get("labels").map(text).transpose()?;
    let kind = readable(kind).map_err(not_so)?;
    let of = ObjectRef { kind, namespace: bridge.namespace.clone(), name: String::new() };
    let found = bridge.ask(Call::Objects { of, labels })?;
    let Value::Array(found) = found else { return Ok(Array::new()) };
    Ok(found.into_iter().map(ObjectHandle::of).collect())
}

fn write(bridge: &Bridge, effect: Effect) -> Outcome<()> {
    bridge.ask(Call::Effect { effect }).map(drop)
}

fn apply(bridge: &Bridge, map: Map) -> Outcome<()> {
    let (object, manifest) = whole(json_of(map)?, &bridge.namespace).map_err(not_so)?;
    write(bridge, Effect::ApplyObject(ApplyObject { object, manifest }))
}

fn create(bridge: &Bridge, map: Map) -> Outcome<()> {
    let (object, manifest) = whole(json_of(map)?, &bridge.namespace).map_err(not_so)?;
    write(bridge, Effect::CreateObject(CreateObject { object, manifest, instead_of: None }))
}

fn patch(bridge: &Bridge, kind: &str, name: &str, map: Map) -> Outcome<()> {
    let patch = merge_of(&Dynamic::from_map(map))?;
    let object = named(bridge, kind, name, true)?;
    part(object.kind, &patch).map_err(not_so)?;
    write(bridge, Effect::PatchObject(PatchObject { object, uid: None, patch, expected: None }))
}

fn delete(bridge: &Bridge, kind: &str, name: &str) -> Outcome<()> {
    let object = named(bridge, kind, name, true)?;
    let gone = Call::AwaitObjectGone { object: object.clone(), at_most: AT_MOST };
    write(bridge, Effect::DeleteObject(DeleteObject { object, uid: None, made: None, stored: None }))?;
    bridge.ask(gone).map(drop)
}

pub(super) fn register(engine: &mut Engine, bridge: &Bridge) {
    let own = || bridge.clone();
    let (one, two, three, four, five, six, seven, eight) = (own(), own(), own(), own(), own(), own(), own(), own());
    let mut words = Module::new();
    words.set_native_fn("get", move |kind: &str, name: &str| get(&one, kind, name));
    words.set_native_fn("exists", move |kind: &str, name: &str| get(&two, kind, name).map(|found| !found.is_unit()));
    words.set_native_fn("list", move |kind: &str| list(&three, kind, &Map::new()));
    words.set_native_fn("list", move |kind: &str, options: Map| list(&four, kind, &options));
    words.set_native_fn("apply", move |map: Map| apply(&five, map));
    words.set_native_fn("create", move |map: Map| create(&six, map));
    words.set_native_fn("patch", move |kind: &str, name: &str, map: Map| patch(&seven, kind, name, map));
    words.set_native_fn("delete", move |kind: &str, name: &str| delete(&eight, kind, name));
    engine.register_static_module(MODULE, words.into());
    engine
        .register_type_with_name::<ObjectHandle>("object")
        .register_indexer_get(|object: &mut ObjectHandle, name: ImmutableString| object.get(&name))
        .register_fn("to_string", |object: &mut ObjectHandle| object.what.clone())
        .register_fn("to_debug", |object: &mut ObjectHandle| object.what.clone())
        .register_fn("has", |object: &mut ObjectHandle, name: &str| object.has(name))
        .register_fn("keys", ObjectHandle::keys)
        .register_fn("plain", ObjectHandle::plain);
}
