//! `sandbox show|list|reset|serve|capture`: what is in the simulated cluster, which
//! there are, a fresh one, one that plain kubectl can talk to, and one that begins
//! as a copy.

use clap::{Args, Subcommand};

use super::Context;
use super::capture::CaptureArgs;
use crate::error::Failure;
use crate::facts::reader::Reader;
use crate::objects::kinds::{ApiKind, KINDS};

/// The simulated cluster inside the binary
#[derive(Args, Clone, Debug)]
pub struct SandboxArgs {
    #[command(subcommand)]
    pub verb: SandboxVerb,
}

/// What to do with it.
#[derive(Subcommand, Clone, Debug)]
pub enum SandboxVerb {
    /// Show what is in the sandbox
    Show,
    /// List all sandboxes: their size, when they were last used, where they are kept
    List,
    /// Throw the sandbox away; the next command starts a fresh one
    Reset,
    /// Make a sandbox of a live namespace, to try things on a copy
    Capture(CaptureArgs),
    /// Let plain kubectl talk to the sandbox, on this machine only, until Ctrl-C
    Serve(ServeArgs),
}

/// Flags of `sandbox serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Port of 127.0.0.1 to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
}

/// Kinds that controllers make for themselves, or that say little to a person.
const NOT_SHOWN: &[&str] = &[
    "Event",
    "ControllerRevision",
    "Endpoints",
    "EndpointSlice",
    "Lease",
    "VolumeAttachment",
    "ClusterRole",
    "ClusterRoleBinding",
    "PriorityClass",
];

/// Lists every object of the sandbox, or of one namespace of it, one line each:
/// kind, namespace, name.
pub async fn show(context: &Context<'_>) -> Result<(), Failure> {
    let reader = Reader::new(context.connection.client.clone());
    let mut text = String::new();
    let is_asked = |kind: &&ApiKind| kind.namespaced || !context.namespace_given;
    for kind in KINDS.iter().filter(|kind| !NOT_SHOWN.contains(&kind.kind)).filter(is_asked) {
        text.push_str(&section(kind, &reader, context).await?);
    }
    let others: Vec<_> = KINDS.iter().filter(|kind| NOT_SHOWN.contains(&kind.kind)).map(|kind| kind.plural).collect();
    context.screen.tell(&format!("not shown: {}, and custom resources", others.join(", ")));
    context.screen.print(&text)
}

async fn section(kind: &ApiKind, reader: &Reader, context: &Context<'_>) -> Result<String, Failure> {
    let namespace = if context.namespace_given { &context.connection.namespace } else { "" };
    let objects = reader.list(kind, namespace, None).await.map_err(|error| {
        crate::cluster::failure::explain(&error, &context.connection.identity, &format!("listing {}", kind.plural))
    })?;
    let line = |object: &serde_json::Value| {
        let name = object["metadata"]["name"].as_str().unwrap_or("");
        match object["metadata"]["namespace"].as_str() {
            Some(namespace) => format!("{}/{name}  in {namespace}\n", kind.kind),
            None => format!("{}/{name}\n", kind.kind),
        }
    };
    Ok(objects.iter().map(line).collect())
}
