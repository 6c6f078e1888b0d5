//! What becomes of a scale-down whose journal cannot be written, or is cut off.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::neighbour;
use crate::program::Home;

const SCALE: &str = "scale web --replicas 1 --claims retire --no-app-check --sandbox --yes";
const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
const VOLUMES: &str = "/api/v1/persistentvolumes";

/// A sandbox with three members of `web`, and their claims.
fn three() -> (Home, Vec<String>) {
    let home = Home::new();
    let set = "create statefulset web --image nginx --replicas 3 --claim data:1Gi:standard:/data --sandbox --yes";
    home.say(set).told(0, &["pod web-2 ready"]);
    let claims = neighbour::names(&home, CLAIMS);
    assert_eq!(claims, ["data-web-0", "data-web-1", "data-web-2"]);
    (home, claims)
}

/// The volume of each claim, its policy, and whether it is marked.
fn volumes(home: &Home) -> Vec<String> {
    let names = neighbour::names(home, VOLUMES);
    let volume = |name: &String| {
        let volume = neighbour::get(home, &format!("{VOLUMES}/{name}")).unwrap();
        let (spec, labels) = (&volume["spec"], &volume["metadata"]["labels"]);
        format!("{name} {} {} {labels}", spec["claimRef"]["name"], spec["persistentVolumeReclaimPolicy"])
    };
    names.iter().map(volume).collect()
}

/// The journal of the run that has a plan.
fn journal(home: &Home) -> Option<PathBuf> {
    let mut runs = fs::read_dir(home.state().join("runs")).ok()?.flatten().map(|run| run.path());
    runs.find(|run| run.join("plan.json").exists()).map(|run| run.join("journal.jsonl"))
}

#[test]
fn a_run_that_a_process_works_on_is_neither_unlocked_nor_gone_on_with() {
    let (home, _) = three();
    home.say(SCALE).told(0, &[]);
    let path = journal(&home).unwrap();
    let run = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let held = fs::OpenOptions::new().write(true).open(&path).unwrap();
    held.lock().unwrap();
    for what in ["runs unlock", "undo"] {
        let refused = home.say(&format!("{what} {run} --sandbox{}", if what == "undo" { " --yes" } else { "" }));
        refused.hinted(3, &["another process is at work on it", "nothing was changed"]);
    }
    drop(held);
    home.say(&format!("runs unlock {run} --sandbox")).told(0, &["was free already"]);
}

fn lines(home: &Home) -> usize {
    journal(home).and_then(|path| fs::read_to_string(path).ok()).map_or(0, |text| text.lines().count())
}

/// Kills a scale-down as soon as its journal has so many lines; whether it had
/// ended by itself before.
fn killed(home: &Home, at: usize) -> bool {
    let mut child = home
        .command(&SCALE.split(' ').collect::<Vec<_>>())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let patience = Instant::now() + Duration::from_mins(1);
    while lines(home) < at && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < patience, "the program hangs");
    }
    let _ = child.kill();
    child.wait().unwrap().success()
}

