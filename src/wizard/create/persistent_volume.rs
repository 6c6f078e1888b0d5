//! `create pv`: a volume prepared by hand. What the API would take and then
//! never work is refused here, with the reason.

use super::answered::Answered;
use super::claim::{access_mode, block, label, storage_class};
use super::kind::{BuildError, CreateKind};
use crate::objects::builders::metadata::Metadata;
use crate::objects::builders::persistent_volume::{PersistentVolume, ReclaimPolicy, Source, persistent_volume};
use crate::objects::names;
use crate::wizard::create::Files;
use crate::wizard::parameter::{Answer, Answers, Choice, Parameter, Type};
use crate::wizard::secret;

pub(super) fn choice(of: &[(&str, &str)]) -> Type {
    let of = of.iter().map(|(value, label)| Choice { value: (*value).to_owned(), label: (*label).to_owned() });
    Type::Choice { of: of.collect() }
}

pub(super) fn kind() -> CreateKind {
    CreateKind {
        name: "pv",
        aliases: &["persistentvolume", "volume"],
        about: "A volume prepared by hand: a folder on a node, NFS, a local disk, or a CSI handle",
        parameters: parameters(),
        build,
        secrets: secret::sources,
    }
}

fn parameters() -> Vec<Parameter> {
    let sources = [
        ("host-path", "a folder on a node, for trying things out"),
        ("nfs", "a folder of an NFS server"),
        ("local", "a disk or folder that belongs to one node"),
        ("csi", "a volume that a CSI driver knows by its handle"),
    ];
    let checks = [
        ("Directory", "the folder must be there"),
        ("DirectoryOrCreate", "an empty folder is made if there is none"),
        ("unchecked", "no check"),
    ];
    let text = || Type::Text { pattern: None };
    vec![
        Parameter::new("name", Type::Name { max: 253 }, "Name of the volume", "The name of the volume.").positional(),
        Parameter::new("size", Type::Quantity, "Size", "How much it holds; claims for more do not bind to it."),
        Parameter::new("source", choice(&sources), "What stands behind the volume", "What stands behind the volume.")
            .default(Answer::Text("host-path".to_owned())),
        Parameter::new("host_path", Type::AbsolutePath, "Folder on the node", "The folder, prepared on the node.")
            .when("source", &["host-path"]),
        Parameter::new(
            "host_path_type",
            choice(&checks),
            "Check of the folder",
            "What is checked before the folder is mounted.",
        )
        .default(Answer::Text("Directory".to_owned()))
        .when("source", &["host-path"]),
        Parameter::new(
            "local_path",
            Type::AbsolutePath,
            "Path on the node",
            "The mounted disk or the folder on the node.",
        )
        .when("source", &["local"]),
        Parameter::new(
            "node",
            Type::Node,
            "Node",
            "The node that has it; pods then run there. Needed for local volumes.",
        )
        .optional()
        .when("source", &["host-path", "local"]),
        Parameter::new("nfs_server", text(), "NFS server", "The name or address of the server.")
            .when("source", &["nfs"]),
        Parameter::new("nfs_path", Type::AbsolutePath, "Exported folder", "The folder that the server exports.")
            .when("source", &["nfs"]),
        Parameter::new("driver", text(), "CSI driver", "The driver, such as ebs.csi.aws.com.").when("source", &["csi"]),
        Parameter::new("handle", text(), "Volume handle", "What the driver calls the volume.").when("source", &["csi"]),
        Parameter::new("fs_type", text(), "File system", "The file system on it, such as ext4.")
            .optional()
            .quiet()
            .when("source", &["csi"]),
        no_class_unless_named(),
        reclaim_policy("What happens to the volume when its claim is deleted.", "Retain", true),
        access_mode("How it can be mounted; may be repeated."),
        block(),
        Parameter::new(
            "for_claim",
            text(),
            "Reserved for claim",
            "NAMESPACE/NAME of the only claim that may bind to it.",
        )
        .optional()
        .quiet(),
        label(),
    ]
}

/// A volume without a class has the class `""`: no default is put in (PV-15).
fn no_class_unless_named() -> Parameter {
    let help = "Only claims of the same class bind to it; \"\": claims with \"\". The class need not exist.";
    Parameter { optional: false, ..storage_class(help).default(Answer::Text(String::new())) }
}

