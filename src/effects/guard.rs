//! What must hold directly before a write that takes something away. Guards
//! belong to effects and not to scripts: a script can ask for more, never for
//! less. They are a list that whoever runs effects is given, so that tests can
//! leave one out and see what it was for.

mod claim;
mod set;
mod volume;

use std::sync::Arc;

use super::error::EffectError;

pub use claim::ClaimScene;
pub use set::SetScene;
pub use volume::VolumeScene;

/// One thing that must hold.
pub struct Guard<S> {
    /// Kebab-case; the code of the failure.
    pub code: &'static str,
    /// The hazard that it is against.
    pub source: &'static str,
    /// What stands against it, in words; `None` if nothing does.
    check: fn(&S) -> Option<Refusal>,
}

/// Why a guard said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Fragment: `pod web-3 uses it`.
    pub why: String,
    /// What to do next.
    pub hint: String,
}

fn refusal(why: impl Into<String>, hint: impl Into<String>) -> Refusal {
    Refusal { why: why.into(), hint: hint.into() }
}

/// All guards that count.
#[derive(Clone)]
pub struct Guards(Arc<Lists>);

#[derive(Clone)]
struct Lists {
    set: Vec<&'static Guard<SetScene>>,
    claim: Vec<&'static Guard<ClaimScene>>,
    volume: Vec<&'static Guard<VolumeScene>>,
}

impl Default for Guards {
    fn default() -> Self {
        let lists = Lists {
            set: set::GUARDS.iter().collect(),
            claim: claim::GUARDS.iter().collect(),
            volume: volume::GUARDS.iter().collect(),
        };
        Self(Arc::new(lists))
    }
}

impl Guards {
    /// Code and hazard of each.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, &'static str)> {
        let set = self.0.set.iter().map(|guard| (guard.code, guard.source));
        let claim = self.0.claim.iter().map(|guard| (guard.code, guard.source));
        let volume = self.0.volume.iter().map(|guard| (guard.code, guard.source));
        set.chain(claim).chain(volume).collect()
    }

    /// All but one, for tests that see what it is for.
    #[must_use]
    pub fn without(&self, code: &str) -> Self {
        let mut lists = Lists::clone(&self.0);
        lists.set.retain(|guard| guard.code != code);
        lists.claim.retain(|guard| guard.code != code);
        lists.volume.retain(|guard| guard.code != code);
        Self(Arc::new(lists))
    }

    pub(super) fn before_scale_down(&self, scene: &SetScene) -> Result<(), EffectError> {
        first_refusal(&self.0.set, scene)
    }

    /// More members take nothing away: only who decides over the set counts.
    pub(super) fn before_scale_up(&self, scene: &SetScene) -> Result<(), EffectError> {
        self.some(scene, &["set-deleting", "set-owned", "autoscaler-fights"])
    }

    /// Whoever controls the set would take the change back.
    pub(super) fn before_retention(&self, scene: &SetScene) -> Result<(), EffectError> {
        self.some(scene, &["set-deleting", "set-owned"])
    }

    fn some(&self, scene: &SetScene, codes: &[&str]) -> Result<(), EffectError> {
        let some: Vec<_> = self.0.set.iter().copied().filter(|guard| codes.contains(&guard.code)).collect();
        first_refusal(&some, scene)
    }

    pub(super) fn before_delete_claim(&self, scene: &ClaimScene) -> Result<(), EffectError> {
        first_refusal(&self.0.claim, scene)
    }

    /// Nothing keeps the volume, and that was shown.
    pub(super) fn before_give_up(&self, scene: &ClaimScene) -> Result<(), EffectError> {
        let is_asked = |guard: &&Guard<ClaimScene>| !claim::KEEPING.contains(&guard.code);
        let asked: Vec<_> = self.0.claim.iter().copied().filter(is_asked).collect();
        first_refusal(&asked, scene)
    }

    pub(super) fn before_purge(&self, scene: &VolumeScene) -> Result<(), EffectError> {
        first_refusal(&self.0.volume, scene)
    }
}

fn first_refusal<S>(guards: &[&Guard<S>], scene: &S) -> Result<(), EffectError> {
    match guards.iter().find_map(|guard| Some((guard.code, (guard.check)(scene)?))) {
        Some((code, Refusal { why, hint })) => Err(EffectError::Guarded { code, why, hint }),
        None => Ok(()),
    }
}
