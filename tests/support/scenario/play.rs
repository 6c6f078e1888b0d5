//! Playing a scenario on a stage: sends its requests, lets time pass, and
//! describes what there is at each rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::base::Target;
use super::picture::{self, Picture};
use super::step::{Request, Step, filled};
use super::story::{Change, Story};
use super::{Pace, Scenario};
use crate::support::api::{Api, Method, path_of};

/// Time of the stage for which nothing may change at a rest.
const QUIET: Duration = Duration::from_secs(2);

/// How long a controller that was refused is waited for until it is woken.
const WOKEN_EACH: Duration = Duration::from_secs(5);

/// A cluster that a scenario is played on, with a time of its own.
pub trait Stage {
    /// A client that writes as the user of the scenario.
    fn api(&self) -> &Api;

    /// Waits for an answer.
    fn wait<T>(&self, answer: impl Future<Output = T>) -> T;

    /// What has happened since this was last asked.
    fn news(&mut self) -> Result<Vec<Arc<Change>>, String>;

    /// Whether a controller that waits for its next look has to be woken, since
    /// time only passes by itself.
    fn wakes(&self) -> bool;

    /// Lets a moment pass. Answers whether anything can happen by itself.
    fn pass(&mut self) -> bool;

    /// The time that has passed.
    fn now(&self) -> Duration;

    /// How long a picture may still change after a quiet time: a real cluster
    /// under load can pause in the middle of something.
    fn patience(&self) -> Duration;

    /// A rest is over as soon as all is quiet and the picture is the golden one.
    /// Otherwise the patience is always waited out.
    fn believes_golden(&self) -> bool;

    /// Which of two writers of one object comes first is a matter of luck, and
    /// so are the events that tell of it.
    fn has_races(&self) -> bool;
}

impl Scenario {
    /// Plays the steps in `namespace`, which must exist, and describes each
    /// rest.
    pub fn play(&self, stage: &mut impl Stage, namespace: &str) -> Result<Value, String> {
        let golden = self.golden()?;
        let mut player = Player {
            scenario: self,
            story: Story::new(namespace, stage.has_races(), self.attachments),
            stage,
            golden: &golden["rests"],
            refused: Map::new(),
            rests: Vec::new(),
            last: Picture::new(),
        };
        for (number, step) in self.prelude().iter().chain(&self.steps).enumerate() {
            player.step(step).map_err(|error| format!("{} step {number}: {error}", self.name))?;
        }
        if !matches!(self.steps.last(), Some(Step::Rest)) {
            player.rest()?;
        }
        Ok(json!({"proves": self.proves, "rests": player.rests}))
    }

    /// The class and the set that a scenario begins with.
    fn prelude(&self) -> Vec<Step> {
        let create = |name: &str, fields: Value| Step::Create(BTreeMap::from([(name.to_owned(), fields)]));
        let class = (!self.class.is_null()).then(|| create("class/", self.class.clone()));
        let set = self.set.as_ref().map(|set| [create("set/web", json!({"spec": set})), Step::Rest]);
        class.into_iter().chain(set.into_iter().flatten()).collect()
    }
}

struct Player<'a, S> {
    scenario: &'a Scenario,
    story: Story,
    stage: &'a mut S,
    golden: &'a Value,
    /// Refusals since the last rest, by request.
    refused: Map<String, Value>,
    rests: Vec<Value>,
    /// The picture at the last rest.
    last: Picture,
}

