//! The closed list of effects. A new ability is a new variant, and the compiler
//! lists what must follow.
//!
//! An effect is shown (`preview`), made ready directly before its write
//! (`prepare`: read anew, its guards asked, its inverse known), and performed.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::apply::Apply;
use super::create_claim::CreateClaim;
use super::create_secret::CreateSecret;
use super::delete_claim::DeleteClaim;
use super::error::EffectError;
use super::exec::Exec;
use super::give_up::GiveUp;
use super::guard::Guards;
use super::lock::Lock;
use super::object::apply::ApplyObject;
use super::object::create::CreateObject;
use super::object::delete::DeleteObject;
use super::object::patch::PatchObject;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::protect::Protect;
use super::purge::Purge;
use super::ready::{Done, Ready, Secrets};
use super::request::Mode;
use super::reserve::Reserve;
use super::retention::Retention;
use super::scale::Scale;
use super::target::Target;
use super::unprotect::Unprotect;
use crate::cluster::Connection;
use crate::objects::kinds::ObjectRef;
use crate::objects::secret_token;

/// One write to the cluster. In files it is its verb with its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Effect {
    /// Server-side apply of a whole object.
    #[serde(skip)]
    Apply(Apply),
    /// Creation of a Secret that is never overwritten.
    #[serde(skip)]
    CreateSecret(CreateSecret),
    /// Another number of replicas.
    Scale(Scale),
    /// A volume becomes one that outlives its claim.
    Protect(Protect),
    /// Its former policy again.
    Unprotect(Unprotect),
    /// A claim goes, its volume stays.
    DeleteClaim(DeleteClaim),
    /// A claim goes whose volume nobody has protected.
    GiveUp(GiveUp),
    /// A released volume waits for its claim.
    Reserve(Reserve),
    /// A claim that takes one volume.
    CreateClaim(CreateClaim),
    /// A retired volume goes with its data.
    Purge(Purge),
    /// The Lease of a run.
    Lock(Lock),
    /// A program in a member's pod.
    Exec(Exec),
    /// What a set does with the claims of members that go.
    Retention(Retention),
    /// Server-side apply of an object of another kind.
    #[serde(rename = "apply")]
    ApplyObject(ApplyObject),
    /// One that is not there yet.
    #[serde(rename = "create")]
    CreateObject(CreateObject),
    /// Some fields of one.
    #[serde(rename = "patch")]
    PatchObject(PatchObject),
    /// One that goes.
    #[serde(rename = "delete")]
    DeleteObject(DeleteObject),
}

