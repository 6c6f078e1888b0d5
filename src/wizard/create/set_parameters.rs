//! The parameters of `create statefulset`. What most people want is asked, the
//! rest has a flag only.

use super::claim::{access_mode, label};
use super::persistent_volume::choice;
use crate::objects::names::SET_NAME_MAX;
use crate::wizard::parameter::{Answer, ListItem, Parameter, Pattern, Type};

pub(super) fn parameters() -> Vec<Parameter> {
    let mut out = first();
    out.extend(container());
    out.extend(pod());
    out.extend(behaviour());
    out
}

fn text(name: &str, prompt: &str, help: &str) -> Parameter {
    Parameter::new(name, Type::Text { pattern: None }, prompt, help)
}

/// A text of a certain form, told in `words`.
fn like(regex: &str, words: &str, name: &str, prompt: &str, help: &str) -> Parameter {
    let pattern = Pattern { regex: regex.to_owned(), words: words.to_owned() };
    Parameter::new(name, Type::Text { pattern: Some(pattern) }, prompt, help)
}

fn list(name: &str, item: ListItem, prompt: &str, help: &str) -> Parameter {
    Parameter::new(name, Type::List { item }, prompt, help).optional()
}

fn number(name: &str, prompt: &str, help: &str) -> Parameter {
    Parameter::new(name, Type::Int { min: 0, max: i64::from(i32::MAX) }, prompt, help).quiet()
}

/// What is asked.
fn first() -> Vec<Parameter> {
    vec![
        Parameter::new(
            "name",
            Type::Name { max: SET_NAME_MAX },
            "Name of the set",
            "The name of the set; its pods are NAME-0, NAME-1 and so on.",
        )
        .positional(),
        like(
            r"\S+",
            "the name of an image, without spaces",
            "image",
            "Image",
            "The image of the container, with a tag.",
        ),
        Parameter::new("replicas", Type::Int { min: 0, max: 1000 }, "Replicas", "How many pods.")
            .default(Answer::Int(1)),
        list(
            "claim",
            ListItem::Claim,
            "Volume for each pod",
            "NAME:SIZE[:CLASS]:MOUNTPATH, a claim for each pod; CLASS left out: the default class, empty (NAME:SIZE::PATH): prepared by hand; may be repeated.",
        ),
        list("port", ListItem::ContainerPort, "Port", "[NAME:]PORT of the container; may be repeated."),
        Parameter::new(
            "service_name",
            Type::Name { max: 63 },
            "Headless Service",
            "The Service that names the pods; left out: the set's name.",
        )
        .optional(),
        list("env", ListItem::Variable, "Environment variable", "VARIABLE=VALUE; may be repeated."),
        list(
            "env_from_secret",
            ListItem::VariableFrom,
            "Variable from a Secret",
            "VARIABLE=SECRET/KEY; may be repeated.",
        ),
        like(
            r"none|tcp:[0-9]+|http:[0-9]+(/.*)?|exec:.*\S.*",
            "tcp:PORT, http:PORT/PATH, exec:COMMAND or none",
            "readiness_probe",
            "Readiness probe",
            "tcp:PORT, http:PORT/PATH, exec:COMMAND or none; left out: the first port is tried.",
        )
        .optional(),
    ]
}

