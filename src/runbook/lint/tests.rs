//! What `runbook check` finds, and that it finds nothing in what is shipped.

use super::*;

/// A runbook with these functions, checked.
fn found(functions: &str) -> Vec<Finding> {
    let header = "const RUNBOOK = #{ api: 1, summary: \"s\", effects: [\"scale\", \"protect\"],\nparams: [
#{ name: \"set\", type: \"statefulset\", positional: true, prompt: \"P\", help: \"H\" },
#{ name: \"count\", type: \"int\", min: 0, max: 9, prompt: \"P\", help: \"H\" } ] };\n";
    Runbook::from_source("x.rhai".to_owned(), format!("{header}{functions}")).unwrap().check().unwrap()
}

/// `E` or `W`, line within the functions, message and hints of each.
fn lines(functions: &str) -> Vec<String> {
    let line = |finding: &Finding| {
        let (sort, error) = match finding {
            Finding::Error(error) => ("E", error),
            Finding::Warning(warning) => ("W", warning),
        };
        let line = error.place().map_or(0, |place| place.line).saturating_sub(4);
        let words: Vec<&str> =
            std::iter::once(error.message()).chain(error.hints().iter().map(String::as_str)).collect();
        format!("{sort} {line} {}", words.join("; "))
    };
    found(functions).iter().map(line).collect()
}

const GOOD: &str = "fn run(p) {
    for member in p.set.members_from(p.count) { step(`remove ${member.name}`, || member.protect()); }
    p.set.scale(p.count);
}";

#[test]
fn what_is_in_order_has_no_findings() {
    assert_eq!(lines(GOOD), Vec::<String>::new());
    for (name, _) in Runbook::shipped_headers() {
        assert_eq!(Runbook::shipped(name).unwrap().check().unwrap(), [], "{name}");
    }
}

#[test]
fn names_that_nothing_has_are_told_with_what_was_meant() {
    for (script, expected) in [
        ("fn run(p) {\n p.set.scal(p.count);\n}", "E 2 there is no function `scal`; did you mean `scale`?"),
        ("fn run(p) {\n p.set.scale(p.cuont);\n}", "E 2 no parameter `cuont` is declared; did you mean `count`?"),
        (
            "fn run(p) {\n p.set.scale(p.set.replica - 1);\n}",
            "E 2 nothing has a field `replica`; did you mean `replicas`?",
        ),
        ("fn run(p) {\n p.set.scale(p.count, 1);\n}", "E 2 `scale` does not take 2 arguments"),
        ("fn run(p) {\n note(`have ${p.set.redy}`);\n}", "E 2 nothing has a field `redy`; did you mean `ready`?"),
        (
            "fn run(p) {\n step(\"x\", || p.set.scale(wnated(p)));\n}\nfn wanted(p) { p.count }",
            "E 2 there is no function `wnated`; did you mean `wanted`?",
        ),
    ] {
        assert!(lines(script).contains(&expected.to_owned()), "{script}: {:?}", lines(script));
    }
    let own = "fn run(p) {\n let made = #{ mine: p.count };\n p.set.scale(made.mine);\n }";
    assert!(lines(own).iter().all(|line| !line.starts_with('E')), "{:?}", lines(own));
}

#[test]
fn parameters_and_effects_that_are_not_used_are_warned_of() {
    assert_eq!(
        lines("fn run(q) { helper(q) }\nfn helper(all) { all.set.scale(1) }"),
        ["W 0 parameter `count` is declared and never used", "W 0 effect `protect` is declared and never used"]
            .into_iter()
            .map(str::to_owned)
            .rev()
            .collect::<Vec<_>>()
    );
}

#[test]
fn effects_are_declared_and_happen_in_the_run() {
    let undeclared = lines("fn run(p) {\n for volume in p.set.retired(p.count) {\n volume.purge();\n }\n}");
    let expected =
        "E 3 `purge` is an effect of kind `purge`, which is not declared; add \"purge\" to `RUNBOOK.effects`";
    assert!(undeclared.contains(&expected.to_owned()), "{undeclared:?}");
    let early = lines(&format!("{GOOD}\nfn preflight(p) {{ step(\"x\", || act(p)) }}\nfn act(p) {{ p.set.scale(1) }}"));
    let always = lines(&format!("{GOOD}\nfn verify(p) {{ always(\"x\", || note(\"y\")) }}"));
    assert_eq!(always, ["E 5 `verify(p)` says `always(…)`, which belongs into `run(p)`"]);
    assert_eq!(
        early,
        ["E 5 `preflight(p)` has an effect, and may only look; what changes something belongs into `run(p)`"]
    );
}

