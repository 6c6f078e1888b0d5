//! What is said of refusals, foreign answers and lost connections, and what is not.

use std::io;

use kube::core::response::{StatusCause, StatusDetails};

use super::answered::FOREIGN;
use super::words::LONGEST;
use super::*;
use crate::error::Kind;

fn here() -> Identity {
    Identity { name: "minikube".into(), server: "https://10.0.0.1:6443".into() }
}

fn status(code: u16, reason: &str, message: &str) -> Status {
    Status::failure(message, reason).with_code(code)
}

fn told(status: Status) -> Failure {
    explain(&kube::Error::Api(Box::new(status)), &here(), "")
}

#[test]
fn refusals_of_the_server_read_as_in_kubectl() {
    let failure = told(status(403, "Forbidden", "pods is forbidden: User \"jane\" cannot list"));
    assert_eq!(failure.message, "Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list");
    assert_eq!((failure.code, failure.kind), ("forbidden", Kind::Refused));
    assert!(failure.hints[0].contains("kubectl auth can-i"));
    let named =
        "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"db\"";
    let right = [
        "ask for this right: `list` on `pods` in namespace `db`",
        "`kubectl auth can-i list pods -n db` says whether you have it",
    ];
    assert_eq!(told(status(403, "Forbidden", named)).hints, right);
    let by_admission = "pvc \"a\" is forbidden: only dynamically provisioned pvc can be resized";
    assert!(told(status(403, "Forbidden", by_admission)).hints.is_empty(), "rights would not help");
}

#[test]
fn a_server_of_this_machine_is_not_looked_for_in_the_network() {
    let told = |name: &str, server: &str| {
        let refused: std::io::Error = std::io::ErrorKind::ConnectionRefused.into();
        let connect = std::io::Error::other(format!("client error (Connect): {refused}"));
        let identity = Identity { name: name.into(), server: server.into() };
        explain(&kube::Error::Service(connect.into()), &identity, "").hints.join("\n")
    };
    let ended = told("sandbox-try", "https://127.0.0.1:4001");
    assert!(ended.contains("kubectl stateful sandbox serve --sandbox=try"), "{ended}");
    assert!(told("sandbox", "https://127.0.0.1:4001").contains("`kubectl stateful sandbox serve --sandbox` serves"));
    assert!(told("kind", "https://localhost:6443").contains("that is this machine"));
    assert!(told("sandbox", "https://10.0.0.1").contains("VPN") && told("prod", "https://10.0.0.1").contains("VPN"));
    assert!(!ended.contains("VPN"));
}

#[test]
fn each_refusal_has_its_code_by_reason_or_by_number() {
    for (number, reason, code) in [
        (401, "Unauthorized", "unauthorized"),
        (404, "NotFound", "not-found"),
        (409, "AlreadyExists", "already-exists"),
        (409, "Conflict", "conflict"),
        (410, "Expired", "expired"),
        (422, "Invalid", "invalid"),
        (429, "TooManyRequests", "too-many-requests"),
        (500, "InternalError", "server-error"),
        (503, "ServiceUnavailable", "unavailable"),
        (504, "Timeout", "server-timeout"),
        (418, "Teapot", "server-refused"),
    ] {
        assert_eq!(told(status(number, reason, "m")).code, code);
        if !matches!(reason, "AlreadyExists" | "Teapot") {
            assert_eq!(told(status(number, "", "m")).code, code, "by number");
        }
    }
}

#[test]
fn causes_that_the_message_leaves_out_are_added() {
    let cause = |field: &str, message: &str| StatusCause {
        reason: String::new(),
        message: message.into(),
        field: field.into(),
    };
    let details = StatusDetails {
        name: String::new(),
        group: String::new(),
        kind: String::new(),
        uid: String::new(),
        causes: vec![cause("spec.a", "said already"), cause("spec.b", "too small")],
        retry_after_seconds: 0,
    };
    let failure = told(status(422, "Invalid", "it is invalid: spec.a: said already").with_details(details));
    assert_eq!(failure.message, "Error from server (Invalid): it is invalid: spec.a: said already; spec.b: too small");
}

#[test]
fn what_was_being_done_is_said_and_long_messages_are_cut() {
    let error = kube::Error::Api(Box::new(status(404, "NotFound", &"x".repeat(100_000))));
    let failure = explain(&error, &here(), "reading StatefulSet `web`");
    assert!(failure.message.ends_with("… while reading StatefulSet `web`"));
    assert!(failure.message.len() < 2 * LONGEST);
}

#[test]
fn the_object_that_the_server_quotes_is_left_out() {
    let said = "\"\" is invalid: patch: Invalid value: \"{\\\"data\\\":{\\\"key\\\":\\\"hunter2\\\"}}\": unknown field \"dta\"";
    let failure = told(status(422, "Invalid", said));
    assert_eq!(failure.message, "Error from server (Invalid): \"\" is invalid: patch: unknown field \"dta\"");
    let short = "spec.a: Invalid value: \"{\": no such";
    assert!(told(status(422, "Invalid", short)).message.ends_with(short));
}

#[test]
fn a_page_of_a_gateway_is_not_shown() {
    for code in [401, 404, 502] {
        let failure = told(status(code, FOREIGN, "<html>hunter2</html>"));
        assert!(failure.message.contains(&code.to_string()) && failure.message.contains("https://10.0.0.1:6443"));
        assert!(!format!("{failure:?}").contains("hunter2"));
    }
}

#[test]
fn an_answer_that_does_not_decode_is_not_quoted() {
    let broken = serde_json::from_str::<u8>("\"hunter2\"").unwrap_err();
    assert!(broken.to_string().contains("hunter2"), "the words of serde_json quote the answer");
    let failure = explain(&kube::Error::SerdeError(broken), &here(), "reading Secret `a`");
    assert_eq!(failure.code, "undecodable");
    assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
}

#[test]
fn a_refusal_and_an_interrupt_are_found_inside_other_errors() {
    let inner = kube::Error::Api(Box::new(status(409, "Conflict", "m")));
    assert_eq!(explain(&kube::Error::Service(inner.into()), &here(), "").code, "conflict");
    let watch = kube::Error::ReadEvents(io::Error::other(kube::Error::Service(Interrupted.into())));
    assert_eq!(explain(&watch, &here(), "").kind, Kind::Interrupted);
}

#[test]
fn an_eviction_that_a_budget_forbids_names_the_budget() {
    let details = serde_json::json!({ "causes": [{ "reason": "DisruptionBudget", "message": "needs 2" }] });
    let details = serde_json::from_value(details).unwrap();
    let failure = told(status(429, "TooManyRequests", "Cannot evict pod: needs 2").with_details(details));
    assert!(failure.hints.iter().any(|hint| hint.contains("kubectl get pdb")), "{failure:?}");
}

#[test]
fn a_fragment_starts_small_and_has_no_system_number() {
    assert_eq!(plain(&io::Error::from_raw_os_error(2)), "no such file or directory");
}
