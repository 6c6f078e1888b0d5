//! Claims that an earlier set of the same name left behind. A new set would
//! take them as they are, with whatever data they hold (SS-71, H-40), so nobody
//! gets them without having been told.

use serde_json::Value;

use super::Context;
use super::flags::{DryRun, MakeFlags};
use crate::cluster::failure::explain;
use crate::error::Failure;
use crate::facts::claim::Claim;
use crate::facts::leftovers::{EarlierClaim, Fate, earlier_claims, with_policies};
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::volume::Volume;
use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::wizard::parameter::Choice;
use crate::wizard::question::{Question, Reply, Shape};

/// What follows from what was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing in the way, or it was agreed to.
    GoOn { warnings: Vec<String> },
    /// The person wants the claims with the data in them.
    Adopt { warnings: Vec<String> },
    /// The person wants another name for the application.
    AnotherName,
}

/// Looks for claims of a set that does not exist yet, and asks.
pub async fn check(
    objects: &[Value],
    namespace: &str,
    name_flag: &str,
    flags: &MakeFlags,
    reader: &Reader,
    context: &Context<'_>,
) -> Result<Verdict, Failure> {
    let go_on = |warnings| Ok(Verdict::GoOn { warnings });
    let Some(set) = objects.iter().find(|object| object["kind"] == "StatefulSet") else { return go_on(Vec::new()) };
    if flags.dry_run == DryRun::Client {
        return go_on(Vec::new());
    }
    let found = find(set, namespace, reader, context).await?;
    if found.is_empty() {
        return go_on(Vec::new());
    }
    let mut warnings: Vec<_> = found.iter().map(|claim| line(claim, context)).collect();
    let adopts = found.iter().any(|claim| claim.fate == Fate::Adopted);
    if adopts && !secrets_are_there(objects, reader, context).await? {
        warnings.push(
            "these claims hold old data, but the Secret is new: the old password may still be the one that counts"
                .to_owned(),
        );
    }
    if !adopts || flags.adopt_claims || flags.dry_run == DryRun::Server {
        return go_on(warnings);
    }
    let name = set["metadata"]["name"].as_str().unwrap_or("");
    if !context.screen.can_ask() || flags.yes {
        let mut failure = Failure::refused(
            "earlier-claims",
            format!("claims of an earlier set `{name}` exist and would be used as they are; nothing was changed"),
        );
        for warning in &warnings {
            failure.message.push_str("\n  ");
            failure.message.push_str(warning);
        }
        return Err(failure
            .hint("`--adopt-claims` uses them with their data")
            .hint(format!("or choose another name with `{name_flag}`")));
    }
    for warning in &warnings {
        context.screen.caution(warning);
    }
    ask(name, &found, warnings, context)
}

/// Enter leaves everything as it is: taking old data must be meant.
fn ask(name: &str, found: &[EarlierClaim], warnings: Vec<String>, context: &Context<'_>) -> Result<Verdict, Failure> {
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    let choices = [
        choice("adopt", "the new set uses these claims with the data in them"),
        choice("another name", "the claims stay as they are"),
        choice("stop", "leave everything as it is"),
    ];
    let prompt = format!("Claims of an earlier set {name} exist");
    let question = Question { prompt: &prompt, help: "", shape: Shape::Pick { choices: &choices, default: 2 } };
    match context.screen.ask(&question) {
        Ok(Reply::Picked(0)) => {
            // The lines with all details were just read; the review only recalls them.
            let details = found.len();
            let adopted = found.iter().filter(|claim| claim.fate == Fate::Adopted);
            let recalled = adopted.map(|claim| format!("claim {} is used with the data in it", claim.name));
            Ok(Verdict::Adopt { warnings: recalled.chain(warnings.into_iter().skip(details)).collect() })
        }
        Ok(Reply::Picked(1)) => Ok(Verdict::AnotherName),
        Ok(Reply::Picked(_) | Reply::Text(_) | Reply::Yes(_)) => {
            Err(Failure::failed("declined", "stopped; nothing was changed"))
        }
        Err(_) => Err(Failure::interrupted()),
    }
}

/// The claims with the exact names of members, if the set itself does not
/// exist. With the set there, they are simply its claims.
async fn find(
    set: &Value,
    namespace: &str,
    reader: &Reader,
    context: &Context<'_>,
) -> Result<Vec<EarlierClaim>, Failure> {
    let failed = |error: kube::Error| {
        explain(&error, &context.connection.identity, &format!("looking for earlier claims in `{namespace}`"))
    };
    let (Some(reference), Some(claims)) = (ObjectRef::of(set), ApiKind::named("PersistentVolumeClaim")) else {
        return Ok(Vec::new());
    };
    match reader.get(&reference).await {
        Ok(None) => {}
        // The check of rights, which comes next, names this one with all others.
        Err(error) if is_forbidden(&error) => return Ok(Vec::new()),
        found => return found.map(|_| Vec::new()).map_err(failed),
    }
    let templates: Vec<_> = set["spec"]["volumeClaimTemplates"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|template| template["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    let start = set["spec"]["ordinals"]["start"].as_u64().unwrap_or(0);
    let replicas = set["spec"]["replicas"].as_u64().unwrap_or(1);
    let listed = match reader.list(claims, namespace, None).await {
        Err(error) if is_forbidden(&error) => return Ok(Vec::new()),
        listed => listed.map_err(failed)?,
    };
    let claims: Vec<_> = listed.iter().filter_map(Claim::read).collect();
    let found = earlier_claims(&reference.name, &templates, start, replicas, &claims);
    if found.is_empty() {
        return Ok(found);
    }
    // Volumes may be out of reach for the caller; their policy then stays unknown.
    let volumes = match ApiKind::named("PersistentVolume") {
        Some(kind) => reader.list(kind, "", None).await.unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(with_policies(found, &volumes.iter().filter_map(Volume::read).collect::<Vec<_>>()))
}

/// Whether every Secret among the objects exists already.
async fn secrets_are_there(objects: &[Value], reader: &Reader, context: &Context<'_>) -> Result<bool, Failure> {
    for secret in objects.iter().filter(|object| object["kind"] == "Secret") {
        let Some(reference) = ObjectRef::of(secret) else { continue };
        match reader.get(&reference).await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(false),
            Err(error) if is_forbidden(&error) => return Ok(false),
            Err(error) => {
                return Err(explain(&error, &context.connection.identity, &format!("reading `{reference}`")));
            }
        }
    }
    Ok(true)
}

/// Name, age, size, volume and what becomes of it.
fn line(claim: &EarlierClaim, context: &Context<'_>) -> String {
    let volume = claim.volume.as_deref().unwrap_or("no volume yet");
    let fate = match claim.fate {
        Fate::Adopted => "would be used as it is",
        Fate::Leftover => "stays until the set grows over it",
    };
    let age = claim.age(context.connection.clock.now());
    format!("claim {} of an earlier set: {age} old, {}, {volume}; {fate}", claim.name, claim.size)
}