#[test]
fn only_writes_are_said_for_an_undo_and_only_in_the_run() {
    let run = |body: &str| {
        lines(&format!(
            "fn run(p) {{\n let set = p.set;\n {body}\n p.set.scale(p.count);\n for one in set.members() {{ one.protect() }} }}"
        ))
    };
    assert_eq!(run("undo(\"back\", || set.scale(p.count));"), Vec::<String>::new());
    for word in ["wait_ready", "refresh", "protect", "note"] {
        let call = if word == "note" { "note(\"x\")".to_owned() } else { format!("set.{word}()") };
        let call = call.replace("wait_ready()", "wait_ready(\"1m\")");
        let found = run(&format!("undo(\"back\", || {{ {call}; set.scale(1) }});"));
        assert_eq!(found, [format!("E 3 `{word}` cannot be said within `undo(…)`")]);
    }
    let found = run("always(\"end\", || undo(\"back\", || set.scale(1)));");
    assert_eq!(found, ["E 3 `undo` cannot be said within `always(…)`"]);
    let undeclared = run("let one = set.members()[0]; undo(\"back\", || one.exec([\"start\"]));");
    assert!(undeclared[0].contains("`exec`, which is not declared"), "{undeclared:?}");
    let early = lines(&format!("{GOOD}\nfn preflight(p) {{ undo(\"x\", || p.set.scale(1)) }}"));
    assert!(early.contains(&"E 5 `preflight(p)` says `undo(…)`, which belongs into `run(p)`".to_owned()), "{early:?}");
}

