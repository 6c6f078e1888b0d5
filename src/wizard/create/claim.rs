//! `create pvc`: one claim on its own.

use super::answered::Answered;
use super::kind::{BuildError, CreateKind};
use crate::objects::builders::claim::{Claim, claim};
use crate::objects::builders::metadata::Metadata;
use crate::wizard::create::Files;
use crate::wizard::parameter::{Answer, Answers, Choice, ListItem, Parameter, Type};
use crate::wizard::secret;

pub(super) fn kind() -> CreateKind {
    CreateKind {
        name: "pvc",
        aliases: &["persistentvolumeclaim", "claim"],
        about: "A claim for a volume",
        parameters: vec![
            Parameter::new("name", Type::Name { max: 253 }, "Name of the claim", "The name of the claim.").positional(),
            Parameter::new(
                "size",
                Type::Quantity,
                "Size",
                "How much is needed at least; `10Gi` is 10,737,418,240 bytes.",
            ),
            storage_class(
                "The class of the volume; left out: the cluster's default class; \"\": only volumes prepared by hand; a name: that class.",
            ),
            access_mode("How the volume is mounted; may be repeated."),
            block(),
            Parameter::new("volume", Type::Name { max: 253 }, "Volume", "Bind to this one volume.").optional().quiet(),
            label(),
        ],
        build,
        secrets: secret::sources,
    }
}

/// Shared with volumes and sets.
pub(super) fn storage_class(help: &str) -> Parameter {
    Parameter::new("storage_class", Type::VolumeClass, "Storage class", help).optional()
}

pub(super) fn access_mode(help: &str) -> Parameter {
    Parameter::new("access_mode", Type::List { item: ListItem::Plain }, "Access mode", help)
        .default(Answer::List(vec!["ReadWriteOnce".to_owned()]))
        .quiet()
}

pub(super) fn block() -> Parameter {
    let of = [("Filesystem", "mounted as a folder"), ("Block", "a raw device")]
        .map(|(value, label)| Choice { value: value.to_owned(), label: label.to_owned() });
    Parameter::new("volume_mode", Type::Choice { of: of.to_vec() }, "Volume mode", "A file system or a raw device.")
        .default(Answer::Text("Filesystem".to_owned()))
        .quiet()
}

pub(super) fn label() -> Parameter {
    let list = Type::List { item: ListItem::KeyValue };
    Parameter::new("label", list, "Label", "A label of the object; may be repeated.").optional().quiet()
}

fn build(answers: &Answers, namespace: &str, _: &dyn Files) -> Result<Vec<serde_json::Value>, BuildError> {
    let answered = Answered(answers);
    let made = Claim {
        metadata: Metadata::new(answered.needed("name")?, Some(namespace), answered.labels("label")?),
        size: answered.needed("size")?.to_owned(),
        modes: answered.modes()?,
        class: answered.owned("storage_class"),
        volume: answered.owned("volume"),
        block: answered.text("volume_mode") == Some("Block"),
    };
    Ok(vec![claim(&made)])
}
