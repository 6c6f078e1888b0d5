//! What is saved is read back, secrets are never in it, and each mistake is told.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::*;
use crate::wizard::parameter::{Answer, Answers, ListItem, Parameter, SecretSource, Type};
use crate::wizard::samples::parameter;

fn parameters() -> Vec<Parameter> {
    let mut note = parameter("note", Type::Text { pattern: None });
    note.optional = true;
    vec![
        parameter("storage_class", Type::StorageClass),
        parameter("size", Type::Quantity),
        parameter("replicas", Type::Int { min: 1, max: 9 }),
        parameter("ingress", Type::Bool),
        parameter("label", Type::List { item: ListItem::KeyValue }),
        parameter("admin_password", Type::Secret),
        parameter("value", Type::SecretKeys),
        note,
    ]
}

fn read_text(text: &str) -> Result<Answers, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.yaml");
    std::fs::write(&path, text).unwrap();
    let plain = |text: String| text.replace(&*path.to_string_lossy(), "FILE");
    let given = read(&path, &parameters()).map_err(|error| plain(error.to_string()))?;
    match given.wrong.as_slice() {
        [] => Ok(given.answers),
        wrong => Err(plain(wrong.iter().map(|wrong| wrong.why.to_string()).collect::<Vec<_>>().join("\n"))),
    }
}

#[test]
fn what_was_saved_is_read_back_and_nobody_else_can_read_it() {
    let answers: Answers = [
        ("storage_class".to_owned(), Answer::Text(String::new())),
        ("size".to_owned(), Answer::Text("10Gi".into())),
        ("replicas".to_owned(), Answer::Int(3)),
        ("ingress".to_owned(), Answer::Bool(false)),
        ("label".to_owned(), Answer::List(vec!["on=1_000".into(), "a=".into()])),
        ("admin_password".to_owned(), Answer::Secret(SecretSource::Generate)),
        ("value".to_owned(), Answer::Secrets([("ca".to_owned(), SecretSource::File("/x y/ca".into()))].into())),
    ]
    .into();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.yaml");
    std::fs::write(&path, "old: 1\n").unwrap();
    assert_eq!(write(&path, &parameters(), &answers).unwrap(), Vec::<String>::new());
    assert_eq!(read(&path, &parameters()).unwrap(), answers.into());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_given_secret_is_left_out_and_reported() {
    let given = || SecretSource::Given("hunter2".into());
    let answers: Answers = [
        ("admin_password".to_owned(), Answer::Secret(given())),
        ("value".to_owned(), Answer::Secrets([("ca".to_owned(), given())].into())),
    ]
    .into();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.yaml");
    let left_out = write(&path, &parameters(), &answers).unwrap();
    assert_eq!(left_out, ["--admin-password-from", "--value-from ca=…"]);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("hunter2"));
}

#[test]
fn a_file_that_cannot_be_written_changes_nothing() {
    let error = write(Path::new("/no/such/folder/a.yaml"), &parameters(), &Answers::new()).unwrap_err();
    assert!(error.to_string().contains("no file was changed"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_and_pipes_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let answers = Answers::from([("size".to_owned(), Answer::Text("1Gi".into()))]);
    fs::create_dir(at("there")).unwrap();
    fs::write(at("there/old"), "old: 1\n").unwrap();
    // The last two lead to a file that is not there yet, one by way of the other.
    for (link, to) in [("a", "there/old"), ("b", "there/new"), ("there/d", "../new"), ("c", "there/d")] {
        symlink(to, at(link)).unwrap();
        write(&at(link), &parameters(), &answers).unwrap();
        assert_eq!(fs::read_link(at(link)).unwrap(), Path::new(to));
        assert_eq!(read(&at(link), &parameters()).unwrap(), answers.clone().into(), "{link}");
        if link.ends_with('d') {
            fs::remove_file(at("new")).unwrap();
        }
    }
    let fifo = at("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    write(&fifo, &parameters(), &answers).unwrap();
    assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
    assert_eq!(reader.join().unwrap(), "size: 1Gi\n");
    assert!(write(&at("there"), &parameters(), &answers).is_err(), "a folder is no file");
    symlink("round", at("round")).unwrap();
    assert!(write(&at("round"), &parameters(), &answers).is_err());
}

#[test]
fn unknown_keys_get_a_suggestion() {
    let error = read_text("storage_class: fast\n").unwrap_err();
    assert!(error.ends_with("did you mean `storage-class`?"), "{error}");
    assert!(read_text("replica: 3\n").unwrap_err().contains("`replicas`?"));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let error = read_text("# mine\nsize: 10GB\nnote: x\nreplicas:\n  two\nnmae: web\n").unwrap_err();
    let places: Vec<_> = error.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["`FILE:2:7`", "`FILE:5:3`", "`FILE:6:1`"], "{error}");
    assert!(read_text("size: [\n").unwrap_err().starts_with("`FILE:1:7`: "), "{error}");
}

#[test]
fn secrets_written_out_are_refused_and_not_repeated() {
    for text in [
        "admin-password: hunter2\n",
        "admin-password: {value: hunter2}\n",
        "admin-password: {generate: hunter2}\n",
        "admin-password: {env: A, file: hunter2}\n",
        "value: {ca: hunter2}\n",
        "value: hunter2\n",
        "admin-password: [hunter2\n",
        "admin-password: {env: A}\nadmin-password: hunter2\n",
    ] {
        let error = read_text(text).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn values_are_checked_like_flags() {
    for (text, part) in [
        ("size: 10GB\n", "10Gi"),
        ("size: yes\n", "in quotes"),
        ("replicas: 10\n", "from 1 to 9"),
        ("replicas: 1.5\n", "whole number"),
        ("ingress: 'true '\n", "true or false"),
        ("label: a\n", "a list is needed"),
        ("label: [a]\n", "KEY=VALUE"),
        ("size: {a: b}\n", "single value"),
        ("- size\n", "not a map"),
        ("size: 1Gi\n---\nsize: 2Gi\n", "more than one document"),
    ] {
        let error = read_text(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn plain_files_are_read_with_their_types() {
    let answers =
        read_text("size: 1000\nlabel: {tier: db, n: 1}\nnote: ''\nadmin-password: {env: PW}\nreplicas:\n").unwrap();
    assert_eq!(answers["size"], Answer::Text("1000".into()));
    assert_eq!(answers["label"], Answer::List(vec!["tier=db".into(), "n=1".into()]));
    assert_eq!(answers["note"], Answer::Text(String::new()));
    assert_eq!(answers["admin_password"], Answer::Secret(SecretSource::Env("PW".into())));
    assert!(!answers.contains_key("replicas"));
    assert_eq!(read_text("# nothing\n"), Ok(Answers::new()));
}

#[test]
fn bombs_and_endless_files_are_refused() {
    let mut laughs = "size: &a0 [x]\n".to_owned();
    for level in 1..12 {
        let many = format!("*a{},", level - 1).repeat(10);
        let _ = writeln!(laughs, "k{level}: &a{level} [{many}]");
    }
    assert!(read_text(&laughs).is_err());
    assert!(read(Path::new("/dev/zero"), &parameters()).unwrap_err().to_string().contains("1 MiB"));
}
