//! Claims that an earlier set of the same name left behind, or that a set left
//! behind when it shrank. New members would take them as they are, with whatever
//! data they hold (SS-71, H-40, H-45), so nobody gets them without having been told.

use serde_json::Value;

use super::Context;
use super::flags::{DryRun, MakeFlags};
use crate::cluster::failure::explain;
use crate::error::Failure;
use crate::facts::claim::Claim;
use crate::facts::leftovers::{EarlierClaim, Fate, earlier_claims};
use crate::facts::ordinals::OrdinalRange;
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::set::Set;
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

/// What was found, and whose it is.
struct Found {
    set: String,
    claims: Vec<EarlierClaim>,
    /// The members of the set as it is; `None` if it is new.
    members: Option<OrdinalRange>,
}

/// Looks for claims of members that do not exist yet, and asks.
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
    let Some(found) = find(set, namespace, reader, context).await? else { return go_on(Vec::new()) };
    let mut warnings: Vec<_> = found.claims.iter().map(|claim| found.line(claim, context)).collect();
    let adopts = found.claims.iter().any(|claim| claim.fate == Fate::Adopted);
    if adopts && !secrets_are_there(objects, reader, context).await? {
        warnings.push(
            "these claims hold old data, but the Secret is new: the old password may still be the one that counts"
                .to_owned(),
        );
    }
    if !adopts || flags.adopt_claims || flags.dry_run == DryRun::Server {
        return go_on(warnings);
    }
    if !context.screen.can_ask() || flags.yes {
        return Err(found.refused(&warnings, name_flag));
    }
    for warning in &warnings {
        context.screen.caution(warning);
    }
    found.ask(warnings, context)
}

impl Found {
    fn refused(&self, warnings: &[String], name_flag: &str) -> Failure {
        let whose = match self.members {
            None => format!("claims of an earlier set `{}` exist and", self.set),
            Some(_) => format!("claims that set `{}` does not use now", self.set),
        };
        let mut failure =
            Failure::refused("earlier-claims", format!("{whose} would be used as they are; nothing was changed"));
        for warning in warnings {
            failure.message.push_str("\n  ");
            failure.message.push_str(warning);
        }
        failure.hint("`--adopt-claims` uses them with their data").hint(match self.members {
            None => format!("or choose another name with `{name_flag}`"),
            Some(now) => format!("or leave the set as it is (replicas: {})", now.replicas),
        })
    }

    /// Enter leaves everything as it is: taking old data must be meant.
    fn ask(&self, warnings: Vec<String>, context: &Context<'_>) -> Result<Verdict, Failure> {
        let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
        let stop = choice("stop", "leave everything as it is");
        let (prompt, choices) = match self.members {
            None => (
                format!("Claims of an earlier set {} exist", self.set),
                vec![
                    choice("adopt", "the new set uses these claims with the data in them"),
                    choice("another name", "the claims stay as they are"),
                    stop,
                ],
            ),
            Some(_) => (
                format!("Set {} would grow over claims that exist", self.set),
                vec![choice("adopt", "the new members use these claims with the data in them"), stop],
            ),
        };
        let last = choices.len() - 1;
        let question = Question { prompt: &prompt, help: "", shape: Shape::Pick { choices: &choices, default: last } };
        match context.screen.ask(&question) {
            Ok(Reply::Picked(0)) => {
                // The lines with all details were just read; the review only recalls them.
                let details = self.claims.len();
                let adopted = self.claims.iter().filter(|claim| claim.fate == Fate::Adopted);
                let recalled = adopted.map(|claim| format!("claim {} is used with the data in it", claim.name));
                Ok(Verdict::Adopt { warnings: recalled.chain(warnings.into_iter().skip(details)).collect() })
            }
            Ok(Reply::Picked(picked)) if picked != last => Ok(Verdict::AnotherName),
            Ok(Reply::Picked(_) | Reply::Text(_) | Reply::Yes(_)) => {
                Err(Failure::failed("declined", "stopped; nothing was changed"))
            }
            Err(_) => Err(Failure::interrupted()),
        }
    }

    /// Name, age, size, volume and what becomes of it.
    fn line(&self, claim: &EarlierClaim, context: &Context<'_>) -> String {
        let whose = match self.members {
            None => " of an earlier set",
            Some(_) => ", not used now",
        };
        let volume = claim.volume.as_deref().unwrap_or("no volume yet");
        let fate = match claim.fate {
            Fate::Adopted => "would be used as it is",
            Fate::Leftover => "stays until the set grows over it",
        };
        let age = claim.age(context.connection.clock.now());
        format!("claim {}{whose}: {age} old, {}, {volume}; {fate}", claim.name, claim.size)
    }
}

/// The claims with the exact names of members. Of a set that exists, only those
/// that it is about to take: the others are its own, or stay as they are.
async fn find(set: &Value, namespace: &str, reader: &Reader, context: &Context<'_>) -> Result<Option<Found>, Failure> {
    let identity = &context.connection.identity;
    let failed =
        |error: kube::Error| explain(&error, identity, &format!("looking for earlier claims in `{namespace}`"));
    let (Some(reference), Some(wanted), Some(claims)) =
        (ObjectRef::of(set), Set::read(set), ApiKind::named("PersistentVolumeClaim"))
    else {
        return Ok(None);
    };
    // The claims first: those of a set that somebody makes meanwhile are then not
    // taken for the ones of an earlier set.
    let listed = match reader.list(claims, namespace, None).await {
        Err(error) if is_forbidden(&error) => return Ok(None),
        listed => listed.map_err(failed)?,
    };
    let members = match reader.get(&reference).await {
        // The check of rights, which comes next, names this one with all others.
        Err(error) if is_forbidden(&error) => return Ok(None),
        found => found.map_err(failed)?.as_deref().and_then(Set::read).map(|set| set.range),
    };
    let claims: Vec<_> = listed.iter().filter_map(Claim::read).collect();
    let templates: Vec<_> = wanted.templates.iter().map(|template| template.name.clone()).collect();
    let mut found = earlier_claims(&reference.name, &templates, wanted.range.start, wanted.range.replicas, &claims);
    if let Some(members) = members {
        found.retain(|claim| claim.fate == Fate::Adopted && !members.contains(claim.ordinal));
    }
    let found = Found { set: reference.name, claims: found, members };
    Ok((!found.claims.is_empty()).then_some(found))
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