pub(super) fn reclaim_policy(help: &str, default: &str, recycle: bool) -> Parameter {
    let mut of = vec![("Retain", "kept with its data until somebody removes it"), ("Delete", "deleted with its data")];
    if recycle {
        of.push(("Recycle", "deprecated: erased for the next claim; NFS and host-path only"));
    }
    Parameter::new("reclaim_policy", choice(&of), "When its claim is gone", help)
        .default(Answer::Text(default.to_owned()))
}

pub(super) fn policy(answered: &Answered<'_>) -> ReclaimPolicy {
    match answered.text("reclaim_policy") {
        Some("Delete") => ReclaimPolicy::Delete,
        Some("Recycle") => ReclaimPolicy::Recycle,
        Some(_) | None => ReclaimPolicy::Retain,
    }
}

fn build(answers: &Answers, namespace: &str, _: &dyn Files) -> Result<Vec<serde_json::Value>, BuildError> {
    let answered = Answered(answers);
    let source = source(&answered)?;
    let reclaim = policy(&answered);
    check_policy(&source, reclaim)?;
    let made = PersistentVolume {
        metadata: Metadata::new(answered.needed("name")?, None, answered.labels("label")?),
        size: answered.needed("size")?.to_owned(),
        modes: answered.modes()?,
        class: answered.owned("storage_class").filter(|class| !class.is_empty()),
        reclaim,
        source,
        reserved_for: reserved_for(&answered, namespace)?,
        block: answered.text("volume_mode") == Some("Block"),
    };
    Ok(vec![persistent_volume(&made)])
}

fn source(answered: &Answered<'_>) -> Result<Source, BuildError> {
    let needed = |name: &str| answered.needed(name).map(str::to_owned);
    Ok(match answered.text("source") {
        Some("nfs") => Source::Nfs { server: needed("nfs_server")?, path: needed("nfs_path")? },
        Some("csi") => {
            Source::Csi { driver: needed("driver")?, handle: needed("handle")?, fs_type: answered.owned("fs_type") }
        }
        Some("local") => {
            let Some(node) = answered.owned("node") else {
                return Err(BuildError::invalid("--node", "a local volume belongs to one node; name it"));
            };
            Source::Local { path: needed("local_path")?, node }
        }
        Some(_) | None => Source::HostPath {
            path: needed("host_path")?,
            check: answered.owned("host_path_type").filter(|check| check != "unchecked"),
            node: answered.owned("node"),
        },
    })
}

/// The deleter of host-path volumes takes paths below `/tmp/` only (S1-e4), and
/// only host-path and NFS can be recycled (S1-e3).
fn check_policy(source: &Source, reclaim: ReclaimPolicy) -> Result<(), BuildError> {
    let refused = |reason: &str| Err(BuildError::invalid("--reclaim-policy", reason));
    match (source, reclaim) {
        (Source::HostPath { path, .. }, ReclaimPolicy::Delete) if !path.starts_with("/tmp/") => {
            refused("`Delete` works for folders below /tmp/ only; elsewhere the volume would end as `Failed`")
        }
        (Source::Nfs { .. } | Source::Local { .. }, ReclaimPolicy::Delete) => {
            refused("nothing can delete such a volume; it would end as `Failed`. Use `Retain`")
        }
        (Source::Local { .. } | Source::Csi { .. }, ReclaimPolicy::Recycle) => {
            refused("only host-path and NFS volumes can be recycled; use `Retain`")
        }
        (
            Source::HostPath { .. } | Source::Nfs { .. } | Source::Local { .. } | Source::Csi { .. },
            ReclaimPolicy::Retain | ReclaimPolicy::Delete | ReclaimPolicy::Recycle,
        ) => Ok(()),
    }
}

fn reserved_for(answered: &Answered<'_>, namespace: &str) -> Result<Option<(String, String)>, BuildError> {
    let Some(text) = answered.text("for_claim") else { return Ok(None) };
    let (namespace, name) = text.split_once('/').unwrap_or((namespace, text));
    let wrong = |reason: String| BuildError::invalid("--for-claim", format!("`{text}`: {reason}"));
    names::dns_label(namespace, names::LABEL_MAX).map_err(wrong)?;
    names::dns_subdomain(name).map_err(wrong)?;
    Ok(Some((namespace.to_owned(), name.to_owned())))
}
