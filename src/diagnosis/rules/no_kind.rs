//! A document that does not say what it is.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "no-kind",
    severity: Severity::Error,
    sources: &["S2-e1"],
    summary: "a document has no kind, version or name",
    page: include_str!("../../../docs/explain/no-kind.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let nameless = |document: &Document| {
        let missing: Vec<&str> =
            [("apiVersion", "`apiVersion`"), ("kind", "`kind`"), ("metadata.name", "`metadata.name`")]
                .into_iter()
                .filter(|(path, _)| document.text(path).is_empty())
                .map(|(_, words)| words)
                .collect();
        let named_by_server = !document.text("metadata.generateName").is_empty();
        let only_name = missing == ["`metadata.name`"];
        // A list has no name, nor have files of kustomize and the like.
        let needs_none =
            only_name && (named_by_server || document.kind == Kind::Foreign || document.text("kind").ends_with("List"));
        if missing.is_empty() || needs_none {
            return None;
        }
        Some(
            RULE.at(document, &document.root, in_words(&missing))
                .because("every object needs a version, a kind and a name; kubectl refuses the file without them")
                .remedy(remedy(&document.source.name)),
        )
    };
    all.documents.iter().filter_map(nameless).collect()
}

/// Files of programs that make manifests lie beside them.
fn remedy(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let made_by = match name {
        "kustomization.yaml" | "kustomization.yml" => "kubectl kustomize FOLDER",
        "values.yaml" | "Chart.yaml" => "helm template FOLDER",
        _ => return "add what is missing; if this is no manifest, leave the file out".to_owned(),
    };
    format!("this file is no manifest: look at what is made of it with `{made_by} | kubectl stateful doctor -f -`")
}

/// `A is missing`, `A and B are missing`, `A, B and C are missing`.
fn in_words(missing: &[&str]) -> String {
    match missing {
        [first @ .., before, last] => {
            let others = first.iter().chain([before]).copied().collect::<Vec<_>>().join(", ");
            format!("{others} and {last} are missing")
        }
        one => format!("{} is missing", one.concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};
    use crate::diagnosis::source::Input;

    #[test]
    fn a_document_that_does_not_say_what_it_is_is_found() {
        assert_eq!(fires(&RULE, "a: 1\n"), ["1:1 `apiVersion`, `kind` and `metadata.name` are missing"]);
        assert_eq!(fires(&RULE, "apiVersion: v1\nkind: Pod\nspec: {}\n"), ["1:1 `metadata.name` is missing"]);
        assert_eq!(fires(&RULE, "- a\n").len(), 1);
    }

    #[test]
    fn files_of_programs_that_make_manifests_are_known() {
        let remedy = |name: &str| {
            let input = Input { name: name.to_owned(), bytes: b"replicas: 3\n".to_vec() };
            check(&Manifests::of(&[input])).remove(0).remedy
        };
        assert!(remedy("chart/values.yaml").contains("`helm template FOLDER | kubectl stateful doctor -f -`"));
        assert!(remedy("kustomization.yaml").contains("`kubectl kustomize FOLDER |"));
        assert!(remedy("web.yaml").starts_with("add what is missing"));
    }

    #[test]
    fn names_from_the_server_and_lists_are_fine() {
        silent(&RULE, "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n");
        silent(&RULE, "apiVersion: v1\nkind: List\nitems: []\n");
        silent(&RULE, SOUND);
    }
}
