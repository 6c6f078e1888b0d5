//! The way of a set of objects through review and run, in one piece.

use serde_json::Value;

use super::approve::{Decision, approve};
use super::carry_out::{carry_out, effect_failure, part_way, untouched, wait_failure};
use super::kept::{self, Existing};
use super::{order, output, readiness, rights};
use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::commands::Context;
use crate::commands::flags::{DryRun, MakeFlags};
use crate::commands::screen::Screen;
use crate::commands::secrets::SecretValues;
use crate::effects::{Change, Effect, Preview};
use crate::error::Failure;
use crate::facts::reader::{Reader, is_forbidden};
use crate::objects::summary::summary;
use crate::runs::review::{Line, Review};
use crate::runs::wait::WaitError;

/// What is to be made, and how.
pub struct Making<'a> {
    /// `init couchdb`, `create pv`.
    pub command: String,
    pub namespace: String,
    pub objects: Vec<Value>,
    /// What the journal may know of the answers: no secret values.
    pub recorded_answers: Value,
    pub flags: &'a MakeFlags,
    /// Things to know before saying yes.
    pub warnings: Vec<String>,
    /// Whether an existing Secret may be used although other values were given.
    pub keeps_secrets: bool,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Made {
    /// The objects are there (or, in a dry run, were shown).
    Done { changed: Vec<String> },
    /// The person wants to change an answer first.
    ChangeAnswer,
}

/// Shows, asks, applies, waits, prints.
pub async fn make(making: &Making<'_>, secrets: &SecretValues<'_>, context: &Context<'_>) -> Result<Made, Failure> {
    let (connection, screen) = (context.connection, context.screen);
    let flags = making.flags;
    let effects = order::effects(making.objects.clone())?;
    let mut warnings = making.warnings.clone();
    warnings.extend(secrets.check()?);
    let place = place(&effects, making, connection);
    if flags.dry_run == DryRun::Client {
        warnings.push("no server was asked: whether any of these exists already is not known".to_owned());
        let all_new: Vec<_> = effects.iter().map(|_| Preview { change: Change::New, warnings: Vec::new() }).collect();
        screen.review(&review(&place, &effects, &all_new, warnings));
        finish_output(&effects, making, secrets, &Existing::new(), screen)?;
        return Ok(Made::Done { changed: Vec::new() });
    }
    let reader = Reader::new(connection.client.clone());
    if in_namespace(&effects) {
        namespace_is_there(making, &reader, context).await?;
    }
    let waits = flags.dry_run == DryRun::None && !flags.no_wait;
    rights::check(&effects, waits, &place, connection, &reader).await?;
    let previews = previews(&effects, connection).await?;
    // Told before the question, since they may be a reason to say no.
    warnings.extend(connection.warnings.take().into_iter().map(|text| format!("the server warns: {text}")));
    let existing = kept::read(&effects, &reader, connection).await?;
    warnings.extend(kept::check(&effects, &existing, secrets, making.keeps_secrets)?);
    screen.review(&review(&place, &effects, &previews, warnings));
    if flags.dry_run == DryRun::Server {
        finish_output(&effects, making, secrets, &existing, screen)?;
        return Ok(Made::Done { changed: Vec::new() });
    }
    let nothing_to_do = previews.iter().all(|preview| matches!(preview.change, Change::Unchanged | Change::Kept));
    let mut changed = Vec::new();
    if nothing_to_do {
        screen.tell(if existing.is_empty() {
            "nothing to change: every object is as it should be"
        } else {
            "nothing to change: every object is as it should be, and Secrets are kept as they are"
        });
    } else {
        if !flags.yes {
            if !screen.can_ask() {
                return Err(nobody_approves());
            }
            let decision = approve(&place, &effects, secrets, &existing, flags.show_secrets, screen)?;
            if decision == Decision::ChangeAnswer {
                return Ok(Made::ChangeAnswer);
            }
        }
        changed = carry_out(making, &effects, secrets, &context.places.runs(), connection, screen).await?;
    }
    if !flags.no_wait {
        wait(&effects, making, connection, &reader, screen)
            .await
            .map_err(|error| wait_failure(&error, &changed, &look_closer(&effects, making, context), connection))?;
    }
    finish_output(&effects, making, secrets, &existing, screen).map_err(|failure| part_way(failure, &changed))?;
    Ok(Made::Done { changed })
}

