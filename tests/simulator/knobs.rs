//! The page about the sandbox has all annotations that its kubelets obey.

use std::fs;
use std::path::Path;

use kubectl_stateful::simulator::controllers::kubelet::KNOBS;

const BEGIN: &str = "<!-- knobs: generated; `UPDATE_GENERATED=1 cargo test --test simulator knobs` writes them -->\n";
const END: &str = "<!-- end of knobs -->\n";

#[test]
fn the_page_has_all_knobs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sandbox.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page says where the knobs begin");
    let (_, after) = rest.split_once(END).expect("the page says where the knobs end");
    let rows = KNOBS.iter().map(|knob| {
        let name = knob.key.split_once('/').unwrap().1;
        format!("| `{name}` | {} | {} |\n", knob.value, knob.meaning)
    });
    let table = format!("| annotation | value | meaning |\n|---|---|---|\n{}", rows.collect::<String>());
    let wanted = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|wish| wish == "1") {
        fs::write(&path, wanted).unwrap();
    } else {
        assert!(page == wanted, "stale: UPDATE_GENERATED=1 cargo test --test simulator knobs writes it");
    }
}
