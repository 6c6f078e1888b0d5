//! Manifests as `doctor -f` reads them, without a file and without a cluster.

use kubectl_stateful::diagnosis::manifests::Manifests;
use kubectl_stateful::diagnosis::source::Input;
use kubectl_stateful::simulator::opinion::of_manifest;

/// Those of one text, with what a server says of each.
pub fn manifests(text: &str) -> Manifests {
    let mut all = Manifests::of(&[Input { name: "app.yaml".to_owned(), bytes: text.as_bytes().to_vec() }]);
    all.ask(of_manifest);
    all
}
