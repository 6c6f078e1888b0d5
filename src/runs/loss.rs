//! What a run has taken away for good, as an undo tells it.

use std::fmt;

use super::call::ClaimAnswer;
use crate::effects::Target;
use crate::effects::give_up::{Fate, GiveUp};

/// One object that nothing gives back, and its data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// `Kind/name`.
    object: String,
    data: Data,
}

/// What has become of the data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Data {
    Gone,
    /// They are on the volume, which is `Retain`; empty where nobody knows its name.
    Stay(String),
    Unknown,
}

impl Loss {
    /// A volume that was destroyed.
    #[must_use]
    pub fn of_volume(volume: &Target) -> Self {
        Self { object: volume.object.to_string(), data: Data::Gone }
    }

    /// A claim that was given up, beside what is known of it.
    #[must_use]
    pub fn of_claim(gone: &GiveUp, known: Option<&ClaimAnswer>) -> Self {
        let volume = known.and_then(|known| known.volume.as_ref()).map(|volume| volume.object.to_string());
        let data = match gone.fate {
            Fate::Goes => Data::Gone,
            Fate::Stays => Data::Stay(volume.unwrap_or_default()),
            Fate::Unknown => Data::Unknown,
        };
        Self { object: gone.claim.object.to_string(), data }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        match &self.data {
            Data::Gone => write!(out, "{object} is gone for good"),
            Data::Stay(volume) if volume.is_empty() => {
                write!(out, "{object} does not come back, and its data stay on its volume, which is `Retain`")
            }
            Data::Stay(volume) => {
                write!(out, "{object} does not come back, and its data stay on {volume}, which is `Retain`")
            }
            Data::Unknown => write!(out, "{object} does not come back, and whether its data are gone is not known"),
        }
    }
}
