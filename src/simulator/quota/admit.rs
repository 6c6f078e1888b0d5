//! Admission by quota. It goes by the status of a quota: one that the
//! controller has not seen yet limits nothing. What is let in is added to
//! `used` at once, by the server itself; what is given back is left to the
//! controller.

use std::sync::Arc;

use serde_json::{Value, json};

use super::usage::{self, Amounts};
use super::{pods, scopes};
use crate::objects::kinds::ApiKind;
use crate::simulator::patch::managed_fields::Operation;
use crate::simulator::quantity::Quantity;
use crate::simulator::request::Part;
use crate::simulator::status::Refusal;
use crate::simulator::world::World;
use crate::simulator::writer::Writer;

impl World {
    /// Holds a new object (`old` is `None`) or a change against the quotas of
    /// its namespace, and counts it.
    ///
    /// # Errors
    /// 403 that names quota, what was asked for, what is used and the limits;
    /// 501 for a quota of what is not counted here.
    pub(in crate::simulator) fn charge(
        &mut self,
        writer: &Writer,
        old: Option<&Value>,
        new: &Value,
    ) -> Result<(), Refusal> {
        let kind = writer.kind;
        if kind.kind == "ResourceQuota" {
            countable(new)?;
        }
        // Of other kinds only the number is counted, which no change touches.
        let can_grow = match kind.kind {
            "PersistentVolumeClaim" => true,
            "Service" => writer.part == Part::Whole,
            "Pod" => old.is_some_and(|old| scopes::is_short_lived(old) != scopes::is_short_lived(new)),
            _ => false,
        };
        let is_asked = old.is_none() || can_grow;
        let Some(quotas) = ApiKind::named("ResourceQuota").filter(|_| is_asked && usage::is_counted(kind)) else {
            return Ok(());
        };
        let whole = usage::of(kind, new);
        let more = growth(&old.map(|old| usage::of(kind, old)).unwrap_or_default(), &whole);
        let text = |name: &str| new["metadata"][name].as_str().unwrap_or_default();
        let mut counted: Vec<(Arc<Value>, Amounts)> = Vec::new();
        for quota in self.store.objects(quotas, text("namespace")).filter(|quota| scopes::take(quota, kind, new)) {
            let was_counted = old.is_none_or(|old| scopes::take(quota, kind, old));
            let asked = if was_counted { &more } else { &whole };
            let used = judge(kind, quota, new, asked).map_err(|why| Refusal::forbidden(kind, text("name"), &why))?;
            counted.extend(used.map(|used| (Arc::clone(quota), used)));
        }
        if writer.dry_run {
            return Ok(());
        }
        for (quota, used) in counted {
            let mut changed = Value::clone(&quota);
            for (name, amount) in used {
                changed["status"]["used"][name] = json!(amount.canonical());
            }
            let server = Writer {
                kind: quotas,
                part: Part::Status,
                manager: "kube-apiserver".to_owned(),
                operation: Operation::Update,
                dry_run: false,
            };
            self.replace(&server, &quota, changed, None)?;
        }
        Ok(())
    }
}

/// A quota of things that are not counted here must not look as if it held.
fn countable(quota: &Value) -> Result<(), Refusal> {
    let spec = &quota["spec"];
    let terms = spec["scopeSelector"]["matchExpressions"].as_array().into_iter().flatten();
    let mut scopes = spec["scopes"].as_array().into_iter().flatten().chain(terms.map(|term| &term["scopeName"]));
    if scopes.any(|scope| scope == "VolumeAttributesClass") {
        return Err(Refusal::not_simulated("quotas with the scope VolumeAttributesClass"));
    }
    Ok(())
}

/// What more is asked for; nothing is given back.
fn growth(old: &Amounts, new: &Amounts) -> Amounts {
    let more =
        new.iter().map(|(name, amount)| (name.clone(), old.get(name).map_or(*amount, |held| amount.minus(*held))));
    more.filter(|(_, amount)| amount.nanos() > 0).collect()
}

/// The new `used` of the resources that are asked for, `None` if the quota is
/// about none of them; else why not.
fn judge(kind: &ApiKind, quota: &Value, new: &Value, asked: &Amounts) -> Result<Option<Amounts>, String> {
    let hard = usage::read(&quota["status"]["hard"]);
    let used = usage::read(&quota["status"]["used"]);
    let name = quota["metadata"]["name"].as_str().unwrap_or_default();
    let limited = || hard.keys().filter(|resource| usage::concerns(resource, kind)).map(String::as_str);
    if kind.kind == "Pod"
        && let Some(why) = pods::missing(new, limited())
    {
        return Err(format!("failed quota: {name}: {why}"));
    }
    if limited().any(|resource| !used.contains_key(resource)) {
        let unknown: Vec<&str> = limited().collect();
        return Err(format!("status unknown for quota: {name}, resources: {}", unknown.join(",")));
    }
    let mut sums = Amounts::new();
    let mut exceeded: Vec<&str> = Vec::new();
    for (resource, amount) in asked {
        let (Some(limit), Some(used)) = (hard.get(resource), used.get(resource)) else { continue };
        let sum = used.plus(*amount);
        if sum.nanos() > limit.nanos() {
            exceeded.push(resource);
        }
        sums.insert(resource.clone(), sum);
    }
    if exceeded.is_empty() {
        return Ok(Some(sums).filter(|sums| !sums.is_empty()));
    }
    let list = |amounts: &Amounts| {
        let amount = |resource: &&str| amounts.get(*resource).copied().map_or_else(String::new, Quantity::canonical);
        exceeded.iter().map(|resource| format!("{resource}={}", amount(resource))).collect::<Vec<_>>().join(",")
    };
    Err(format!("exceeded quota: {name}, requested: {}, used: {}, limited: {}", list(asked), list(&used), list(&hard)))
}
