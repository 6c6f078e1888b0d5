//! The way of a set of objects through review and run, in one piece.

use serde_json::Value;

use super::approve::{Decision, approve};
use super::carry_out::{Carried, carry_out, effect_failure, part_way, untouched, wait_failure};
use super::kept::{self, Existing};
use super::output::{self, Form, Printable};
use super::{cautions, order, readiness, rights};
use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::commands::Context;
use crate::commands::claims::{self, Outlook};
use crate::commands::flags::{DryRun, MakeFlags};
use crate::commands::questions::Interview;
use crate::commands::screen::Screen;
use crate::commands::secrets::SecretValues;
use crate::effects::{Effect, Preview};
use crate::error::Failure;
use crate::facts::reader::{Reader, is_forbidden};
use crate::objects::summary::summary;
use crate::runs::event::Event;
use crate::runs::review::{Line, Review};
use crate::runs::wait::WaitError;

/// What is to be made, and how.
pub struct Making<'a> {
    pub namespace: String,
    pub objects: Vec<Value>,
    /// Whose answers the objects are made of.
    pub interview: &'a Interview<'a>,
    /// Things to know before saying yes.
    pub warnings: Vec<String>,
    /// Whether an existing Secret may be used although other values were given.
    pub keeps_secrets: bool,
}

impl Making<'_> {
    fn flags(&self) -> &MakeFlags {
        &self.interview.flags
    }
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
    let flags = making.flags();
    let plan = match flags.dry_run {
        DryRun::Client => unasked(making, secrets, connection)?,
        DryRun::None | DryRun::Server => asked(making, secrets, context).await?,
    };
    screen.event(Event::Review(plan.review()));
    if flags.dry_run != DryRun::None {
        keep(making, &plan, context)?;
        let Some(format) = flags.output else { return Ok(Made::Done { changed: Vec::new() }) };
        let form = if flags.dry_run == DryRun::Client { Form::Manifest } else { Form::DryRun };
        let shown = output::planned(&plan.effects, form, format, flags.show_secrets, secrets, &plan.existing)?;
        print(&shown, making, screen)?;
        return Ok(Made::Done { changed: Vec::new() });
    }
    let nothing_to_do = plan.effects.iter().all(|(_, preview)| preview.holds());
    if nothing_to_do {
        screen.tell(if plan.existing.is_empty() {
            "nothing to change: every object is as it should be"
        } else {
            "nothing to change: every object is as it should be, and Secrets are kept as they are"
        });
    } else if !flags.yes {
        if !screen.can_ask() {
            return Err(nobody_approves());
        }
        let decision = approve(&plan.place, &plan.effects, secrets, &plan.existing, flags.show_secrets, screen)?;
        if decision == Decision::ChangeAnswer {
            return Ok(Made::ChangeAnswer);
        }
    }
    // Before the first write: what cannot be saved is a reason not to begin.
    keep(making, &plan, context)?;
    let carried = if nothing_to_do {
        Carried { changed: Vec::new(), stored: plan.stored() }
    } else {
        let runs = context.places.runs();
        let carried = carry_out(making, &plan.effects, secrets, &runs, connection, screen).await;
        carried.map_err(|failure| again(failure, making))?
    };
    let Carried { changed, stored } = carried;
    if !flags.no_wait {
        let waited = wait(&plan.effects, making, context).await;
        let closer = || look_closer(&plan.effects, making, context);
        waited.map_err(|error| again(wait_failure(&error, &changed, &closer(), connection), making))?;
    }
    if let Some(format) = flags.output {
        print(&output::stored(&plan.effects, stored, format, flags.show_secrets), making, screen)
            .map_err(|failure| part_way(failure, &changed))?;
    }
    Ok(Made::Done { changed })
}

/// A failure after a write ends with the command that goes on from there: the
/// answers may have been given one by one.
fn again(failure: Failure, making: &Making<'_>) -> Failure {
    if failure.changed.is_empty() {
        return failure;
    }
    failure.hint(making.interview.same_again())
}

/// What is going to be shown, and then done.
struct Plan {
    place: String,
    effects: Vec<(Effect, Preview)>,
    /// Secrets that are there already.
    existing: Existing,
    warnings: Vec<String>,
}

impl Plan {
    fn review(&self) -> Review {
        let line = |(effect, preview): &(Effect, Preview)| Line {
            object: effect.object().to_string(),
            change: preview.change.clone(),
            detail: summary(effect.manifest()),
        };
        Review {
            place: self.place.clone(),
            lines: self.effects.iter().map(line).collect(),
            warnings: self.warnings.clone(),
        }
    }

    /// The objects when all of them are there already.
    fn stored(&self) -> Vec<Value> {
        let stored = |(effect, preview): &(Effect, Preview)| match effect.secret() {
            None => preview.after.clone(),
            Some(create) => self.existing.get(&create.object.path()).cloned().unwrap_or_default(),
        };
        self.effects.iter().map(stored).collect()
    }
}

