//! Answers to TAB: through the hidden verb and through the name under which
//! kubectl calls the completer.

use crate::program::{Finished, Home, finish};

fn complete(home: &Home, words: &[&str]) -> Finished {
    let mut command = home.command(&[&["__complete"], words].concat());
    let finished = finish(command.env("KUBECTL_STATEFUL_SANDBOX", "1"));
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{words:?}");
    finished
}

/// The candidates without descriptions; the directive is checked.
fn candidates(home: &Home, words: &[&str]) -> Vec<String> {
    let answer = complete(home, words).stdout;
    let mut lines: Vec<_> = answer.lines().map(str::to_owned).collect();
    let directive = lines.pop().unwrap();
    assert!(directive.strip_prefix(':').is_some_and(|number| number.parse::<u32>().is_ok()), "{answer}");
    lines.iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn commands_flags_values_and_recipes_are_offered() {
    let home = Home::new();
    let verbs = candidates(&home, &[""]);
    for verb in ["init", "create", "status", "sandbox", "completion"] {
        assert!(verbs.contains(&verb.to_owned()), "{verbs:?}");
    }
    assert_eq!(candidates(&home, &["stat"]), ["status"]);
    assert_eq!(candidates(&home, &["init", "couchdb", "--sto"]), ["--storage-class"]);
    assert_eq!(candidates(&home, &["init", "couchdb", "--admin-p"]), ["--admin-password-from"]);
    assert_eq!(candidates(&home, &["init", "couchdb", "--expose", ""]), ["no", "NodePort", "LoadBalancer"]);
    assert_eq!(candidates(&home, &["init", "couchdb", "-o", "y"]), ["yaml"]);
    assert_eq!(candidates(&home, &["status", "--all"]), ["--all-namespaces"]);
    assert_eq!(candidates(&home, &["explain", "recy"]), ["recycle-policy"]);
    let recipes = candidates(&home, &["init", ""]);
    assert!(recipes.contains(&"couchdb".to_owned()) && recipes.contains(&"generic".to_owned()), "{recipes:?}");
    let kinds = candidates(&home, &["create", "s"]);
    assert!(!kinds.contains(&"sc".to_owned()), "{kinds:?}");
    for kind in ["secret", "service", "statefulset", "storageclass"] {
        assert!(kinds.contains(&kind.to_owned()), "{kinds:?}");
    }
    // Whatever stands there, it ends well.
    complete(&home, &["nonsense", "--x", ""]);
    complete(&home, &["init", "--", "-"]);
}

#[test]
fn recipes_of_ones_own_are_offered_with_their_flags() {
    let home = Home::new();
    home.write(
        ".config/kubectl-stateful/recipes/mine.rhai",
        "const RECIPE = #{ api: 1, summary: \"mine\", params: [
            #{ name: \"colour\", type: \"choice\", of: [ #{ value: \"red\", label: \"\" }, #{ value: \"blue\", label: \"\" } ],
               prompt: \"Colour\", help: \"Which.\" },
            #{ name: \"storage_class\", type: \"storage_class\", optional: true, prompt: \"Class\", help: \"Which.\" } ] };
         fn objects(p) { [] }",
    );
    home.write(".config/kubectl-stateful/recipes/broken.rhai", "const");
    assert_eq!(candidates(&home, &["init", "mi"]), ["mine"]);
    assert_eq!(candidates(&home, &["init", "mine", "--col"]), ["--colour"]);
    assert_eq!(candidates(&home, &["init", "mine", "--colour", ""]), ["red", "blue"]);
    assert_eq!(candidates(&home, &["init", "mine", "--storage-class", "f"]), ["fast"]);
    complete(&home, &["init", "broken", "--colour", ""]);
    let offered = complete(&home, &["init", ""]).stdout;
    for line in ["\nmine\tmine\n", "\nbroken\tyour own recipe, with a mistake in it: expecting name of a variable\n"] {
        assert!(offered.contains(line), "{offered}");
    }
}

#[test]
fn live_names_come_from_the_cluster_that_the_words_mean() {
    let home = Home::new();
    home.say("init couchdb --sandbox --yes --no-wait").told(0, &[]);
    home.say("init couchdb --sandbox=b --yes --no-wait --name other").told(0, &[]);
    assert_eq!(candidates(&home, &["-n", ""]), ["default", "kube-system"]);
    assert_eq!(candidates(&home, &["init", "couchdb", "-n", "kube"]), ["kube-system"]);
    assert_eq!(candidates(&home, &["init", "couchdb", "--storage-class", ""]), ["fast", "manual", "standard"]);
    assert_eq!(candidates(&home, &["create", "statefulset", "--storage-class", "f"]), Vec::<String>::new());
    assert_eq!(candidates(&home, &["create", "pvc", "--storage-class", "f"]), ["fast"]);
    let asked = "--before-remove-container";
    assert_eq!(candidates(&home, &["scale", "couchdb", "--replicas", "1", asked, ""]), ["couchdb"]);
    assert_eq!(candidates(&home, &["run", "scale-down", "couchdb", asked, "c"]), ["couchdb"]);
    assert_eq!(candidates(&home, &["scale", "nothing", asked, ""]), Vec::<String>::new());
    assert_eq!(candidates(&home, &["create", "pv", "--node", "node-"]), ["node-a", "node-b", "node-c"]);
    assert_eq!(candidates(&home, &["status", "c"]), ["couchdb"]);
    assert_eq!(candidates(&home, &["--sandbox=b", "status", ""]), ["other"]);
    assert_eq!(candidates(&home, &["status", "-n", "kube-system", ""]), Vec::<String>::new());
}

#[test]
fn without_a_cluster_nothing_is_offered_and_nothing_is_told() {
    let home = Home::new();
    for words in [["status", ""], ["-n", ""], ["status", "--server=http://127.0.0.1:9"]] {
        let finished = finish(&mut home.command(&[&["__complete"], &words[..]].concat()));
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{words:?}");
    }
    home.write(".local/state/kubectl-stateful/sandboxes/default/log.jsonl", "damaged");
    assert_eq!(candidates(&home, &["status", "x"]), Vec::<String>::new());
}

#[test]
fn origins_of_secrets_and_sandboxes_are_offered() {
    let home = Home::new();
    let origins = ["generate", "env:", "file:", "-"];
    assert_eq!(candidates(&home, &["init", "couchdb", "--admin-password-from", ""]), origins);
    assert_eq!(candidates(&home, &["init", "couchdb", "--admin-password-from=e"]), ["env:"]);
    assert_eq!(candidates(&home, &["init", "couchdb", "--admin-password-from=env:HO"]), ["env:HOME"]);
    assert_eq!(candidates(&home, &["create", "secret", "s", "--value-from", "key=g"]), ["key=generate"]);
    // The shell completes files when nothing forbids it.
    assert_eq!(complete(&home, &["init", "couchdb", "--admin-password-from", "file:"]).stdout, ":0\n");
    assert_eq!(candidates(&home, &["--sandbox="]), Vec::<String>::new());
    home.say("sandbox show --sandbox=try-2").told(0, &[]);
    home.say("sandbox show").told(0, &[]);
    assert_eq!(candidates(&home, &["status", "--sandbox="]), ["default", "try-2"]);
    assert_eq!(candidates(&home, &["--sandbox=t", "status", "--sandbox=t"]), ["try-2"]);
    home.say("sandbox reset").told(0, &[]);
    assert_eq!(candidates(&home, &["status", "--sandbox="]), ["try-2"]);
    candidates(&home, &["--sandbox", "-n", ""]);
    assert!(!home.log().exists(), "completion begins no sandbox");
}

#[cfg(unix)]
#[test]
fn a_plugin_a_server_or_a_sandbox_that_does_not_answer_is_left_and_nothing_stays_behind() {
    let home = Home::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("--server=http://{}", silent.local_addr().unwrap());
    let offered = finish(&mut home.command(&["__complete", &server, "-n", ""]));
    assert_eq!((offered.stdout.as_str(), offered.stderr.as_str(), offered.code), (":4\n", "", 0));

    // One that would wait for ever, and its child as well.
    home.write(".kube/login", "#!/bin/sh\necho $$ >started\ntail -f /dev/null\n");
    home.shell("chmod +x .kube/login").told(0, &[]);
    home.write(
        ".kube/config",
        "current-context: real\ncontexts: [{name: real, context: {cluster: real, user: me}}]\n\
         clusters: [{name: real, cluster: {server: 'http://127.0.0.1:9'}}]\n\
         users: [{name: me, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login}}}]\n",
    );
    let offered = finish(&mut home.command(&["__complete", "-n", ""]));
    assert_eq!((offered.stdout.as_str(), offered.stderr.as_str(), offered.code), (":4\n", "", 0));
    home.shell("! kill -0 -- -$(cat started) 2>/dev/null").told(0, &[]);

    home.say("sandbox show").told(0, &[]);
    let lock = std::fs::File::options().write(true).open(home.log().with_extension("jsonl.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(candidates(&home, &["-n", ""]), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn bash_gets_values_behind_equals_signs_and_colons() {
    let home = Home::new();
    home.say("sandbox show").told(0, &[]);
    home.write("script", home.say("completion bash").stdout);
    home.shell("ln -s \"$0\" kubectl-stateful").told(0, &[]);
    // As readline splits the line, with its separators as words of their own.
    let offered = |words: &str, breaks: &str| {
        let line = format!(
            "PATH=.:$PATH KUBECTL_STATEFUL_SANDBOX=1 bash -c 'source script; COMP_WORDBREAKS={breaks}; \
             COMP_WORDS=(kubectl-stateful {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _kubectl_stateful; echo \"${{COMPREPLY[*]}}\"'"
        );
        home.shell(&line).told(0, &[]).stdout.trim().to_owned()
    };
    assert_eq!(offered("stat", "=:"), "status");
    assert_eq!(offered("status --namespace = kube", "=:"), "kube-system");
    assert_eq!(offered("status --namespace =", "=:"), "default kube-system");
    assert_eq!(offered("status --namespace=kube", ":"), "--namespace=kube-system");
    assert_eq!(offered("init couchdb --admin-password-from = e", "=:"), "env:");
    assert_eq!(offered("init couchdb --admin-password-from = env : HO", "=:"), "HOME");
    assert_eq!(offered("init couchdb --admin-password-from env : HO", "=:"), "HOME");
    assert_eq!(offered("init couchdb --admin-password-from env:HO", "="), "env:HOME");
    assert_eq!(offered("create secret s --value-from key = g", "=:"), "generate");
    assert_eq!(offered("\"\"", "=:").split(' ').next(), Some("init"));
}

#[cfg(unix)]
#[test]
fn under_kubectls_name_for_the_completer_it_answers_the_same() {
    let home = Home::new();
    let link = home.path().join("bin/kubectl_complete-stateful");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    home.say("completion install --dir bin").told(0, &["kubectl_complete-stateful"]);
    for words in [vec!["stat"], vec!["init", "couchdb", "--storage-class", ""], vec!["status", "--"], vec![""], vec![]]
    {
        let mut linked = std::process::Command::new(&link);
        linked.args(&words).env_clear().env("HOME", home.path()).env("KUBECTL_STATEFUL_SANDBOX", "1");
        let linked = finish(&mut linked);
        assert_eq!((linked.code, linked.stderr.as_str()), (0, ""), "{words:?}");
        assert_eq!(linked.stdout, complete(&home, &words).stdout, "{words:?}");
    }
    home.say("completion install --dir none").hinted(1, &["cannot make `none/kubectl_complete-stateful`"]);
}

#[test]
fn the_script_for_bash_is_a_script_for_bash() {
    let home = Home::new();
    home.write("script", home.say("completion bash").stdout);
    let finished = home.shell("bash -n script");
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
}

#[test]
fn runs_and_runbooks_are_offered_by_name() {
    let home = Home::new();
    home.say("create statefulset web --image nginx --replicas 2 --sandbox --yes").told(0, &["pod web-1 ready"]);
    home.say("scale web --replicas 1 --no-app-check --settle 0s --sandbox --yes").told(0, &["to take it back"]);
    home.write(
        ".config/kubectl-stateful/runbooks/mine.rhai",
        "const RUNBOOK = #{ api: 1, summary: \"mine\", effects: [], params: [] };\nfn run(p) {}",
    );
    let runs = home.say("runs --sandbox").stdout;
    let scaled = runs.lines().find(|line| line.contains("scale-down")).unwrap().split_whitespace().next().unwrap();
    for verb in [&["undo"][..], &["resume"], &["report"], &["runs", "unlock"], &["volumes", "restore", "web", "--run"]]
    {
        assert_eq!(candidates(&home, &[verb, &[&scaled[..4]]].concat()), [scaled], "{verb:?}");
    }
    for verb in ["show", "check", "test"] {
        assert_eq!(candidates(&home, &["runbook", verb, "scale-d"]), ["scale-down"]);
        assert_eq!(candidates(&home, &["runbook", verb, "mi"]), ["mine"]);
    }
}
