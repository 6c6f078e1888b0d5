//! The canonical form itself, where chance would decide a comparison.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::support::canonical::Canon;

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("a_port_that_a_service_is_given_once_more_counts_as_new", a_port_given_once_more)]
}

fn a_port_given_once_more() -> Result<(), Failed> {
    let mut canon = Canon::new("n");
    let mut seen = |name: &str, ports: Value| {
        let metadata = json!({"uid": format!("00000000-0000-0000-0000-00000000000{name}")});
        let service = json!({"kind": "Service", "metadata": metadata, "spec": {"ports": ports}});
        canon.canonical(&service)["spec"]["ports"].clone()
    };
    let with = |port: u16| json!([{"nodePort": port}]);
    let first = seen("a", with(30_001));
    if seen("a", with(30_001)) != first || seen("b", with(30_001)) != first {
        return Err("an equal port is no longer equal".into());
    }
    seen("a", json!([{}]));
    let again = seen("a", with(30_001));
    if again == first {
        return Err(format!("{again} was given up in between").into());
    }
    Ok(())
}
