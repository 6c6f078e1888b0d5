//! Differences that are known and not worth imitating. They are listed with a
//! reason in `tests/corpus/known-differences.yaml`, which is the source of the
//! page `docs/differences.md`; a line that is no longer true fails.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::corpus::{self, KNOWN_DIFFERENCES};
use crate::support::scenario;

/// What no entry shows: it is left out as a whole.
const UNCHECKED: &str = "\n## What is taken without a check\n\n\
    A real server looks at these more closely; the sandbox takes them as they are written:\n\n\
    * volumes of `flocker`, `quobyte`, `scaleIO`, `storageos` and `photonPersistentDisk`, and what `flexVolume`, `cinder`,\n  \
      `glusterfs`, `rbd` and `cephfs` say beside what each must say;\n\
    * `restartPolicyRules` of containers;\n\
    * fields that a pod of another operating system cannot have;\n\
    * what the resources of a pod as a whole mean for those of its containers, beyond the sum of their requests;\n\
    * rules in CEL (`x-kubernetes-validations`) of custom resources: they refuse nothing;\n\
    * answers are JSON: YAML (`Accept: application/yaml`) is refused with 406;\n\
    * a served sandbox refuses a version of HTTP that there is not with 400 where Go's server says 505, headers of more than\n  \
      400 KiB with 431 where Go takes 1 MiB, a path of more than 64 KiB with 414 where it looks for what is there, and a\n  \
      number in a query that is wrongly escaped where Go takes it for left out; a body that does not come within a minute is given up\n  \
      with 408, and at most 500 connections are open at once.\n";

/// What both sides make up, and what cannot be the same.
const LEFT_OUT: &str = "\n## What is not compared\n\n\
    UIDs, versions, times, and names and addresses that a server makes up are compared by whether they are the same in two places,\n\
    not by what they are. Of scenarios, what a quota has counted and which revisions there are of a set that waits for its dependents\n\
    are left out: on a real server they are a matter of luck. These places of answers are left out, most of them because they only repeat what was sent or\n\
    what another entry shows:\n\n\
    | requests | places |\n|---|---|\n";

/// One line of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    entry: String,
    /// The place and everything below it, as a JSON pointer.
    at: String,
    /// What the simulator says there; nothing if it says nothing.
    #[serde(default)]
    got: Value,
    reason: String,
}

impl Known {
    /// Whether a line of `Entry::compare` is about this place.
    fn covers(&self, line: &str) -> bool {
        line.strip_prefix(&self.at).is_some_and(|rest| rest.starts_with([':', '/']))
    }
}

pub fn tests() -> Vec<Trial> {
    vec![
        Trial::test("known_differences_name_entries", every_line_names_an_entry),
        Trial::test("known_differences_cover_a_place_and_what_is_below", places_are_whole),
        Trial::test("the_page_of_differences_is_fresh", the_page_is_fresh),
    ]
}

/// Fails for what differs and is not listed, and for what is listed and does
/// not differ, or not in the way that is listed.
pub fn check(entry: &str, played: &Value, found: Vec<String>) -> Result<(), String> {
    let listed: Vec<Known> = list()?.into_iter().filter(|known| known.entry == entry).collect();
    check_against(&listed, entry, played, found)
}

fn check_against(listed: &[Known], entry: &str, played: &Value, mut found: Vec<String>) -> Result<(), String> {
    for Known { at, got, .. } in listed {
        let answered = played.pointer(at).unwrap_or(&Value::Null);
        if answered != got {
            return Err(format!("`{entry}` differs at `{at}` in a new way, which is not {got}: {answered}"));
        }
    }
    if let Some(stale) = listed.iter().find(|known| !found.iter().any(|line| known.covers(line))) {
        return Err(format!("`{entry}` no longer differs at `{}`: take the line out of the list", stale.at));
    }
    found.retain(|line| !listed.iter().any(|known| known.covers(line)));
    corpus::report(entry, found)
}

fn list() -> Result<Vec<Known>, String> {
    let path = corpus::folder().join(format!("{KNOWN_DIFFERENCES}.yaml"));
    let text = fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    serde_saphyr::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))
}

fn every_line_names_an_entry() -> Result<(), Failed> {
    for known in list()? {
        folder(&known.entry)?;
    }
    Ok(())
}

/// Where an entry of the corpus, or a scenario, lies below `tests/`.
fn folder(entry: &str) -> Result<&'static str, String> {
    if corpus::entries()?.iter().any(|known| known.name == entry) {
        return Ok("corpus");
    }
    if scenario::scenarios()?.iter().any(|known| known.name == entry) {
        return Ok("scenarios");
    }
    Err(format!("there is no entry `{entry}`"))
}

fn places_are_whole() -> Result<(), Failed> {
    let played = json!({"answers": [{}, {"body": {"code": 2}}]});
    let known =
        |at: &str, got: Value| Known { entry: "entry".to_owned(), at: at.to_owned(), got, reason: String::new() };
    let found = || vec!["/answers/1/body/code: golden 1, got 2".to_owned()];
    let whole = json!({"body": {"code": 2}});
    for (at, got, is_accepted) in [
        ("/answers/1", whole.clone(), true),
        ("/answers/1/body/code", json!(2), true),
        ("/answers/1/body/code", json!(3), false),
        ("/answers/1/body/code", Value::Null, false),
        ("/answers/1/bod", Value::Null, false),
        ("/answers/2", Value::Null, false),
    ] {
        if check_against(&[known(at, got)], "entry", &played, found()).is_ok() != is_accepted {
            return Err(format!("`{at}` is taken wrongly").into());
        }
    }
    if check_against(&[], "entry", &played, found()).is_ok()
        || check_against(&[known("/answers/1", whole)], "entry", &played, vec![]).is_ok()
    {
        return Err("what is not listed, or listed in vain, is let through".into());
    }
    Ok(())
}

fn the_page_is_fresh() -> Result<(), Failed> {
    let mut page = "<!-- Generated; `UPDATE_GENERATED=1 cargo test --test differential page` writes it. -->\n\n\
                    # Where the simulator answers otherwise\n\n\
                    The sandbox is compared, answer by answer and over time, with what was recorded of a real Kubernetes\n\
                    control plane. These are the differences that are known and left.\n\n\
                    | requests or scenario | place | difference |\n|---|---|---|\n"
        .to_owned();
    for Known { entry, at, reason, .. } in list()? {
        let folder = folder(&entry)?;
        writeln!(page, "| [{entry}](../tests/{folder}/{entry}.yaml) | `{at}` | {reason} |")?;
    }
    page.push_str(LEFT_OUT);
    for entry in corpus::entries()? {
        let places: Vec<String> = entry.left_out().into_iter().map(|place| format!("`{place}`")).collect();
        if !places.is_empty() {
            writeln!(page, "| [{0}](../tests/corpus/{0}.yaml) | {1} |", entry.name, places.join(", "))?;
        }
    }
    page.push_str(UNCHECKED);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/differences.md");
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|wish| wish == "1") {
        fs::write(&path, &page)?;
    }
    if fs::read_to_string(&path).unwrap_or_default() == page {
        return Ok(());
    }
    Err("docs/differences.md is stale: UPDATE_GENERATED=1 cargo test --test differential page".into())
}