/// What an effect means for data.
#[derive(Clone, Copy)]
enum Bearing<'a> {
    /// Those of this volume go.
    Destroys(&'a Target),
    /// Nothing keeps those of this claim.
    GivesUp(&'a Target),
    /// Those of this volume stay, whatever becomes of its claim.
    Keeps(&'a Target),
    None,
}

impl Effect {
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        match self {
            Self::Apply(effect) => &effect.object,
            Self::CreateSecret(effect) => &effect.object,
            Self::Scale(effect) => &effect.set.object,
            Self::Protect(effect) => &effect.volume.object,
            Self::Unprotect(effect) => &effect.volume.object,
            Self::DeleteClaim(effect) => &effect.claim.object,
            Self::GiveUp(effect) => &effect.claim.object,
            Self::Reserve(effect) => &effect.volume.object,
            Self::CreateClaim(effect) => &effect.object,
            Self::Purge(effect) => &effect.volume.object,
            Self::Lock(effect) => &effect.object,
            Self::Exec(effect) => &effect.pod,
            Self::Retention(effect) => &effect.set.object,
            Self::ApplyObject(effect) => &effect.object,
            Self::CreateObject(effect) => &effect.object,
            Self::PatchObject(effect) => &effect.object,
            Self::DeleteObject(effect) => &effect.object,
        }
    }

    /// The word for it in plans and journals, and in what a runbook declares.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Apply(_) | Self::ApplyObject(_) => "apply",
            Self::CreateSecret(_) => "create-secret",
            Self::Scale(_) => "scale",
            Self::Protect(_) => "protect",
            Self::Unprotect(_) => "unprotect",
            Self::DeleteClaim(_) => "delete-claim",
            Self::GiveUp(_) => "give-up",
            Self::Reserve(_) => "reserve",
            Self::CreateClaim(_) => "create-claim",
            Self::Purge(_) => "purge",
            Self::Lock(_) => "lock",
            Self::Exec(_) => "exec",
            Self::Retention(_) => "retention",
            Self::CreateObject(_) => "create",
            Self::PatchObject(_) => "patch",
            Self::DeleteObject(_) => "delete",
        }
    }

    /// The Secret that it creates, if it does that.
    #[must_use]
    pub const fn secret(&self) -> Option<&CreateSecret> {
        match self {
            Self::CreateSecret(effect) => Some(effect),
            _ => None,
        }
    }

    /// Whether a script can say it for an undo: one write of which no answer is needed, and
    /// which ends no data.
    #[must_use]
    pub const fn fits_undo(&self) -> bool {
        matches!(self, Self::Scale(_) | Self::Exec(_) | Self::Retention(_))
    }

    /// What it means for data: the one table of that.
    const fn bearing(&self) -> Bearing<'_> {
        match self {
            Self::Purge(effect) => Bearing::Destroys(&effect.volume),
            Self::GiveUp(effect) => Bearing::GivesUp(&effect.claim),
            Self::Protect(effect) => Bearing::Keeps(&effect.volume),
            Self::DeleteClaim(effect) => Bearing::Keeps(&effect.volume),
            Self::Apply(_)
            | Self::CreateSecret(_)
            | Self::Scale(_)
            | Self::Unprotect(_)
            | Self::Retention(_)
            | Self::Reserve(_)
            | Self::CreateClaim(_)
            | Self::Lock(_)
            | Self::Exec(_)
            | Self::ApplyObject(_)
            | Self::CreateObject(_)
            | Self::PatchObject(_)
            | Self::DeleteObject(_) => Bearing::None,
        }
    }

    /// The volume whose data it destroys for good.
    #[must_use]
    pub const fn destroys(&self) -> Option<&Target> {
        if let Bearing::Destroys(volume) = self.bearing() { Some(volume) } else { None }
    }

    /// The claim that it gives up: nothing brings it back, whatever becomes of its volume.
    #[must_use]
    pub const fn gives_up(&self) -> Option<&Target> {
        if let Bearing::GivesUp(claim) = self.bearing() { Some(claim) } else { None }
    }

    /// The volume that it keeps for later.
    #[must_use]
    pub const fn keeps(&self) -> Option<&Target> {
        if let Bearing::Keeps(volume) = self.bearing() { Some(volume) } else { None }
    }

    /// The object as it was asked for; secret values are tokens in it. Null for
    /// effects that send no whole object.
    #[must_use]
    pub fn manifest(&self) -> &Value {
        match self {
            Self::Apply(effect) => &effect.manifest,
            Self::CreateSecret(effect) => &effect.manifest,
            Self::CreateClaim(effect) => &effect.manifest,
            Self::ApplyObject(effect) => &effect.manifest,
            Self::CreateObject(effect) => &effect.manifest,
            Self::PatchObject(_)
            | Self::DeleteObject(_)
            | Self::Scale(_)
            | Self::Protect(_)
            | Self::Unprotect(_)
            | Self::DeleteClaim(_)
            | Self::GiveUp(_)
            | Self::Reserve(_)
            | Self::Purge(_)
            | Self::Lock(_)
            | Self::Exec(_)
            | Self::Retention(_) => &Value::Null,
        }
    }

    /// Verb, object and what it does for the journal; secret values are tokens
    /// in manifests and so never part of it.
    #[must_use]
    pub fn describe(&self) -> Value {
        let manifest = match self {
            Self::Apply(effect) => effect.manifest.clone(),
            // A script may have put a literal where a token belongs.
            Self::CreateSecret(effect) => secret_token::redact(&effect.manifest),
            _ => return json!(self),
        };
        let object = self.object();
        json!({ "verb": self.verb(), "kind": object.kind.kind, "namespace": object.namespace, "name": object.name,
                "manifest": manifest })
    }

    /// What is compared between a plan and its run: verb, object and the values
    /// that change. Never versions, times or names that the cluster makes up.
    #[must_use]
    pub fn fingerprint(&self, preview: &Preview) -> String {
        let object = self.object();
        let uid = preview.uid.as_deref().unwrap_or("new");
        let change = match &preview.change {
            Change::Changed(fields) => fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Change::Runs { container, command } => format!("{container}: {command}"),
            Change::Gone => self.fate().to_owned(),
            Change::New | Change::Unchanged | Change::Kept => String::new(),
        };
        format!("{} {}/{} {uid} {change}{}", self.verb(), object.namespace, object, self.values(preview))
    }

    /// Values that are too long for a line are compared all the same.
    fn values(&self, preview: &Preview) -> String {
        let values = match (self, &preview.change) {
            (Self::ApplyObject(_) | Self::CreateObject(_), Change::New) => self.manifest().clone(),
            (Self::ApplyObject(_) | Self::PatchObject(_), Change::Changed(fields)) => json!(fields),
            (Self::DeleteObject(_), Change::Gone) if !preview.after.is_null() => preview.after.clone(),
            _ => return String::new(),
        };
        let digest = Sha256::digest(in_order(values).to_string().as_bytes());
        digest.iter().take(6).fold(" #".to_owned(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// What is written in an object of another kind, as it was said.
    #[must_use]
    pub const fn says(&self) -> Option<&Value> {
        match self {
            Self::ApplyObject(effect) => Some(&effect.manifest),
            Self::CreateObject(effect) => Some(&effect.manifest),
            Self::PatchObject(effect) => Some(&effect.patch),
            _ => None,
        }
    }

    /// What becomes of the data where nothing keeps them; else empty.
    #[must_use]
    pub const fn fate(&self) -> &'static str {
        if let Self::GiveUp(effect) = self { effect.fate.words() } else { "" }
    }

    /// The effects that take it back, in their order; none where it cannot be.
    pub(super) fn inverse(&self, before: Option<&Value>, after: &Value) -> Vec<Self> {
        let found = before.unwrap_or(&Value::Null);
        match self {
            Self::Scale(effect) => effect.inverse(found).map(Self::Scale).into_iter().collect(),
            Self::Protect(effect) => vec![Self::Unprotect(effect.inverse(found))],
            Self::DeleteClaim(effect) => match effect.inverse(found) {
                Some((reserve, claim)) => vec![Self::Reserve(reserve), Self::CreateClaim(claim)],
                None => Vec::new(),
            },
            Self::Unprotect(effect) => effect.inverse(found).map(Self::Protect).into_iter().collect(),
            Self::CreateClaim(effect) => match effect.inverse() {
                Some((protect, deletion)) => vec![Self::Protect(protect), Self::DeleteClaim(deletion)],
                None => Vec::new(),
            },
            Self::Retention(effect) => effect.inverse(found).map(Self::Retention).into_iter().collect(),
            // A volume without a claim is kept whether it waits for one or not.
            Self::Reserve(_)
            | Self::Apply(_)
            | Self::CreateSecret(_)
            | Self::Purge(_)
            | Self::GiveUp(_)
            | Self::Lock(_)
            | Self::Exec(_) => Vec::new(),
            Self::ApplyObject(effect) => effect.inverse(before, after),
            Self::CreateObject(effect) => effect.inverse(after),
            Self::PatchObject(effect) => before.map_or_else(Vec::new, |before| effect.inverse(before, after)),
            Self::DeleteObject(effect) => before.map_or_else(Vec::new, |before| effect.inverse(before)),
        }
    }

    /// What was made has its UID by now: what takes it back is about exactly that.
    pub fn about(&mut self, made: &str) {
        if let Self::DeleteObject(DeleteObject { uid: Some(uid), .. }) = self
            && uid.is_empty()
        {
            made.clone_into(uid);
        }
        if let Self::Protect(Protect { claim, .. }) | Self::DeleteClaim(DeleteClaim { claim, .. }) = self
            && claim.uid.is_empty()
        {
            made.clone_into(&mut claim.uid);
        }
    }

    /// Asks the server what performing would do.
    pub async fn preview(&self, connection: &Connection, secrets: &dyn Secrets) -> Result<Preview, EffectError> {
        Ok(self.look(connection, secrets, &Guards::default()).await?.preview)
    }

    /// Asks the same once more, directly before the write.
    ///
    /// # Errors
    /// `Diverged` when it would do something else than what was approved.
    pub async fn prepare(
        &self,
        connection: &Connection,
        approved: &Preview,
        secrets: &dyn Secrets,
    ) -> Result<Ready, EffectError> {
        let ready = self.look(connection, secrets, &Guards::default()).await?;
        let serves = match self {
            Self::CreateSecret(effect) => effect.serves(&ready, secrets)?,
            _ => false,
        };
        if serves || ready.preview.was_approved_as(approved) {
            return Ok(ready);
        }
        Err(EffectError::Diverged { approved: Box::new(approved.clone()), now: Box::new(ready.preview) })
    }

    /// What it would do at this moment, if its guards allow it.
    pub async fn look(
        &self,
        connection: &Connection,
        secrets: &dyn Secrets,
        guards: &Guards,
    ) -> Result<Ready, EffectError> {
        match self {
            Self::Apply(effect) => effect.look(connection).await,
            Self::CreateSecret(effect) => effect.look(connection, secrets).await,
            Self::Scale(effect) => effect.look(connection, guards).await,
            Self::Protect(effect) => effect.look(connection).await,
            Self::Unprotect(effect) => effect.look(connection).await,
            Self::DeleteClaim(effect) => effect.look(connection, guards).await,
            Self::GiveUp(effect) => effect.look(connection, guards).await,
            Self::Reserve(effect) => effect.look(connection).await,
            Self::CreateClaim(effect) => effect.look(connection).await,
            Self::Purge(effect) => effect.look(connection, guards).await,
            Self::Lock(effect) => effect.look(connection).await,
            Self::Exec(effect) => effect.look(connection).await,
            Self::Retention(effect) => effect.look(connection, guards).await,
            Self::ApplyObject(effect) => effect.look(connection).await,
            Self::CreateObject(effect) => effect.look(connection).await,
            Self::PatchObject(effect) => effect.look(connection).await,
            Self::DeleteObject(effect) => effect.look(connection).await,
        }
    }

    /// Performs the one write, or none if the goal holds already.
    ///
    /// # Errors
    /// `Overtaken` when the object changed since it was looked at: nothing was written.
    pub async fn perform(
        &self,
        ready: Ready,
        connection: &Connection,
        secrets: &dyn Secrets,
    ) -> Result<Done, EffectError> {
        match self {
            Self::Apply(effect) => effect.perform(ready, connection).await,
            Self::CreateSecret(effect) => effect.perform(ready, connection, secrets).await,
            _ if ready.preview.holds() => Ok(Done::changed(Outcome::Unchanged, ready.before.unwrap_or_default())),
            Self::Scale(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::Protect(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::Unprotect(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::DeleteClaim(effect) => effect.perform(connection, Mode::Real).await,
            Self::GiveUp(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::Reserve(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::CreateClaim(effect) => effect.perform(connection, Mode::Real).await,
            Self::Purge(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::Lock(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::Exec(effect) => effect.run(&ready, connection, async || Ok(())).await,
            Self::Retention(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::ApplyObject(effect) => effect.perform(ready, connection).await,
            Self::CreateObject(effect) => effect.perform(connection, Mode::Real).await,
            Self::PatchObject(effect) => effect.perform(&ready, connection, Mode::Real).await,
            Self::DeleteObject(effect) => effect.perform(&ready, connection, Mode::Real).await,
        }
    }
}

/// Servers write the fields of an object in orders of their own.
fn in_order(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}
