//! Closed pipes, full disks, folders that cannot be written.

use std::process::Stdio;

use crate::neighbour;
use crate::program::{Home, finish};

#[test]
fn a_closed_pipe_is_not_an_error() {
    let home = Home::new();
    let finished = home.shell("\"$0\" init couchdb --sandbox --yes -o yaml 2>err | head -1; cat err >&2");
    assert_eq!(finished.stdout, "apiVersion: v1\n");
    assert!(!finished.stderr.contains("error"), "{}", finished.stderr);
    for words in ["status", "status -o json", "sandbox show", "--help", "init couchdb --dry-run -o json", "--version"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = home.command(&words.split(' ').collect::<Vec<_>>());
        let output =
            command.env("KUBECTL_STATEFUL_SANDBOX", "1").stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{words}: {stderr}");
        assert!(!stderr.contains("error") && !stderr.contains("bug"), "{words}: {stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let home = Home::new();
    for words in
        ["sandbox show", "init couchdb --sandbox --dry-run -o yaml", "--help", "init couchdb --sandbox --dry-run"]
    {
        let finished = home.shell(&format!("\"$0\" {words} >/dev/full"));
        finished.told(1, &["cannot write the output", "No space left"]);
    }
    // What exists by then is told.
    let finished = home.shell("\"$0\" init couchdb --sandbox --yes -o yaml >/dev/full");
    finished.hinted(4, &["cannot write the output", "already changed:", "StatefulSet/couchdb"]);
}

#[test]
fn a_full_disk_leaves_no_half_written_file() {
    let home = Home::new();
    home.say("init couchdb --sandbox --dry-run --save-answers there.yaml").told(0, &[]);
    let before = std::fs::read(home.path().join("there.yaml")).unwrap();
    // Without a cluster nothing but these files is written.
    let dry = "init couchdb --dry-run --server http://127.0.0.1:9 --size 3Gi";
    for (words, place) in [
        ("--save-answers new.yaml", "new.yaml"),
        ("--save-answers there.yaml", "there.yaml"),
        ("--save manifests", "manifests"),
    ] {
        let finished = home.shell(&format!("ulimit -f 0; \"$0\" {dry} {words}"));
        finished.hinted(1, &["cannot", place, "File too large"]);
    }
    assert_eq!(std::fs::read(home.path().join("there.yaml")).unwrap(), before);
    let left: Vec<_> = home.files().into_iter().filter(|path| !path.starts_with(home.state())).collect();
    assert_eq!(left, [home.path().join("there.yaml")]);
}

#[test]
fn a_save_that_must_fail_is_told_before_the_first_write() {
    let home = Home::new();
    home.write("file", "");
    for words in ["--save-answers file/answers.yaml", "--save file"] {
        home.say("sandbox reset").told(0, &[]);
        let finished = home.say(&format!("init couchdb --sandbox --yes {words}"));
        finished.hinted(1, &["cannot", "file", "nothing was changed"]);
        assert!(neighbour::names(&home, "/apis/apps/v1/namespaces/default/statefulsets").is_empty());
    }
}

/// The disk of the sandbox is full after so many blocks of 512 bytes: wherever
/// that is, it is told as such, and with room again the same command finishes.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_in_the_middle_is_told_and_can_be_finished() {
    let whole = Home::new();
    whole.say("sandbox show").told(0, &[]);
    let blocks = |home: &Home| std::fs::metadata(home.log()).unwrap().len() / 512;
    let begin = blocks(&whole);
    whole.say("init couchdb --sandbox --yes").told(0, &[]);
    let end = blocks(&whole);
    let mut codes = std::collections::BTreeSet::new();
    for limit in (begin..end).step_by(usize::try_from((end - begin) / 6).unwrap().max(1)) {
        let home = Home::new();
        home.say("sandbox show").told(0, &[]);
        let finished = home.shell(&format!("ulimit -f {limit}; \"$0\" init couchdb --sandbox --yes"));
        finished.hinted(finished.code, &["File too large", home.state().to_str().unwrap()]);
        assert!(!finished.stderr.contains("server's own log"), "{}", finished.stderr);
        assert_eq!(finished.code == 4, finished.stderr.contains("already changed:"), "{}", finished.stderr);
        codes.insert(finished.code);
        home.say("init couchdb --sandbox --yes").told(0, &[]);
        home.say("status couchdb --sandbox").told(0, &[]);
    }
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), [1, 4]);
}

#[test]
fn a_home_that_is_no_folder_is_told_with_a_way_out() {
    let home = Home::new();
    let file = home.write("file", "");
    for words in ["init couchdb --sandbox --yes", "status --sandbox", "sandbox show"] {
        let mut command = home.command(&words.split(' ').collect::<Vec<_>>());
        let finished = finish(command.env("HOME", &file));
        finished.hinted(1, &["cannot make", file.to_str().unwrap(), "XDG_STATE_HOME"]);
        assert!(!finished.stderr.contains("sandbox reset"), "a reset would not help: {}", finished.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_state_folder_that_may_not_be_written_is_told_with_a_way_out() {
    use std::os::unix::fs::PermissionsExt as _;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new();
    // Where the program was built may be closed to others; its copy is not.
    std::fs::copy(env!("CARGO_BIN_EXE_kubectl-stateful"), home.path().join("program")).unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let finished = home.shell("exec setpriv --reuid 65534 --regid 65534 --clear-groups ./program status --sandbox");
    finished.hinted(1, &["Permission denied", ".local/state/kubectl-stateful", "XDG_STATE_HOME"]);
}

/// Whoever replaced its log may have been killed before the folder knew of it: what is
/// acknowledged afterwards would go with a power cut.
#[cfg(target_os = "linux")]
#[test]
fn a_sandbox_is_not_opened_before_its_folder_is_on_disk() {
    use std::os::unix::fs::PermissionsExt as _;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new();
    std::fs::copy(env!("CARGO_BIN_EXE_kubectl-stateful"), home.path().join("program")).unwrap();
    home.shell("chmod 755 . && chown -R 65534:65534 .").told(0, &[]);
    let status = "exec setpriv --reuid 65534 --regid 65534 --clear-groups ./program status --sandbox";
    home.shell(status).told(0, &[]);
    // Its files can be read and written, and the folder itself cannot be opened.
    let folder = home.state().join("sandboxes/default");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o300)).unwrap();
    home.shell(status).told(1, &["cannot sync", "sandboxes/default", "Permission denied"]);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    home.shell(status).told(0, &[]);
}