impl<S: Stage> Player<'_, S> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Rest => self.rest(),
            Step::Until(wanted) => self.until(wanted),
            _ => {
                self.hear()?;
                for request in step.requests(&self.story)? {
                    self.send(&request)?;
                }
                Ok(())
            }
        }
    }

    fn send(&mut self, request: &Request) -> Result<(), String> {
        let Request { method, path, body, called } = request;
        let answer = match self.stage.wait(self.stage.api().send(*method, path, Some(body))) {
            Ok(_) => return Ok(()),
            Err(refusal) if refusal.code.is_none() => return Err(refusal.message),
            Err(refusal) => refusal.message,
        };
        self.hear()?;
        let said = answer.split_once(": ").map_or(answer.as_str(), |(_, said)| said);
        self.refused.insert(called.clone(), self.story.plain(said).into());
        Ok(())
    }

    /// Answers whether something happened that a rest waits for.
    fn hear(&mut self) -> Result<bool, String> {
        let news = self.stage.news()?;
        Ok(self.story.hear(&news))
    }

    fn rest(&mut self) -> Result<(), String> {
        let quiet = QUIET + Duration::from_secs(self.scenario.lull);
        let golden = &self.golden[self.rests.len()];
        let mut since = self.stage.now();
        let begun = since;
        loop {
            if self.hear()? {
                since = self.stage.now();
            }
            let goes_on = self.stage.pass();
            let still = self.stage.now().saturating_sub(since);
            if goes_on && still < quiet {
                if self.stage.now().saturating_sub(begun) > Duration::from_mins(2) {
                    return Err("the cluster does not come to rest".to_owned());
                }
                continue;
            }
            if self.hear()? {
                since = self.stage.now();
                continue;
            }
            let account = self.account();
            // What never ends is looked at when it is as it was recorded.
            let is_believed = (self.stage.believes_golden() || !self.scenario.ends()) && account == *golden;
            if !goes_on || is_believed || still >= quiet + self.stage.patience() {
                self.rests.push(account);
                self.refused.clear();
                self.last = picture::of(&self.story);
                self.story.turn_page();
                return Ok(());
            }
        }
    }

    /// What has become of things since the last rest.
    fn account(&self) -> Value {
        let now = picture::of(&self.story);
        let names: BTreeSet<&String> = self.last.keys().chain(now.keys()).collect();
        let changed = names.into_iter().filter(|name| self.last.get(*name) != now.get(*name));
        let lines = changed.map(|name| (name.clone(), now.get(name).map_or("gone", String::as_str).into()));
        json!({
            "refused": self.refused,
            "course": self.story.course(self.scenario.unordered),
            "changes": lines.collect::<Map<_, _>>(),
            "events": self.story.events(),
        })
    }

    fn until(&mut self, wanted: &BTreeMap<String, Value>) -> Result<(), String> {
        let begun = self.stage.now();
        let mut woken = begun;
        self.hear()?;
        let mut holds = self.are_so(wanted)?;
        while !holds {
            let since = self.stage.now().saturating_sub(woken);
            if self.scenario.pace == Pace::BacksOff && self.stage.wakes() && since > WOKEN_EACH {
                woken = self.stage.now();
                self.wake(woken)?;
            }
            let goes_on = self.stage.pass();
            let news = self.stage.news()?;
            // What passes quickly is seen too: one change after the other.
            for change in &news {
                self.story.hear(std::slice::from_ref(change));
                holds |= self.are_so(wanted)?;
            }
            let is_late = self.stage.now().saturating_sub(begun) > Duration::from_mins(3);
            if !holds && (is_late || !goes_on && news.is_empty()) {
                return Err(format!("never so: {wanted:?}; there is {:#?}", picture::of(&self.story)));
            }
        }
        Ok(())
    }

    /// Has the controller of the set look at it at once, if there is one.
    fn wake(&self, now: Duration) -> Result<(), String> {
        let target = Target::of("set/web", &self.story)?;
        let path = path_of(target.kind, &target.namespace, &target.name);
        let note = json!({"metadata": {"annotations": {"woken-at": format!("{now:?}")}}});
        match self.stage.wait(self.stage.api().send(Method::MergePatch, &path, Some(&note))) {
            Err(refusal) if refusal.code != Some(404) => Err(refusal.message),
            _ => Ok(()),
        }
    }

    fn are_so(&self, wanted: &BTreeMap<String, Value>) -> Result<bool, String> {
        for (name, wanted) in wanted {
            if !self.is_so(name, wanted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_so(&self, name: &str, wanted: &Value) -> Result<bool, String> {
        let target = Target::of(name, &self.story)?;
        let object = self.story.object(target.kind, &target.name);
        Ok(match wanted.as_str() {
            Some("gone") => object.is_none(),
            Some("there") => object.is_some(),
            Some("terminating") => object.is_some_and(|object| object["metadata"]["deletionTimestamp"].is_string()),
            Some(word) => return Err(format!("nothing can be `{word}`")),
            None => {
                let wanted = filled(wanted, &self.story)?;
                object.is_some_and(|object| contains(object, &wanted))
            }
        })
    }
}

/// Whether a value has all the fields that are wanted.
fn contains(value: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(fields) => fields.iter().all(|(name, wanted)| contains(&value[name], wanted)),
        Value::Array(items) => items.iter().enumerate().all(|(index, wanted)| contains(&value[index], wanted)),
        _ => value == wanted,
    }
}