/// The plan of `--dry-run=client`.
fn unasked(making: &Making<'_>, secrets: &SecretValues<'_>, connection: &Connection) -> Result<Plan, Failure> {
    let effects = order::effects(making.objects.clone())?;
    let mut warnings = making.warnings.clone();
    warnings.extend(secrets.check()?);
    warnings.push("no server was asked: whether any of these exists already is not known".to_owned());
    let place = place(&effects, making, connection);
    let effects = effects.into_iter().map(|effect| (Preview::unasked(effect.manifest()), effect));
    let effects = effects.map(|(preview, effect)| (effect, preview)).collect();
    Ok(Plan { place, effects, existing: Existing::new(), warnings })
}

/// The plan as the server sees it: rights, what is there, what would change.
async fn asked(making: &Making<'_>, secrets: &SecretValues<'_>, context: &Context<'_>) -> Result<Plan, Failure> {
    let connection = context.connection;
    let flags = making.flags();
    let effects = order::effects(making.objects.clone())?;
    let mut warnings = making.warnings.clone();
    warnings.extend(secrets.check()?);
    let place = place(&effects, making, connection);
    let reader = Reader::new(connection.client.clone());
    if in_namespace(&effects) {
        namespace_is_there(making, &reader, context).await?;
    }
    let waits = flags.dry_run == DryRun::None && !flags.no_wait;
    rights::check(&effects, waits, &place, connection, &reader).await?;
    let existing = kept::read(&effects, &reader, connection).await?;
    let kept = kept::check(&effects, &existing, secrets, making.keeps_secrets)?;
    let effects = previewed(effects, making, secrets, connection).await?;
    // Told before the question, since they may be a reason to say no.
    warnings.extend(connection.warnings.take().into_iter().map(|text| format!("the server warns: {text}")));
    warnings.extend(kept);
    warnings.extend(cautions::read(&effects, &making.namespace, &reader).await);
    Ok(Plan { place, effects, existing, warnings })
}

async fn previewed(
    effects: Vec<Effect>,
    making: &Making<'_>,
    secrets: &SecretValues<'_>,
    connection: &Connection,
) -> Result<Vec<(Effect, Preview)>, Failure> {
    let mut previewed = Vec::new();
    for effect in effects {
        match effect.preview(connection, secrets).await {
            Ok(preview) => previewed.push((effect, preview)),
            Err(error) => {
                let object = effect.object().to_string();
                return Err(untouched(effect_failure(&object, &error, making, connection)));
            }
        }
    }
    Ok(previewed)
}

/// `--save-answers` and `--save`.
fn keep(making: &Making<'_>, plan: &Plan, context: &Context<'_>) -> Result<(), Failure> {
    making.interview.save().map_err(untouched)?;
    if let Some(folder) = &making.flags().save {
        for path in output::save(&plan.effects, folder).map_err(untouched)? {
            context.screen.tell(&format!("wrote {path}"));
        }
    }
    Ok(())
}

/// `-o`; stderr tells of each Secret that was left out.
fn print(printable: &Printable, making: &Making<'_>, screen: &dyn Screen) -> Result<(), Failure> {
    let Some(format) = making.flags().output else { return Ok(()) };
    for line in &printable.left_out {
        screen.tell(line);
    }
    screen.document(&printable.text, format)
}

/// Without a terminal and without `--yes` there is nobody who could say yes.
fn nobody_approves() -> Failure {
    Failure::usage("no-approval", "nobody is here to approve this, and `--yes` is missing; nothing was changed")
        .hint("add `--yes` to apply it, or `--dry-run=server` to only look at it")
}

/// The command that shows what a wait is waiting for.
fn look_closer(effects: &[(Effect, Preview)], making: &Making<'_>, context: &Context<'_>) -> String {
    let set = effects.iter().map(|(effect, _)| effect.object()).find(|object| object.kind.kind == "StatefulSet");
    let words = set.map_or_else(|| "status".to_owned(), |set| format!("status {}", set.name));
    context.ours(&words, &making.namespace)
}

/// Where it happens: a cluster and a namespace, or a cluster alone. A client
/// dry run may know of no cluster.
fn place(effects: &[Effect], making: &Making<'_>, connection: &Connection) -> String {
    let cluster = &connection.identity.name;
    match (in_namespace(effects), cluster.is_empty()) {
        (true, true) => format!("namespace {}", making.namespace),
        (true, false) => format!("{cluster}/{}", making.namespace),
        (false, _) => cluster.clone(),
    }
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

async fn wait(effects: &[(Effect, Preview)], making: &Making<'_>, context: &Context<'_>) -> Result<(), WaitError> {
    let reader = Reader::new(context.connection.client.clone());
    for (effect, _) in effects {
        let (connection, screen, at_most) = (context.connection, context.screen, making.flags().timeout);
        match effect.object().kind.kind {
            "StatefulSet" => {
                readiness::wait_for_set(effect.manifest(), at_most, connection, &reader, screen).await?;
            }
            "PersistentVolumeClaim" => match claims::outlook(effect, &reader, context).await {
                Outlook::Binds => {
                    readiness::wait_for_claim(effect.object(), at_most, connection, &reader, screen).await?;
                }
                Outlook::Stays(why) => screen.tell(&why),
                Outlook::Unknown => {}
            },
            _ => {}
        }
    }
    Ok(())
}
