//! The program with nobody at its screen and chance from a seed, for tests that
//! hold the library in their hand.

use std::sync::Mutex;

use kubectl_stateful::cluster::Entropy;
use kubectl_stateful::commands::flags::Format;
use kubectl_stateful::commands::runbook::flags::PlanFormat;
use kubectl_stateful::commands::screen::Screen;
use kubectl_stateful::error::Failure;
use kubectl_stateful::runs::event::{Event, Observer};
use kubectl_stateful::runs::plan::Plan;
use kubectl_stateful::wizard::question::{Abandoned, Ask, Question, Reply};

/// Nobody to ask; what is shown is kept, and what happens is told to the test.
#[derive(Default)]
pub struct Unattended<'a> {
    seen: Option<&'a (dyn Fn(&Event) + Sync)>,
    kept: Mutex<Kept>,
}

/// What was shown.
#[derive(Default)]
pub struct Kept {
    pub plan: Option<Plan>,
    pub text: String,
    /// Labels and texts of the last lines of a command.
    pub labelled: Vec<(String, String)>,
}

impl<'a> Unattended<'a> {
    pub fn telling(seen: &'a (dyn Fn(&Event) + Sync)) -> Self {
        Self { seen: Some(seen), kept: Mutex::default() }
    }

    pub fn into_kept(self) -> Kept {
        self.kept.into_inner().unwrap()
    }
}

impl Ask for Unattended<'_> {
    fn can_ask(&self) -> bool {
        false
    }

    fn ask(&self, _: &Question<'_>) -> Result<Reply, Abandoned> {
        Err(Abandoned)
    }
}

impl Observer for Unattended<'_> {
    fn event(&self, event: Event) {
        if let Some(seen) = self.seen {
            seen(&event);
        }
        match event {
            Event::Plan(plan) => self.kept.lock().unwrap().plan = Some(*plan),
            Event::Note { text } | Event::Caution { text } => self.show(&format!("{text}\n")),
            _ => {}
        }
    }
}

impl Screen for Unattended<'_> {
    fn print(&self, text: &str) -> Result<(), Failure> {
        self.show(text);
        Ok(())
    }

    fn document(&self, text: &str, _: Format) -> Result<(), Failure> {
        self.print(text)
    }

    fn show(&self, text: &str) {
        self.kept.lock().unwrap().text.push_str(text);
    }

    fn plan(&self, plan: &Plan, _: Option<PlanFormat>) -> Result<(), Failure> {
        self.kept.lock().unwrap().plan = Some(plan.clone());
        Ok(())
    }

    fn labelled(&self, lines: &[(String, String)]) -> Result<(), Failure> {
        self.kept.lock().unwrap().labelled.extend_from_slice(lines);
        Ok(())
    }
}

/// Bytes from a seed.
pub struct Seeded(Mutex<fastrand::Rng>);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill(bytes);
    }
}
