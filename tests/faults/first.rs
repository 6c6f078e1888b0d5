//! A cluster on which the program is about to do one thing, and how often that
//! can be struck: the run that nothing struck tells.

use std::collections::BTreeSet;
use std::path::Path;

use kubectl_stateful::error::Failure;
use kubectl_stateful::runs::plan::Plan;
use kubectl_stateful::simulator::faults::{Cast, Crash, Disturbance, Fault, Faults, Length, Rival, Schedule, Strike};
use kubectl_stateful::simulator::oracles::{Confirmed, Ended};
use kubectl_stateful::wizard::parameter::Answer;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Later, Program, copy, disk, ended};
use crate::stage::{Stage, TEMPLATES, VOLUMES, claim};

/// What the program is to do with the second of two members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// It goes, and its claims stay.
    Kept,
    /// It goes, and its volumes are kept.
    Retired,
    /// It goes, its claims stay, and at the end its volumes are kept, however that comes.
    Always,
    /// Its volumes are kept once its application has said yes.
    Asked,
    /// It goes, its claims stay, and an undo runs a command in its pod.
    Said,
    /// It stays, and an undo lets it go and come back before it runs a command in the other's pod.
    SaidScales,
    /// Its volumes are kept where the set itself deletes the claims of members that go.
    RetiredFromDeletingSet,
    /// It goes with its data.
    Destroyed,
    /// The same where nothing has protected the volumes.
    GivenUp,
    /// The same where volumes may not even be read.
    GivenUpUnread,
    /// It has gone, and its data go.
    Purged,
    /// It has gone, and comes back with its data.
    Restored,
}

impl Goal {
    pub const ALL: [Self; 7] = [
        Self::Kept,
        Self::Retired,
        Self::RetiredFromDeletingSet,
        Self::Destroyed,
        Self::GivenUp,
        Self::Purged,
        Self::Restored,
    ];

    /// Those of which something can be taken back.
    pub const UNDOABLE: [Self; 6] =
        [Self::Kept, Self::Retired, Self::RetiredFromDeletingSet, Self::Destroyed, Self::GivenUp, Self::Restored];
}

/// One member goes, and whatever comes its volumes are kept.
const ALWAYS: &str = r#"fn run(p) {
    let set = p.set;
    let going = set.members_from(1);
    always("keep what it had", || for member in going { member.protect(); });
    step("one less", || { set.scale(1); set.wait_ready("10m"); });
}"#;

/// One member is stopped and goes; an undo starts it again.
const SAID: &str = r#"fn run(p) {
    let set = p.set;
    let last = set.members()[0];
    undo("start it again", || last.exec(["start"]));
    last.exec(["stop"]);
    step("one less", || { set.scale(1); set.wait_ready("10m"); });
}"#;

/// One member is stopped; an undo starts it again once the other one has gone and come back.
const SAID_SCALES: &str = r#"fn run(p) {
    let set = p.set;
    let first = set.members()[1];
    undo("start it again", || { set.scale(1); set.scale(2); first.exec(["start"]); });
    first.exec(["stop"]);
    set.wait_ready("10m");
    guard(set.members().len() == 2, "nobody has gone");
}"#;

/// A cluster before the run.
pub struct First {
    pub goal: Goal,
    pub stage: Stage,
    pub program: Program,
    pub plan: Plan,
    pub confirmed: Confirmed,
    pub cast: Cast,
    pub length: Length,
    /// The requests that write, and those just before them.
    pub turning: BTreeSet<u64>,
    /// The requests that write.
    pub writes: BTreeSet<u64>,
    /// The volumes of the second member.
    pub volumes: [Value; 2],
    /// The disk of the run, where it has been done and is to be taken back.
    pub done: Option<TempDir>,
}

impl First {
    pub fn new(goal: Goal) -> Self {
        let stage = Stage { hides_volumes: goal == Goal::GivenUpUnread, ..Stage::new(2) };
        let volumes = TEMPLATES.map(|template| {
            let claim = stage.get(&claim(template, 1));
            stage.get(&format!("{VOLUMES}/{}", claim["spec"]["volumeName"].as_str().unwrap()))
        });
        let mut confirmed = stage.plan(1).showing(&volumes);
        if goal == Goal::RetiredFromDeletingSet {
            let act = Rival::TurnRetention { set: "web".to_owned() };
            stage.simulator.disturb(&Disturbance::Rival { namespace: "default".to_owned(), act });
            stage.rest();
        }
        let program = match goal {
            Goal::Kept => Program::scale_down(1, "keep"),
            Goal::Always => Program::own(ALWAYS),
            Goal::Said => Program::own(SAID),
            Goal::SaidScales => Program::own(SAID_SCALES),
            Goal::Retired | Goal::RetiredFromDeletingSet => Program::scale_down(1, "retire"),
            Goal::Asked => Program::scale_down(1, "retire").with("before_remove", Answer::Text("may-leave".to_owned())),
            Goal::Destroyed => Program::scale_down(1, "destroy"),
            Goal::GivenUp | Goal::GivenUpUnread => Program::unprotected(1, "destroy"),
            Goal::Purged => retired(&stage, Program::named("purge-volumes")),
            Goal::Restored => retired(&stage, Program::named("restore-volumes")).with("scale", Answer::Bool(true)),
        };
        confirmed.ours.insert("kubectl-stateful".to_owned());
        confirmed.made.insert(("Lease".to_owned(), "default".to_owned(), "stateful-web".to_owned()));
        match goal {
            Goal::Kept
            | Goal::Always
            | Goal::Said
            | Goal::SaidScales
            | Goal::Retired
            | Goal::Asked
            | Goal::RetiredFromDeletingSet => {}
            Goal::Restored => confirmed.made.extend(claims()),
            Goal::Destroyed | Goal::GivenUp | Goal::GivenUpUnread | Goal::Purged => {
                let given_up = volumes.iter().filter_map(|volume| volume["metadata"]["uid"].as_str());
                confirmed.volumes.extend(given_up.map(str::to_owned));
            }
        }
        let mut cast = stage.cast();
        let home = stage.get("/api/v1/namespaces/default/pods/web-1")["spec"]["nodeName"].clone();
        cast.nodes.retain(|node| home.is_null() || home == node.as_str());
        cast.nodes.truncate(1);
        cast.claims.retain(|claim| claim.starts_with("data"));
        cast.volumes.retain(|name| volumes[0]["metadata"]["name"] == name.as_str());
        let plan = program.plan(&stage).unwrap();
        let (length, turning, writes) = (Length::default(), BTreeSet::new(), BTreeSet::new());
        let done = None;
        let mut first = Self { goal, stage, program, plan, confirmed, cast, length, turning, writes, volumes, done };
        first.record();
        first
    }

