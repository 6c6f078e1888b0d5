//! May the caller do all of it? Asked before the first write, so that a run
//! never stops half-way for a right that was missing from the start (H-36).
//! Waiting is a part of it: who may not read pods would be told "failed" about
//! an application that runs.

use std::collections::BTreeSet;

use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::effects::Effect;
use crate::error::Failure;
use crate::facts::reader::Reader;
use crate::objects::kinds::ApiKind;

/// What a verb is wanted on: kind and namespace, empty for the whole cluster.
type Right<'a> = (&'static str, &'static ApiKind, &'a str);

/// Refuses, naming everything that is missing in `place`; `waits` adds what
/// waiting reads.
///
/// # Errors
/// A right is missing, or the server cannot be asked.
pub async fn check(
    effects: &[Effect],
    waits: bool,
    place: &str,
    connection: &Connection,
    reader: &Reader,
) -> Result<(), Failure> {
    let mut asked = BTreeSet::new();
    let mut missing = Vec::new();
    for (verb, kind, namespace) in effects.iter().flat_map(|effect| wanted(effect, waits)) {
        if !asked.insert((verb, kind.plural)) {
            continue;
        }
        let allowed = reader
            .may(verb, kind, namespace)
            .await
            .map_err(|error| explain(&error, &connection.identity, "checking your rights"))?;
        if !allowed {
            missing.push(format!("{verb} {}", kind.plural));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let what = format!("you may not {} in {place}; nothing was changed", missing.join(", "));
    Err(Failure::refused("no-rights", what)
        .hint("ask whoever gives out rights on this cluster for a Role with these verbs")
        .hint("or choose another namespace with `-n`"))
}

/// The rights for one effect. A set needs those on its claims and pods as well:
/// claims of an earlier set are looked for before it is made.
fn wanted(effect: &Effect, waits: bool) -> Vec<Right<'_>> {
    let object = effect.object();
    let verbs: &[&str] = match effect.secret() {
        None => &["get", "create", "patch"],
        Some(_) => &["get", "create"],
    };
    let namespace = object.namespace.as_str();
    let mut rights: Vec<Right<'_>> = verbs.iter().map(|&verb| (verb, object.kind, namespace)).collect();
    if object.kind.kind == "StatefulSet" {
        let more =
            [("list", "PersistentVolumeClaim", true), ("get", "PersistentVolumeClaim", waits), ("get", "Pod", waits)];
        let more = more.into_iter().filter(|(_, _, needed)| *needed);
        rights.extend(more.filter_map(|(verb, kind, _)| Some((verb, ApiKind::named(kind)?, namespace))));
    }
    rights
}
