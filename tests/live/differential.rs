//! The corpus against a real API server: its answers must be the golden ones.
//! With `UPDATE_GOLDEN=1` they become the golden ones. No controller runs
//! beside it, so an answer is the server's alone.

use std::fs;

use libtest_mimic::{Failed, Trial};

use crate::support::corpus::{self, Entry, Plane};
use crate::world::World;
use crate::{needs_tools, plane};

pub fn tests() -> Vec<Trial> {
    match corpus::entries() {
        Ok(entries) => {
            let orphans = corpus::orphans(&entries);
            let mut trials: Vec<Trial> = entries.into_iter().map(trial).collect();
            trials.push(Trial::test("each_golden_answer_of_the_corpus_has_an_entry", move || none_of(orphans)));
            trials
        }
        Err(reason) => vec![Trial::test("the_corpus_can_be_read", || Err(reason.into()))],
    }
}

fn none_of(orphans: Result<Vec<String>, String>) -> Result<(), Failed> {
    let orphans = orphans?;
    if orphans.is_empty() { Ok(()) } else { Err(format!("golden answers without an entry: {orphans:?}").into()) }
}

fn trial(entry: Entry) -> Trial {
    needs_tools(format!("corpus::{}", entry.name), move |namespace| {
        let plane = match entry.plane {
            Plane::Forgetful => plane::forgetful(),
            Plane::Gated => plane::gated(),
            Plane::Bare => plane::bare(),
        };
        play(&entry, &World::on(plane?, &namespace)?)
    })
}

fn play(entry: &Entry, world: &World) -> Result<(), Failed> {
    let played = world.runtime.block_on(entry.play(&world.client, &world.namespace, &|| ()))?;
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|wish| wish == "1") {
        let path = entry.golden_path();
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, serde_json::to_string_pretty(&played)? + "\n")?;
    }
    Ok(entry.check(&played)?)
}