    /// The same where all of it has been done, and is taken back.
    pub fn taking_back(goal: Goal) -> Self {
        let mut first = Self::new(goal);
        let folder = disk();
        first.program.begin(&first.stage, &|| first.stage.simulator.client(), folder.path(), &first.plan).unwrap();
        first.stage.rest();
        first.confirmed.made.extend(claims());
        if goal == Goal::Restored {
            let made = TEMPLATES.map(|template| first.stage.get(&claim(template, 1)));
            first.confirmed = first.confirmed.showing(&made);
        }
        first.done = Some(folder);
        first.record();
        first
    }

    fn record(&mut self) {
        let recorded = self.stage.fork();
        let faults = recorded.faults(Schedule::default());
        let result = self.begin(&recorded, &faults, disk().path());
        assert_eq!(self.ended(&result), Ended::Done, "{result:?}");
        self.length = faults.length();
        assert!(self.length.requests >= 12, "{:?}", self.length);
        let numbered = (1..).zip(faults.seen()).filter(|(_, seen)| seen.method != "GET");
        self.writes = numbered.clone().map(|(number, _)| number).collect();
        // What others do after the last check, while the lock is given back, is not the run's.
        let writes = numbered.filter(|(_, seen)| !seen.path.contains("/leases"));
        self.turning = writes.flat_map(|(number, _)| [number - 1, number]).collect();
    }

    /// The run; or the undo, where the run has been done.
    pub fn begin(&self, stage: &Stage, faults: &Faults, disk: &Path) -> Result<(), Failure> {
        let Some(done) = &self.done else {
            return self.program.begin(stage, &|| faults.client(&stage.simulator), disk, &self.plan);
        };
        copy(done.path(), disk);
        self.later(stage, faults, disk, Later::Undo)
    }

    /// What goes on with it.
    pub fn further(&self) -> Later {
        if self.done.is_some() { Later::Undo } else { Later::Resume }
    }

    /// How it ended. What was destroyed is gone for good, and an undo that says
    /// so has done all that can be done.
    pub fn ended(&self, result: &Result<(), Failure>) -> Ended {
        match result {
            Err(failure) if self.done.is_some() && failure.code == "data-destroyed" => Ended::Done,
            result => ended(result),
        }
    }

    pub fn later(&self, stage: &Stage, faults: &Faults, disk: &Path, what: Later) -> Result<(), Failure> {
        self.program.later(stage, &|| faults.client(&stage.simulator), disk, &self.plan.run, what)
    }

    /// The requests that delete a claim.
    pub fn deletions(&self) -> Vec<u64> {
        let recorded = self.stage.fork();
        let faults = recorded.faults(Schedule::default());
        self.begin(&recorded, &faults, disk().path()).unwrap();
        let numbered = (1..).zip(faults.seen());
        let claims = numbered.filter(|(_, seen)| seen.method == "DELETE" && seen.path.contains("claims"));
        claims.map(|(number, _)| number).collect()
    }

    /// The moments at which a process may end around one request: with a read,
    /// they are all the same.
    pub fn crashes(&self, request: u64) -> impl Iterator<Item = Strike> + use<> {
        use kubectl_stateful::simulator::faults::Point;
        let all = [Crash::BeforeSend, Crash::BeforeAnswer, Crash::AfterAnswer];
        let count = if self.writes.contains(&request) { all.len() } else { 1 };
        let strike = move |crash| Strike { at: Point::Request(request), fault: Fault::Crash(crash) };
        all.into_iter().take(count).map(strike)
    }
}

/// The member is retired first, by a run of its own.
fn retired(stage: &Stage, next: Program) -> Program {
    let program = Program::scale_down(1, "retire");
    let plan = program.plan(stage).unwrap();
    program.begin(stage, &|| stage.simulator.client(), disk().path(), &plan).unwrap();
    stage.rest();
    next
}

/// The claims of the second member, as they may come back.
pub fn claims() -> impl Iterator<Item = (String, String, String)> {
    let claims = TEMPLATES.map(|template| format!("{template}-web-1"));
    claims.into_iter().map(|claim| ("PersistentVolumeClaim".to_owned(), "default".to_owned(), claim))
}
