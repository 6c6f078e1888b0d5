//! `plugin.yaml` renders to a manifest that krew's index would take. The rules
//! are those of krew's own manifest validation; the live tests let the real
//! tool judge the same text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kubectl_stateful::objects::yaml;
use serde_json::Value;

use crate::render::rendered;

fn manifest() -> Value {
    let text = rendered("v0.1.0").unwrap();
    yaml::documents(&text).expect("the rendered template is YAML").remove(0)
}

fn platforms(manifest: &Value) -> Vec<&Value> {
    manifest["spec"]["platforms"].as_array().unwrap().iter().collect()
}

fn only_these_keys(value: &Value, allowed: &[&str]) {
    for key in value.as_object().unwrap().keys() {
        assert!(allowed.contains(&key.as_str()), "krew knows no field `{key}`");
    }
}

#[test]
fn the_manifest_has_only_fields_that_krew_knows() {
    let manifest = manifest();
    only_these_keys(&manifest, &["apiVersion", "kind", "metadata", "spec"]);
    only_these_keys(&manifest["metadata"], &["name"]);
    only_these_keys(
        &manifest["spec"],
        &["version", "homepage", "shortDescription", "description", "caveats", "platforms"],
    );
    for platform in platforms(&manifest) {
        only_these_keys(platform, &["uri", "sha256", "selector", "files", "bin"]);
        only_these_keys(&platform["selector"]["matchLabels"], &["os", "arch"]);
    }
}

#[test]
fn name_version_and_description_follow_krews_rules() {
    let manifest = manifest();
    assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!(manifest["kind"], "Plugin");
    assert_eq!(manifest["metadata"]["name"], "stateful");
    let version = manifest["spec"]["version"].as_str().unwrap();
    assert_eq!(version.strip_prefix('v').map(|rest| rest.split('.').count()), Some(3), "{version}");
    let short = manifest["spec"]["shortDescription"].as_str().unwrap();
    assert!(!short.is_empty() && !short.contains('\n') && short.len() <= 107, "{short}");
}

#[test]
fn every_platform_names_an_archive_its_sum_a_binary_and_the_licence() {
    let manifest = manifest();
    let mut pairs = BTreeSet::new();
    for platform in platforms(&manifest) {
        let labels = &platform["selector"]["matchLabels"];
        let pair = (labels["os"].as_str().unwrap(), labels["arch"].as_str().unwrap());
        assert!(pairs.insert(pair), "two entries match {pair:?}");
        let uri = platform["uri"].as_str().unwrap();
        assert!(uri.starts_with("https://") && [".tar.gz", ".zip"].iter().any(|ending| uri.ends_with(ending)), "{uri}");
        let sum = platform["sha256"].as_str().unwrap();
        assert!(sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{sum}");
        let binary = platform["bin"].as_str().unwrap();
        assert_eq!(Path::new(binary).extension().is_some(), pair.0 == "windows", "{binary}");
        let files = platform["files"].as_array().unwrap();
        assert!(files.iter().any(|file| file["from"] == format!("*/{binary}") && file["to"] == "."));
        assert!(files.iter().any(|file| file["from"] == "*/LICENSE*"));
    }
    let expected: BTreeSet<_> =
        ["linux", "darwin", "windows"].into_iter().flat_map(|os| [(os, "amd64"), (os, "arm64")]).collect();
    assert_eq!(pairs, expected);
}

#[test]
fn the_caveat_names_a_command_that_exists() {
    let caveats = manifest()["spec"]["caveats"].as_str().unwrap().to_owned();
    let line = caveats.lines().find(|line| line.contains("kubectl stateful")).unwrap();
    let words: Vec<_> = line.split_whitespace().skip(2).collect();
    let output = crate::program::run(&[words.as_slice(), &["--help"]].concat());
    assert_eq!(output.code, 0, "{}", output.stderr);
}

#[test]
fn the_licence_is_apache_2() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE")).unwrap();
    assert!(text.contains("Apache License") && text.contains("Version 2.0"));
}
