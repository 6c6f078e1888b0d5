//! `sandbox capture`: a sandbox that begins as a copy of a live namespace.

use std::fmt::Write as _;

use clap::Args;

use super::Context;
use crate::error::Failure;
use crate::facts::reader::Reader;
use crate::facts::snapshot::{self, Configuration, Snapshot, Unreadable};
use crate::objects::kinds::KINDS;

/// What to copy, and to where.
#[derive(Args, Clone, Debug)]
pub struct CaptureArgs {
    /// Name of the new sandbox; `--sandbox=NAME` then works on the copy
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Reads the namespace.
pub async fn take(context: &Context<'_>) -> Result<Snapshot, Failure> {
    take_with(context, Configuration::Withheld).await
}

/// The same for a plan, which may need the values of ConfigMaps.
///
/// # Errors
/// The namespace cannot be read.
pub async fn take_with(context: &Context<'_>, configuration: Configuration) -> Result<Snapshot, Failure> {
    let namespace = &context.connection.namespace;
    let reader = Reader::new(context.connection.client.clone());
    snapshot::read_with(&reader, namespace, configuration).await.map_err(|why| match why {
        Unreadable::NoNamespace => context.no_namespace(namespace, &[]),
        Unreadable::Failed(what, error) => {
            let doing = format!("reading {what} of namespace `{namespace}`");
            crate::cluster::failure::explain(&error, &context.connection.identity, &doing)
        }
    })
}

/// Says what was taken, what was not, and what the copy does not know.
pub fn tell(context: &Context<'_>, name: &str, taken: &Snapshot) -> Result<(), Failure> {
    let connection = context.connection;
    let mut text = format!(
        "sandbox {name} is a copy of namespace {} of {}\n\ntaken:\n",
        connection.namespace, connection.identity.name
    );
    for kind in KINDS {
        let count = taken.of(kind.kind).count();
        if count > 0 {
            let _ = writeln!(text, "  {count:>5}  {}", kind.plural);
        }
    }
    text.push_str("\nleft out:\n  values and annotations of Secrets and ConfigMaps (their keys are there)\n");
    if taken.foreign_volumes > 0 {
        let _ = writeln!(text, "  volumes of other namespaces: {}", taken.foreign_volumes);
    }
    text.push_str("  pods of other namespaces: nodes look emptier than they are\n");
    text.push_str("  events, leases, custom resources, roles with their bindings, service accounts, and all that is not simulated\n");
    if !taken.gaps.is_empty() {
        text.push_str("\npartial:\n");
        for gap in &taken.gaps {
            let _ = writeln!(text, "  {gap}");
        }
    }
    let _ = writeln!(text, "\nkubectl stateful status --sandbox={name}");
    context.screen.print(&text)
}
