//! Recipes that users bring: found, run, broken, endless, and those that are
//! not there.

use crate::program::Home;

/// A recipe with a flag of its own; `body` is the body of `objects(p)`.
fn recipe(summary: &str, body: &str) -> String {
    format!(
        "const RECIPE = #{{
    api: 1,
    summary: \"{summary}\",
    params: [
        #{{ name: \"name\", type: \"name\", max: 52, value: \"mine\", prompt: \"Name\", help: \"What it is called.\" }},
        #{{ name: \"colour\", type: \"text\", prompt: \"Colour\", help: \"Which colour it has.\" }},
    ],
}};
fn objects(p) {{
    {body}
}}
"
    )
}

const WORKING: &str =
    "[ #{ apiVersion: \"v1\", kind: \"ConfigMap\", metadata: #{ name: p.name }, data: #{ colour: p.colour } } ]";
const OWN: &str = ".config/kubectl-stateful/recipes";

#[test]
fn a_recipe_of_ones_own_works_by_name_and_by_path_with_its_flags_and_help() {
    let home = Home::new();
    home.write(&format!("{OWN}/mine.rhai"), recipe("a thing of my own", WORKING));
    home.write("here.rhai", recipe("a thing of this folder", WORKING));
    for (name, summary) in [("mine", "a thing of my own"), ("./here.rhai", "a thing of this folder")] {
        let help = home.run(&["init", name, "--help"]);
        assert_eq!(help.code, 0, "{}", help.stderr);
        for part in [summary, "--colour", "Which colour it has.", &format!("kubectl stateful init {name}")] {
            assert!(help.stdout.contains(part), "{part}: {}", help.stdout);
        }
        home.run(&["init", name, "--sandbox"]).hinted(2, &["missing: --colour, --yes"]);
        home.run(&["init", name, "--sandbox", "--yes", "--color", "red"]).hinted(2, &["did you mean `--colour`?"]);
        let made = home.run(&["init", name, "--sandbox", "--yes", "--colour", "red", "-o", "yaml"]);
        assert!(made.told(0, &["ConfigMap/mine"]).stdout.contains("colour: red"), "{}", made.stdout);
        let again = home.run(&["init", name, "--sandbox", "--yes", "--colour", "red"]);
        assert!(
            again.told(0, &["nothing to change"]).stdout.contains(&format!("init {name} --sandbox")),
            "{}",
            again.stdout
        );
    }
    let listed = home.say("init --help").stdout;
    assert!(listed.contains("Recipes of your own:\n  mine  a thing of my own\n"), "{listed}");
}

#[test]
fn a_shipped_recipe_cannot_be_replaced() {
    let home = Home::new();
    home.write(&format!("{OWN}/couchdb.rhai"), recipe("a false one", WORKING));
    let help = home.say("init couchdb --help").stdout;
    assert!(help.contains("--admin-password-from") && !help.contains("a false one"), "{help}");
    let listed = home.say("init --help").stdout;
    assert!(
        !listed.contains("a false one") && listed.contains("! `couchdb` is the recipe that comes with"),
        "{listed}"
    );
    let used = home.say("init couchdb --sandbox --yes --dry-run=client");
    used.told(
        0,
        &["! `couchdb` is the recipe that comes with the program, and not `", "couchdb.rhai`: name that by its path"],
    );
    assert!(!home.say("init generic --sandbox").stderr.contains("comes with the program"));
    // By its path it can still be meant.
    assert!(home.run(&["init", &format!("./{OWN}/couchdb.rhai"), "--help"]).stdout.contains("a false one"));
}

#[test]
fn a_broken_recipe_points_at_the_place() {
    let home = Home::new();
    for (body, code, parts) in [
        ("let x = ;", 2, ["./r.rhai:10:13", "let x = ;"].as_slice()),
        ("[ p.color ]", 1, &["no parameter `color`", "./r.rhai:10:9", "did you mean `colour`?"]),
        ("[ nothing_of_it(1) ]", 1, &["no function `nothing_of_it`", "./r.rhai:10:"]),
        ("throw \"not today\"", 2, &["not today"]),
        ("1", 2, &["`objects` must return a list of maps", "./r.rhai:9:4", "fn objects(p) {"]),
        ("[ #{ kind: \"ConfigMap\" } ]", 2, &["./r.rhai:10:16", "`.metadata.name`: a name is missing"]),
        ("[ #{ kind: \"ConfigMap\", metadata: || 1 } ]", 2, &["object 1 at `.metadata`", "./r.rhai:10:29"]),
    ] {
        home.write("r.rhai", recipe("broken", body));
        let finished = home.run(&["init", "./r.rhai", "--sandbox", "--yes", "--colour", "red"]);
        finished.told(code, parts);
        let caret = |line: &str| line.trim_start().starts_with("| ") && line.ends_with('^');
        // What a recipe throws is about the answers, and not about the script.
        let placed = finished.stderr.contains("-->") && finished.stderr.lines().any(caret);
        assert!(placed || body.starts_with("throw"), "{}", finished.stderr);
    }
    home.write("r.rhai", "fn objects(p) { [] }");
    home.say("init ./r.rhai --sandbox --yes").told(2, &["RECIPE", "./r.rhai:1:1"]);
    home.write("r.rhai", "const RECIPE = #{ api: 1, summary: 7 };");
    home.say("init ./r.rhai --sandbox --yes").told(2, &["`summary` must be text", "./r.rhai:1:27"]);
    home.write("r.rhai", [0xff, 0xfe]);
    home.say("init ./r.rhai --sandbox --yes").told(2, &["`./r.rhai`"]);
}

#[test]
fn a_recipe_that_never_ends_is_ended() {
    let home = Home::new();
    for (body, words) in [
        ("loop { }", "did not end within"),
        ("let s = \"x\"; loop { s += s; }", "too large"),
        ("objects(p)", "too deeply"),
    ] {
        home.write("endless.rhai", recipe("endless", body));
        let finished = home.say("init ./endless.rhai --sandbox --yes --colour red");
        finished.told(1, &[words]);
    }
}

#[test]
fn a_recipe_that_is_not_there_is_told_with_what_is() {
    let home = Home::new();
    home.write(&format!("{OWN}/mine.rhai"), recipe("my own", WORKING));
    home.write("here.rhai", recipe("here", WORKING));
    home.say("init cuchdb --sandbox").hinted(2, &["no recipe `cuchdb`", "did you mean `couchdb`?"]);
    home.say("init mien --sandbox").hinted(2, &["did you mean `mine`?", "couchdb, generic, mine"]);
    home.say("init here.rhai --sandbox").hinted(2, &["./here.rhai"]);
    home.say("init ./none.rhai --sandbox").told(2, &["cannot read `./none.rhai`"]);
    home.say("init ./ --sandbox").told(2, &["no regular file"]);
    home.say("init /dev/zero --sandbox").told(2, &["no regular file"]);
    home.say("init --sandbox").hinted(2, &["couchdb, generic, mine"]);
}
