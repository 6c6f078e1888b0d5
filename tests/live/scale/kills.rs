//! SIGKILL at the lines that a scale-down writes to its journal: `resume` goes
//! on to the same end, `undo` back to the beginning, and no data are lost.
//!
//! A few lines, drawn by the day's seed, in every test run;
//! `KUBECTL_STATEFUL_RANDOM=1 cargo test --test live killed` strikes at each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use fastrand::Rng;
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::stage::{Picture, Stage};
use crate::random::{number, tell};
use crate::support::cli::{Cli, Said};
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("scale::a_run_killed_at_lines_of_its_journal_is_resumed", |world| everywhere(world, Then::Resume)),
        live("scale::a_run_killed_at_lines_of_its_journal_is_undone", |world| everywhere(world, Then::Undo)),
        live("scale::a_set_that_changed_meanwhile_is_not_what_a_killed_run_goes_on_with", changed),
    ]
}

/// Sets that are worked on at the same time.
const SIDE_BY_SIDE: usize = 6;
/// Lines that are drawn when nobody asks for all.
const DRAWN: usize = 4;
/// The same sets when only a few are drawn.
const FEW: usize = 2;
/// A process that does not get to its next line by then never will.
const PATIENCE: Duration = Duration::from_mins(4);
/// Members before and after, each with two volumes.
const FROM: u32 = 5;
const TO: u32 = 2;
const GOING: usize = 6;

#[derive(Clone, Copy, Debug)]
enum Then {
    Resume,
    Undo,
}

/// Each set takes its share of the lines, one kill after the other: what comes
/// back from one is what the next begins with.
fn everywhere(world: &World, then: Then) -> Result<(), Failed> {
    let is_all = number("KUBECTL_STATEFUL_RANDOM")?.is_some();
    let seed = number("KUBECTL_STATEFUL_SEED")?.unwrap_or_else(|| fastrand::u64(..));
    let first = Killed::begin(world, 0)?;
    let all = first.lines;
    let mut chosen: Vec<usize> = (0..all).collect();
    if !is_all {
        Rng::with_seed(seed).shuffle(&mut chosen);
        chosen.truncate(DRAWN);
    }
    let stages = if is_all { SIDE_BY_SIDE } else { FEW };
    let share = |which: usize, killed: Option<Killed<'_>>| -> Result<BTreeSet<usize>, Failed> {
        let mut killed = killed.map_or_else(|| Killed::begin(world, which), Ok)?;
        let mine = chosen.iter().skip(which).step_by(stages);
        let strike = |line: &usize| {
            let struck = killed.struck(*line, then);
            struck.map_err(|why| format!("seed {seed}, killed at line {line} of {all}: {}", words(&why)).into())
        };
        mine.map(strike).collect()
    };
    let reached: BTreeSet<usize> = thread::scope(|threads| {
        let share = &share;
        let others: Vec<_> = (1..stages).map(|which| threads.spawn(move || share(which, None))).collect();
        let mut reached = share(0, Some(first))?;
        for other in others {
            reached.extend(other.join().map_err(|_| "a share panicked")??);
        }
        Ok::<_, Failed>(reached)
    })?;
    tell(&format!("{then:?}: {} kills, ended at {} different of {all} lines", chosen.len(), reached.len()));
    // Where exactly a kill strikes is up to the scheduler; most places were struck.
    ensure(reached.len() * 4 >= chosen.len() * 3, || format!("of {chosen:?} only these were met: {reached:?}"))
}

fn words(why: &Failed) -> &str {
    why.message().unwrap_or("?")
}

/// A set whose runs are killed.
struct Killed<'a> {
    stage: Stage<'a>,
    before: Picture,
    /// The UIDs of the claims that never go.
    staying: BTreeMap<String, String>,
    /// How many lines an undisturbed run writes.
    lines: usize,
}

impl<'a> Killed<'a> {
    fn begin(world: &'a World, which: usize) -> Result<Self, Failed> {
        let stage = Stage::with(world, &format!("web{which}"), FROM, &json!({}))?;
        let mut killed = Self { before: stage.picture()?, staying: staying(&stage)?, stage, lines: 0 };
        let said = killed.stage.retire(TO)?;
        killed.is_smaller(&said)?;
        killed.lines = written(&killed.stage.cli);
        ensure(killed.lines > 40, || format!("only {} lines", killed.lines))?;
        let said = killed.stage.cli.run(&["undo", "--yes"])?.ended(0)?;
        killed.is_back(&said)?;
        Ok(killed)
    }

