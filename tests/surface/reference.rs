//! The reference pages are generated from the declarations of the parameters
//! and of the script vocabulary. This fails when a page is stale;
//! `UPDATE_GENERATED=1 cargo test --test surface reference` rewrites them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kubectl_stateful::diagnosis::sources::SOURCE_ERRORS;
use kubectl_stateful::runbook::recipe::Recipe;
use kubectl_stateful::runbook::vocabulary::FUNCTIONS;
use kubectl_stateful::wizard::create;
use kubectl_stateful::wizard::reference::table;

const HEAD: &str = "<!-- Generated; `UPDATE_GENERATED=1 cargo test --test surface reference` writes it. -->\n\n";

fn check(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(page);
    let text = format!("{HEAD}{}\n", text.trim_end());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{} is stale", path.display());
}

#[test]
fn the_page_of_init_lists_every_parameter_of_every_recipe() {
    let mut text = "# Recipes of `init`\n".to_owned();
    for (name, header) in Recipe::shipped_headers() {
        let about = &header.description;
        write!(text, "\n## {name}\n\n{}. {about}\n\n{}", header.summary, table(&header.parameters)).unwrap();
    }
    check("init.md", &text);
}

#[test]
fn the_page_of_create_lists_every_parameter_of_every_kind() {
    let mut text = "# Kinds of `create`\n".to_owned();
    for kind in create::kinds() {
        write!(text, "\n## {}\n\n{}\n\n{}", kind.name, kind.about, table(&kind.parameters)).unwrap();
    }
    check("create.md", &text);
}

#[test]
fn the_page_of_the_vocabulary_lists_every_function_that_recipes_may_call() {
    let mut text = "# What a recipe may call\n\n| function | what it gives |\n|---|---|\n".to_owned();
    for (signature, what) in FUNCTIONS {
        writeln!(text, "| `{signature}` | {what} |").unwrap();
    }
    check("vocabulary.md", &text);
}

#[test]
fn the_table_of_source_errors_says_who_tells_each() {
    let mut text = "# Errors of the source documents\n\nWhich rule of `doctor` finds them, or which part of \
                    [Pitfalls](../pitfalls.md) tells them where no manifest and no cluster shows them.\n\n\
                    | id | error | told by |\n|---|---|---|\n"
        .to_owned();
    for error in SOURCE_ERRORS {
        let rules = error.rules().iter().map(|code| format!("[{code}](../explain/{code}.md)")).collect::<Vec<_>>();
        let guide = error.guide.map(|(part, why)| format!("[Pitfalls](../pitfalls.md#{part}): {why}"));
        let told: Vec<String> = rules.into_iter().chain(guide).collect();
        writeln!(text, "| {} | {} | {} |", error.id, error.what, told.join(", ")).unwrap();
    }
    check("source-errors.md", &text);
}