/// A torn line is what a kill in mid-write leaves: nothing of it has happened.
#[test]
fn a_journal_cut_off_in_a_line_is_gone_on_with_and_taken_back() {
    let mut cut_short = 0;
    for at in [2, 8, 16, 24, 32] {
        let (home, claims) = three();
        let before = volumes(&home);
        let is_over = killed(&home, at);
        cut_short += usize::from(neighbour::names(&home, CLAIMS).len() > 1);
        let path = journal(&home).unwrap();
        let mut torn = fs::read(&path).unwrap();
        torn.extend(br#"{"n":99,"state":"int"#);
        fs::write(&path, torn).unwrap();
        let resumed = home.say("resume --sandbox --yes");
        let code = resumed.code;
        // What has only looked so far is no run yet.
        let nothing_yet = !fs::read_to_string(&path).unwrap().contains(r#""verb":"lock""#);
        assert!(code == 0 || nothing_yet || is_over && code == 2, "cut off behind line {at}: {}", resumed.stderr);
        if code == 0 || is_over {
            assert_eq!(neighbour::names(&home, CLAIMS), ["data-web-0"], "cut off behind line {at}");
        }
        home.say("undo --sandbox --yes");
        assert_eq!((neighbour::names(&home, CLAIMS), volumes(&home)), (claims, before), "cut off behind line {at}");
    }
    assert!(cut_short > 1, "hardly any kill came in time");
}

#[test]
fn a_damaged_journal_is_refused_and_the_volumes_still_say_whose_they_are() {
    let (home, _) = three();
    home.say(SCALE).told(0, &[]);
    let path = journal(&home).unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    // Without one line in the middle, and with one that was changed.
    let without: String =
        whole.split_inclusive('\n').enumerate().filter(|(at, _)| *at != 9).map(|(_, line)| line).collect();
    for (damaged, line) in [(without, "line 10"), (whole.replacen("Retain", "Delete", 1), "is damaged")] {
        fs::write(&path, damaged).unwrap();
        let run = path.parent().and_then(|run| run.file_name()).unwrap().to_str().unwrap().to_owned();
        for verb in ["resume", "undo"] {
            let refused = home.say(&format!("{verb} {run} --sandbox --yes"));
            refused.hinted(1, &["journal is damaged", line, "nothing was changed", "kubectl stateful volumes list"]);
        }
    }
    let restored = home.say("volumes restore web --scale --sandbox --yes");
    restored.told(0, &[]);
    assert_eq!(neighbour::names(&home, CLAIMS).len(), 3);
}

/// The folder of the runs is a disk of so many KiB: the run is not begun, or it
/// stops with its last words on the disk; with room again it goes on, and is
/// taken back.
#[test]
fn a_disk_that_is_full_stops_the_run_and_with_room_it_goes_on() {
    let mount = "unshare --user --map-root-user --mount";
    if Home::new().shell(&format!("{mount} mount -t tmpfs -o size=64k none /mnt")).code != 0 {
        // Nobody may mount anything here.
        return;
    }
    let mut codes = std::collections::BTreeSet::new();
    for size in [4, 88, 96, 104, 112] {
        let (home, claims) = three();
        let before = volumes(&home);
        fs::create_dir_all(home.state().join("runs")).unwrap();
        let runs = home.state().join("runs").display().to_string();
        let script = format!(
            "mount -t tmpfs -o size={size}k none {runs} || exit 99
             \"$0\" {SCALE} 2>first; echo $? >code
             mount -o remount,size=10m {runs}
             if [ \"$(cat code)\" = 0 ]; then :; elif grep -qs '\"verb\":\"lock\"' {runs}/*/journal.jsonl; then \"$0\" resume --sandbox --yes; else \"$0\" {SCALE}; fi >&2; echo $? >second
             \"$0\" undo --sandbox --yes; exit $?"
        );
        fs::write(home.path().join("script"), script).unwrap();
        let undone = home.shell(&format!("{mount} sh -c \"$(cat script)\" \"$0\""));
        let read = |name: &str| fs::read_to_string(home.path().join(name)).unwrap();
        let (first, code) = (read("first"), read("code").trim().to_owned());
        assert_eq!(read("second").trim(), "0", "{size} KiB: {first}\n{}", undone.stderr);
        if code != "0" {
            assert!(
                first.contains("No space left on device") && first.contains("make room there"),
                "{size} KiB: {first}"
            );
            assert_eq!(code == "4", first.contains("already changed:"), "{size} KiB: {first}");
        }
        codes.insert(code);
        assert_eq!(
            (neighbour::names(&home, CLAIMS), volumes(&home)),
            (claims, before),
            "{size} KiB: {}",
            undone.stderr
        );
    }
    assert!(codes.contains("1") && codes.contains("4"), "{codes:?}");
}

#[test]
fn a_home_that_may_not_be_written_stops_the_run_before_anything_is_changed() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (home, claims) = three();
    let before = volumes(&home);
    let open = std::os::unix::fs::PermissionsExt::from_mode;
    fs::copy(env!("CARGO_BIN_EXE_kubectl-stateful"), home.path().join("program")).unwrap();
    fs::create_dir_all(home.state().join("runs")).unwrap();
    // Everything is theirs but the folder of the runs.
    home.shell("chown -R 65534:65534 . && chown 0:0 .local/state/kubectl-stateful/runs").told(0, &[]);
    fs::set_permissions(home.path(), open(0o755)).unwrap();
    let refused = home.shell(&format!("exec setpriv --reuid 65534 --regid 65534 --clear-groups ./program {SCALE}"));
    refused.hinted(1, &["Permission denied", "nothing was changed", "XDG_STATE_HOME"]);
    assert_eq!((neighbour::names(&home, CLAIMS), volumes(&home)), (claims, before));
}