    /// Kills a run at this line, and goes on from there; how many lines there
    /// really were.
    fn struck(&mut self, line: usize, then: Then) -> Result<usize, Failed> {
        let stage = &mut self.stage;
        stage.cli = stage.world.cli(User::Admin)?;
        let reached = killed_at(line, stage)?;
        // Before the first intent there is nothing to go on with or to take back.
        let has_begun = journal(&stage.cli).is_some_and(|text| text.contains(r#""state":"intent""#));
        if let Then::Resume = then {
            let said = if has_begun { stage.cli.run(&["resume", "--yes"])?.ended(0)? } else { stage.retire(TO)? };
            self.is_smaller(&said)?;
        }
        let undone = self.stage.cli.run(&["undo", "--yes"])?;
        self.is_back(&undone)?;
        // There may have been nothing yet that could be taken back.
        let nothing = undone.code == Some(2) && undone.stderr.contains("there is no run to undo here");
        ensure(undone.code == Some(0) || nothing, || undone.to_string())?;
        Ok(reached)
    }

    fn is_smaller(&self, said: &Said) -> Result<(), Failed> {
        let after = self.stage.picture()?;
        after.has_retired(GOING, &self.before, said)?;
        ensure(after.replicas == u64::from(TO) && after.claims.len() == 2 * TO as usize, || {
            format!("{after:?}\n{said}")
        })?;
        self.still_have_their_claims(said)?;
        self.stage.is_unlocked(said)
    }

    fn is_back(&self, said: &Said) -> Result<(), Failed> {
        self.stage.until_ready(u64::from(FROM)).map_err(|why| format!("{why}\n{said}"))?;
        self.still_have_their_claims(said)?;
        self.stage.is_still(&self.before, said)
    }

    fn still_have_their_claims(&self, said: &Said) -> Result<(), Failed> {
        let now = staying(&self.stage)?;
        ensure(now == self.staying, || format!("other claims: before {:?}, now {now:?}\n{said}", self.staying))
    }
}

/// The UIDs of the claims of the members that stay.
fn staying(stage: &Stage<'_>) -> Result<BTreeMap<String, String>, Failed> {
    let mut uids = stage.claim_uids()?;
    let ordinal = |name: &str| name.rsplit('-').next().and_then(|tail| tail.parse::<u32>().ok());
    uids.retain(|name, _| ordinal(name).is_some_and(|ordinal| ordinal < TO));
    Ok(uids)
}

/// Somebody scales up while nobody works on the set.
fn changed(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 3)?;
    let before = stage.picture()?;
    let run = ["scale", "web", "--settle", "30s", "--replicas", "1", "--claims", "retire", "--yes", "--no-app-check"];
    let mut child = start(&stage.cli, &run)?;
    world.until_gone("Pod", "web-2")?;
    child.kill()?;
    child.wait()?;
    world.merge_patch("StatefulSet", "web", &json!({"spec": {"replicas": 5}}))?;
    stage.until_ready(5)?;
    let stopped = stage.cli.run(&["resume", "--yes"])?;
    ensure(matches!(stopped.code, Some(4 | 6)), || stopped.to_string())?;
    let now = stage.picture()?;
    let kept = before.claims.iter().all(|(claim, volume)| now.claims.get(claim) == Some(volume));
    ensure(kept && now.claims.len() == 10 && now.replicas == 5, || format!("{now:?}\n{stopped}"))?;
    stage.is_unlocked(&stopped)
}

/// Kills a scale-down as soon as its journal has so many lines; how many they
/// were in the end.
fn killed_at(line: usize, stage: &Stage<'_>) -> Result<usize, Failed> {
    let to = TO.to_string();
    let words = ["scale", &stage.set, "--replicas", &to, "--claims", "retire", "--yes", "--no-app-check"];
    let mut child = start(&stage.cli, &[&words[..], &["--settle", "0s", "--at-most=1m"]].concat())?;
    let deadline = Instant::now() + PATIENCE;
    while journal(&stage.cli).is_none() || written(&stage.cli) < line {
        if let Some(ended) = child.try_wait()? {
            return Err(format!("ended with {ended} before line {line}").into());
        }
        if Instant::now() > deadline {
            child.kill()?;
            return Err("no such line in time".into());
        }
        thread::sleep(Duration::from_micros(200));
    }
    child.kill()?;
    child.wait()?;
    Ok(written(&stage.cli))
}

fn start(cli: &Cli, words: &[&str]) -> Result<Child, Failed> {
    let quiet = Stdio::null;
    Ok(cli.plugin().args(words).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn()?)
}

/// The journal of the only run in this home.
fn journal(cli: &Cli) -> Option<String> {
    let runs: PathBuf = cli.home().join("state/kubectl-stateful/runs");
    let run = fs::read_dir(runs).ok()?.next()?.ok()?.path();
    fs::read_to_string(run.join("journal.jsonl")).ok()
}

fn written(cli: &Cli) -> usize {
    journal(cli).map_or(0, |text| text.matches('\n').count())
}