/// Without a terminal and without `--yes` there is nobody who could say yes.
fn nobody_approves() -> Failure {
    Failure::usage("no-approval", "nobody is here to approve this, and `--yes` is missing; nothing was changed")
        .hint("add `--yes` to apply it, or `--dry-run=server` to only look at it")
}

/// The command that shows what a wait is waiting for.
fn look_closer(effects: &[Effect], making: &Making<'_>, context: &Context<'_>) -> String {
    let set = effects.iter().map(Effect::object).find(|object| object.kind.kind == "StatefulSet");
    let words = set.map_or_else(|| "status".to_owned(), |set| format!("status {}", set.name));
    context.ours(&words, &making.namespace)
}

/// Where it happens: a cluster and a namespace, or a cluster alone.
fn place(effects: &[Effect], making: &Making<'_>, connection: &Connection) -> String {
    let cluster = &connection.identity.name;
    if in_namespace(effects) { format!("{cluster}/{}", making.namespace) } else { cluster.clone() }
}

fn in_namespace(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| effect.object().kind.namespaced)
}

/// Whoever may not read the namespace still learns from the dry run that it is
/// not there.
async fn namespace_is_there(making: &Making<'_>, reader: &Reader, context: &Context<'_>) -> Result<(), Failure> {
    let namespace = &making.namespace;
    match reader.namespace_exists(namespace).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(context.no_namespace(namespace, &[])),
        Err(error) if is_forbidden(&error) => Ok(()),
        Err(error) => Err(explain(&error, &context.connection.identity, &format!("reading namespace `{namespace}`"))),
    }
}

async fn previews(effects: &[Effect], connection: &Connection) -> Result<Vec<Preview>, Failure> {
    let mut previews = Vec::new();
    for effect in effects {
        let preview = effect
            .preview(connection)
            .await
            .map_err(|error| untouched(effect_failure(&effect.object().to_string(), &error, connection)))?;
        previews.push(preview);
    }
    Ok(previews)
}

fn review(place: &str, effects: &[Effect], previews: &[Preview], mut warnings: Vec<String>) -> Review {
    let line = |(effect, preview): (&Effect, &Preview)| Line {
        object: effect.object().to_string(),
        change: preview.change.clone(),
        detail: summary(manifest(effect)),
    };
    warnings.extend(previews.iter().flat_map(|preview| preview.warnings.iter().cloned()));
    Review { place: place.to_owned(), lines: effects.iter().zip(previews).map(line).collect(), warnings }
}

fn manifest(effect: &Effect) -> &Value {
    match effect {
        Effect::Apply(apply) => &apply.manifest,
        Effect::CreateSecret(create) => &create.manifest,
    }
}

async fn wait(
    effects: &[Effect],
    making: &Making<'_>,
    connection: &Connection,
    reader: &Reader,
    screen: &dyn Screen,
) -> Result<(), WaitError> {
    for effect in effects {
        let manifest = manifest(effect);
        let at_most = making.flags.timeout;
        if effect.object().kind.kind == "StatefulSet" {
            readiness::wait_for_set(manifest, at_most, connection, reader, screen).await?;
        }
    }
    Ok(())
}

/// `--save` and `-o`; stderr names each Secret that was left out.
fn finish_output(
    effects: &[Effect],
    making: &Making<'_>,
    secrets: &SecretValues<'_>,
    existing: &Existing,
    screen: &dyn Screen,
) -> Result<(), Failure> {
    let flags = making.flags;
    if let Some(folder) = &flags.save {
        for path in output::save(effects, folder)? {
            screen.tell(&format!("wrote {path}"));
        }
    }
    let Some(format) = flags.output else { return Ok(()) };
    let printable = output::manifests(effects, format, flags.show_secrets, secrets, existing)?;
    for secret in &printable.left_out {
        screen.tell(&output::left_out(secret, effects));
    }
    screen.document(&printable.text, format)
}
