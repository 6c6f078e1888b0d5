//! Probes, and what runs after the start and before the stop.

use serde_json::Value;

use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{between, needed, non_negative, one_of, text};

/// The probes of a container.
pub fn of_container(path: &str, container: &Value, grace: Option<i64>, causes: &mut Vec<Cause>) {
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = &container[name];
        if !probe.is_object() {
            continue;
        }
        let path = format!("{path}.{name}");
        handler(&path, probe, grace, causes);
        for name in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
            causes.extend(non_negative(&probe[name], &format!("{path}.{name}")));
        }
        let (field, seconds) =
            (format!("{path}.terminationGracePeriodSeconds"), &probe["terminationGracePeriodSeconds"]);
        if seconds.as_i64().is_some_and(|seconds| seconds <= 0) {
            causes.push(Cause::invalid(field.as_str(), seconds, "must be greater than 0"));
        }
        if name == "readinessProbe" {
            if !seconds.is_null() {
                causes.push(Cause::invalid(field, seconds, "must not be set for readinessProbes"));
            }
        } else if probe["successThreshold"] != 1 {
            let threshold = &probe["successThreshold"];
            causes.push(Cause::invalid(format!("{path}.successThreshold"), threshold, "must be 1"));
        }
    }
}

/// The hooks of a container.
pub fn lifecycle(path: &str, container: &Value, grace: Option<i64>, causes: &mut Vec<Cause>) {
    let hooks = &container["lifecycle"];
    for name in ["postStart", "preStop"] {
        if hooks[name].is_object() {
            handler(&format!("{path}.lifecycle.{name}"), &hooks[name], grace, causes);
        }
    }
    if !hooks["stopSignal"].is_null() {
        let why = "may not be set for containers with empty `spec.os.name`";
        causes.push(Cause::forbidden(format!("{path}.lifecycle.stopSignal"), why));
    }
}

/// One way of asking or telling.
fn handler(path: &str, handler: &Value, grace: Option<i64>, causes: &mut Vec<Cause>) {
    let ways = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
    let mut given = ways.into_iter().filter(|name| handler[*name].is_object());
    let Some(first) = given.next() else {
        causes.push(Cause::required(path, "must specify a handler type"));
        return;
    };
    let (field, way) = (format!("{path}.{first}"), &handler[first]);
    match first {
        "exec" if way["command"].as_array().is_none_or(Vec::is_empty) => {
            causes.push(Cause::required(format!("{field}.command"), ""));
        }
        "httpGet" => http_get(&field, way, causes),
        "tcpSocket" | "grpc" => causes.extend(port(&format!("{field}.port"), &way["port"])),
        "sleep" => causes.extend(sleep(&field, way, grace)),
        _ => {}
    }
    for name in given {
        causes.push(Cause::forbidden(format!("{path}.{name}"), "may not specify more than 1 handler type"));
    }
}

fn http_get(path: &str, way: &Value, causes: &mut Vec<Cause>) {
    causes.extend(needed(way, "path", path));
    causes.extend(port(&format!("{path}.port"), &way["port"]));
    causes.extend(one_of(way, "scheme", path, &["HTTP", "HTTPS"]));
    for header in way["httpHeaders"].as_array().into_iter().flatten() {
        let name = text(header, "name");
        let fits = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        if !fits {
            let why = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex \
                       used for validation is '[-A-Za-z0-9]+')";
            causes.push(Cause::invalid(format!("{path}.httpHeaders"), &name.into(), why));
        }
    }
}

/// A port by number or by name.
fn port(field: &str, port: &Value) -> Vec<Cause> {
    match port.as_str() {
        Some(name) => names::port(field, name),
        None => between(&port.as_i64().unwrap_or(0).into(), field, 1, 65_535).into_iter().collect(),
    }
}

fn sleep(field: &str, way: &Value, grace: Option<i64>) -> Option<Cause> {
    let (seconds, grace) = (way["seconds"].as_i64().unwrap_or(0), grace?);
    let why = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
    (seconds < 0 || seconds > grace).then(|| Cause::invalid(field, &seconds.into(), &why))
}
