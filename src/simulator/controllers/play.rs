//! Sending what a pass asks for: which refused write keeps which others from
//! being sent. Whoever applies writes plays passes with this.

use super::{Part, Write};

/// A write that was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub write: Write,
    /// The message of the Status.
    pub error: String,
}

/// Who sends writes.
pub trait Sender {
    /// The error is the message of the Status.
    fn send(&mut self, write: &Write) -> Result<(), String>;

    /// The first part of `rest` was refused, and the others are not sent. It is
    /// called for a part of a batch first, and then for the batch.
    fn refused(&mut self, rest: &[Part], refusals: &[Refusal]);
}

/// Sends parts one after the other up to the first refused one; answers what
/// was refused.
pub fn play(parts: &[Part], sender: &mut impl Sender) -> Vec<Refusal> {
    for (index, part) in parts.iter().enumerate() {
        let refusals: Vec<Refusal> = match part {
            Part::Write(write) => {
                let error = sender.send(write).err();
                error.into_iter().map(|error| Refusal { write: write.clone(), error }).collect()
            }
            Part::Batch(units) => units.iter().flat_map(|unit| play(unit, sender)).collect(),
        };
        if !refusals.is_empty() {
            sender.refused(parts.get(index..).unwrap_or_default(), &refusals);
            return refusals;
        }
    }
    Vec::new()
}
