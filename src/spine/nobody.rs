//! Who stands in for a person and for chance where a runbook is tested.

use crate::cluster::Entropy;
use crate::commands::flags::Format;
use crate::commands::runbook::flags::PlanFormat;
use crate::commands::screen::Screen;
use crate::error::Failure;
use crate::runs::event::{Event, Observer};
use crate::runs::plan::Plan;
use crate::wizard::question::{Abandoned, Ask, Question, Reply};

/// Numbers that no two commands of a cluster share.
pub(super) struct Counted(pub(super) u64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().zip(self.0.to_le_bytes().into_iter().cycle()).for_each(|(to, from)| *to = from);
    }
}

/// Nobody looks, and nobody can be asked.
pub(super) struct Nobody;

impl Ask for Nobody {
    fn can_ask(&self) -> bool {
        false
    }

    fn ask(&self, _: &Question<'_>) -> Result<Reply, Abandoned> {
        Err(Abandoned)
    }
}

impl Observer for Nobody {
    fn event(&self, _: Event) {}
}

impl Screen for Nobody {
    fn print(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn document(&self, _: &str, _: Format) -> Result<(), Failure> {
        Ok(())
    }

    fn show(&self, _: &str) {}

    fn plan(&self, _: &Plan, _: Option<PlanFormat>) -> Result<(), Failure> {
        Ok(())
    }

    fn labelled(&self, _: &[(String, String)]) -> Result<(), Failure> {
        Ok(())
    }
}