#[test]
fn a_value_that_changes_by_itself_may_not_decide_about_an_effect() {
    let decides = "fn run(p) {
    if p.set.ready > p.count { step(\"x\", || p.set.scale(1)); }
    for member in p.set.members() { member.protect(); }
}";
    let told = lines(decides);
    assert!(told.len() == 1 && told[0].starts_with("W 2 `ready` changes by itself"), "{told:?}");
    let only_told = decides
        .replace("step(\"x\", || p.set.scale(1));", "note(\"x\");")
        .replace("member.protect()", "p.set.scale(1); member.protect()");
    assert_eq!(lines(&only_told), Vec::<String>::new());
}

#[test]
fn nor_may_what_a_program_in_a_pod_answers() {
    let told = |condition: &str| {
        lines(&format!(
            "fn run(p) {{
    let member = p.set.members()[0]; member.protect();
    let lag = member.query([\"lag\"], #{{ assume: \"0\" }}).trim();
    if {condition} {{ p.set.scale(p.count); }}
}}"
        ))
    };
    for (condition, what) in [("lag == \"0\"", "lag"), ("member.query(\"x\") == \"\"", "query")] {
        let found = told(condition);
        assert!(found.len() == 1 && found[0].starts_with(&format!("W 4 `{what}` changes by itself")), "{found:?}");
    }
    assert_eq!(told("p.count > 1"), Vec::<String>::new());
}

#[test]
fn an_answer_is_followed_through_functions_assignments_and_every_sort_of_branch() {
    let told = |body: &str| {
        lines(&format!(
            "fn run(p) {{
    let member = p.set.members()[0]; member.protect(); let known = \"\";
    {body}
}}
fn lag(member) {{ let text = member.query([\"lag\"], #{{ assume: \"0\" }}); text.trim() }}
fn behind(member) {{ if member.ordinal > 1 {{ return lag(member) }} \"0\" }}
fn name(member) {{ note(lag(member)); member.name }}"
        ))
    };
    for (body, what) in [
        ("if lag(member) == \"0\" { p.set.scale(p.count); }", "lag"),
        ("if behind(member) == \"0\" { p.set.scale(p.count); }", "behind"),
        ("known = lag(member); if known == \"0\" { p.set.scale(p.count); }", "known"),
        ("switch lag(member) { \"0\" => p.set.scale(p.count), _ => () }", "lag"),
        ("for one in lag(member).split(\",\") { p.set.scale(p.count); }", "lag"),
    ] {
        let found = told(body);
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("W 3 `{what}` changes by itself")),
            "{body}: {found:?}"
        );
    }
    for body in ["if name(member) == \"x\" { p.set.scale(p.count); }", "note(lag(member)); p.set.scale(p.count);"] {
        assert_eq!(told(body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn a_finding_shows_its_place() {
    let Some(Finding::Error(error)) = found("fn run(p) { p.set.scal(1) }").into_iter().next_back() else { panic!() };
    assert!(error.to_string().contains("--> x.rhai:5:19\n"), "{error}");
}

#[test]
fn the_general_words_are_known_their_effects_declared_and_the_fields_of_objects_are_their_own() {
    let told =
        |run: &str| lines(&format!("fn run(p) {{\n p.set.scale(p.count); p.set.members()[0].protect();\n {run}\n}}"));
    let reads = "let service = k8s::get(\"Service\", \"web\"); note(service.spec.clusterIP);
 for map in k8s::list(\"ConfigMap\", #{ labels: \"a=b\" }) { guard(k8s::exists(\"ConfigMap\", map.metadata.name), \"x\"); }";
    assert_eq!(told(reads), Vec::<String>::new());
    for (handed, function) in [
        (
            "let one = k8s::get(\"Service\", \"web\"); let ports = one.spec.ports; note(ports[0].targetPort); other(one);",
            "fn other(object) { note(object.spec.clusterIP) }",
        ),
        ("let names = k8s::list(\"ConfigMap\").map(|map| map.metadata.namespace); note(names[0]);", ""),
        (
            "let one = made(); step(\"x\", || note(one.metadata.namespace)); note(made().spec.selector);",
            "fn made() { k8s::get(\"Service\", \"web\") }",
        ),
    ] {
        let run = format!("fn run(p) {{\n p.set.scale(p.count); p.set.members()[0].protect();\n {handed}\n}}");
        assert_eq!(lines(&format!("{run}\n{function}")), Vec::<String>::new(), "{handed}");
    }
    let misspelt = told("let one = k8s::get(\"Service\", \"web\"); note(one.spec.clusterIP); note(p.set.redy);");
    assert_eq!(misspelt, ["E 3 nothing has a field `redy`; did you mean `ready`?"]);
    let in_undo = told("undo(\"x\", || k8s::exists(\"Service\", \"web\"));");
    assert_eq!(in_undo, ["E 3 `k8s::exists` cannot be said within `undo(…)`"]);
    for (run, expected) in [
        ("k8s::aply(#{});", "E 3 there is no function `k8s::aply`; did you mean `k8s::apply`?"),
        ("k8s::get(\"Service\");", "E 3 `k8s::get` does not take 1 arguments"),
        (
            "k8s::delete(\"ConfigMap\", \"a\");",
            "E 3 `k8s::delete` is an effect of kind `delete`, which is not declared; add \"delete\" to `RUNBOOK.effects`",
        ),
        ("k8s::get(\"Configmap\", \"a\");", "E 3 nobody here knows a kind `Configmap`; did you mean `ConfigMap`?"),
        (
            "k8s::create(#{ kind: \"Namespace\", metadata: #{ name: \"a\" } });",
            "E 3 a Namespace lives in no namespace, and a run stays in its own; there are ConfigMap, Service, \
             PodDisruptionBudget, HorizontalPodAutoscaler, ResourceQuota",
        ),
        (
            "k8s::patch(\"PersistentVolumeClaim\", \"a\", #{});",
            "E 3 a PersistentVolumeClaim is not written in general words; a claim goes with `claim.retire()`, which \
             keeps its data, and comes back with `volume.restore()`",
        ),
        ("apply(#{});", "E 3 there is no function `apply`; write `k8s::apply(#{ kind: \"ConfigMap\", … })`"),
    ] {
        assert!(told(run).contains(&expected.to_owned()), "{run}: {:?}", told(run));
    }
    let decides = told("if p.set.ready > 1 { k8s::delete(\"ConfigMap\", \"a\"); }");
    assert!(decides.iter().any(|line| line.starts_with("W 3 `ready` changes by itself")), "{decides:?}");
    let early = lines(&format!("{GOOD}\nfn verify(p) {{ k8s::delete(\"ConfigMap\", \"a\") }}"));
    assert!(early.iter().any(|line| line.contains("`verify(p)` has an effect")), "{early:?}");
}