fn container() -> Vec<Parameter> {
    let quiet = |name: &str, item: ListItem, prompt: &str, help: &str| list(name, item, prompt, help).quiet();
    vec![
        quiet(
            "env_from_config",
            ListItem::VariableFrom,
            "Variable from a ConfigMap",
            "VARIABLE=CONFIGMAP/KEY; may be repeated.",
        ),
        quiet(
            "env_field",
            ListItem::KeyValue,
            "Variable from the pod",
            "VARIABLE=metadata.name and other fields of the pod; may be repeated.",
        ),
        quiet("command", ListItem::Plain, "Command", "A word that replaces the image's entry point; may be repeated."),
        quiet("arg", ListItem::Plain, "Argument", "An argument of the command (--arg=-x); may be repeated."),
        text(
            "liveness_probe",
            "Liveness probe",
            "tcp:PORT, http:PORT/PATH or exec:COMMAND; restarts the container when it fails.",
        )
        .optional()
        .quiet(),
        quiet("requests", ListItem::KeyValue, "Requests", "What the container needs, such as cpu=100m,memory=1Gi."),
        quiet("limits", ListItem::KeyValue, "Limits", "What the container may use, such as memory=2Gi."),
        quiet(
            "volume",
            ListItem::KeyValue,
            "Volume",
            "NAME=config-map:NAME, NAME=secret:NAME, NAME=claim:NAME or NAME=empty-dir; may be repeated.",
        ),
        quiet("mount", ListItem::Plain, "Mount", "VOLUME:PATH[:ro] of a volume or claim; may be repeated."),
        quiet(
            "sub_path",
            ListItem::KeyValue,
            "Folder in a volume",
            "VOLUME=FOLDER, mount only this folder of it; may be repeated.",
        ),
        quiet(
            "init_container",
            ListItem::KeyValue,
            "Init container",
            "NAME=IMAGE, runs before the container; has the same variables; may be repeated.",
        ),
        quiet(
            "init_command",
            ListItem::KeyValue,
            "Command of an init container",
            "NAME=SCRIPT for /bin/sh -c; may be repeated.",
        ),
        quiet("init_mount", ListItem::Plain, "Mount of an init container", "NAME=VOLUME:PATH[:ro]; may be repeated."),
    ]
}

fn pod() -> Vec<Parameter> {
    let spreads = [("nodes", "over nodes"), ("zones", "over zones"), ("none", "wherever")];
    vec![
        label(),
        list(
            "selector",
            ListItem::KeyValue,
            "Label of its pods",
            "The labels that make a pod the set's; left out: app=NAME; cannot be changed; may be repeated.",
        )
        .quiet(),
        access_mode("How the claims are mounted; may be repeated."),
        number("grace_period", "Grace period", "Seconds that a pod gets to stop; left out: 30.").optional(),
        number("run_as_user", "User", "The user id that the containers run as.").optional(),
        number("fs_group", "Group", "The group id that owns the files in the volumes.").optional(),
        Parameter::new(
            "service_account",
            Type::Name { max: 253 },
            "Service account",
            "The account that the pods act as.",
        )
        .optional()
        .quiet(),
        list(
            "image_pull_secret",
            ListItem::Plain,
            "Secret of the registry",
            "The Secret with the registry's credentials; may be repeated.",
        )
        .quiet(),
        Parameter::new(
            "spread",
            choice(&spreads),
            "Spread",
            "What several replicas are spread over, where that is possible.",
        )
        .default(Answer::Text("nodes".to_owned()))
        .quiet(),
    ]
}

fn behaviour() -> Vec<Parameter> {
    let keep = [("Retain", "claims stay"), ("Delete", "claims are deleted, and with most classes the data")];
    let policies = [("OrderedReady", "one pod after the other"), ("Parallel", "all at once")];
    let strategies = [
        ("RollingUpdate", "pods are replaced from the highest ordinal down"),
        ("OnDelete", "pods are replaced when deleted"),
    ];
    let chosen = |name: &str, kind: Type, default: &str, prompt: &str, help: &str| {
        Parameter::new(name, kind, prompt, help).default(Answer::Text(default.to_owned())).quiet()
    };
    vec![
        chosen(
            "pod_management",
            choice(&policies),
            "OrderedReady",
            "Order of pods",
            "How pods are started and stopped; cannot be changed.",
        ),
        chosen("update_strategy", choice(&strategies), "RollingUpdate", "Updates", "How a change reaches the pods."),
        number("partition", "Partition", "Pods with a lower ordinal are not updated.")
            .default(Answer::Int(0))
            .when("update_strategy", &["RollingUpdate"]),
        number("ordinals_start", "First ordinal", "The number of the first pod.").default(Answer::Int(0)),
        number("min_ready_seconds", "Ready for", "Seconds a pod must be ready before it counts.")
            .default(Answer::Int(0)),
        number("revision_history_limit", "Revisions kept", "How many old revisions are kept; left out: 10.").optional(),
        chosen(
            "claims_when_deleted",
            choice(&keep),
            "Retain",
            "Claims when the set is deleted",
            "What happens to the claims when the set is deleted.",
        ),
        chosen(
            "claims_when_scaled",
            choice(&keep),
            "Retain",
            "Claims when scaled down",
            "What happens to the claims of pods above the replicas.",
        ),
    ]
}
