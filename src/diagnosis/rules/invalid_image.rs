//! An image whose name no runtime takes. The server does not look at it.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::rules::is_placeholder;
use crate::objects::nearest::shortened;
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "invalid-image",
    severity: Severity::Error,
    sources: &["S4-06"],
    summary: "the name of an image is none",
    page: include_str!("../../../docs/explain/invalid-image.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let images = |document| Document::containers(document).filter_map(|container| container.get("image"));
    let workloads = all.workloads();
    workloads.flat_map(|document| images(document).filter_map(|image| invalid(document, image))).collect()
}

fn invalid(document: &Document, image: &Placed) -> Option<Finding> {
    let text = image.text().filter(|text| !text.is_empty() && !is_placeholder(text))?;
    let (why, remedy) = if let Some(sign) = text.chars().find(|sign| !is_sign(*sign)) {
        (
            format!("`{sign}` stands in no name of an image"),
            "write the name alone, as in `example.org/app:1.0`".to_owned(),
        )
    } else if repository(text).chars().any(|sign| sign.is_ascii_uppercase()) {
        ("names of images have no capital letters".to_owned(), format!("write `{}`", small(text)))
    } else {
        return None;
    };
    Some(
        RULE.at(document, image, format!("image `{}` is no name", shortened(text)))
            .evidence(why)
            .because("the server takes it, and no node can fetch it: the container waits with `InvalidImageName`")
            .remedy(remedy),
    )
}

fn is_sign(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "./:@_+-[]".contains(sign)
}

/// Without a host, which may have capitals, nor tag and digest.
fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let path = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        Some(_) | None => name,
    };
    let (folders, last) = path.rsplit_once('/').map_or((0, path), |(folders, last)| (folders.len() + 1, last));
    let length = last.split_once(':').map_or(last.len(), |(name, _)| name.len());
    path.get(..folders + length).unwrap_or(path)
}

/// Tags may have capitals.
fn small(image: &str) -> String {
    let name = repository(image);
    image.replacen(name, &name.to_ascii_lowercase(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    fn with(image: &str) -> String {
        SOUND.replace("example.org/app:1.0", image)
    }

    #[test]
    fn blanks_quotes_and_capitals_are_found() {
        for image in
            ["\"postgres: 17.2\"", "“postgres:17.2”", "example.org/App:1.0", "Postgres:17.2", "Team/postgres:1"]
        {
            assert_eq!(fires(&RULE, &with(image)).len(), 1, "{image}");
        }
        assert_eq!(found(&RULE, &with("Postgres:17.2-RC1"))[0].remedy, "write `postgres:17.2-RC1`");
        assert_eq!(found(&RULE, &with("\"a b\""))[0].evidence, ["` ` stands in no name of an image"]);
    }

    #[test]
    fn hosts_tags_and_digests_are_left_alone() {
        for image in [
            "Example.org:5000/app:V1",
            "localhost/app",
            "\"app@sha256:ABCdef\"",
            "a/b_c/d.e-f:1.0_X",
            "\"[::1]:5000/a:1\"",
        ] {
            silent(&RULE, &with(image));
        }
    }
}
