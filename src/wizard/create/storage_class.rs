//! `create storageclass`.

use super::answered::Answered;
use super::kind::{BuildError, CreateKind};
use super::persistent_volume::{choice, policy, reclaim_policy};
use crate::objects::builders::storage_class::{StorageClass, storage_class};
use crate::wizard::create::Files;
use crate::wizard::parameter::{Answer, Answers, ListItem, Parameter, Pattern, Type};
use crate::wizard::secret;

pub(super) fn kind() -> CreateKind {
    let binding = [
        ("WaitForFirstConsumer", "made where the first pod can run"),
        ("Immediate", "made at once, perhaps in a zone without a free node"),
    ];
    CreateKind {
        name: "storageclass",
        aliases: &["sc"],
        about: "A way in which volumes are made",
        parameters: vec![
            Parameter::new("name", Type::Name { max: 253 }, "Name of the class", "The name of the class.").positional(),
            Parameter::new(
                "provisioner",
                Type::Text { pattern: Some(provisioner()) },
                "Provisioner",
                "Who makes the volumes; kubernetes.io/no-provisioner for volumes prepared by hand.",
            ),
            reclaim_policy(
                "What happens to volumes of this class when their claim is deleted; cannot be changed.",
                "Delete",
                false,
            ),
            Parameter::new(
                "binding_mode",
                choice(&binding),
                "When a volume is made",
                "When a volume is chosen or made.",
            )
            .default(Answer::Text("WaitForFirstConsumer".to_owned())),
            Parameter::new("allow_expansion", Type::Bool, "May volumes grow", "Whether claims may be made larger.")
                .default(Answer::Bool(true)),
            Parameter::new(
                "default_class",
                Type::Bool,
                "The cluster's default class",
                "Taken for claims that name no class.",
            )
            .default(Answer::Bool(false))
            .quiet(),
            Parameter::new(
                "parameter",
                Type::List { item: ListItem::KeyValue },
                "Parameter of the provisioner",
                "What the provisioner is told, such as type=gp3; may be repeated.",
            )
            .optional()
            .quiet(),
        ],
        build,
        secrets: secret::sources,
    }
}

fn provisioner() -> Pattern {
    Pattern { regex: "[a-z0-9./-]+".to_owned(), words: "small letters, digits, `.`, `/` and `-`".to_owned() }
}

fn build(answers: &Answers, _: &str, _: &dyn Files) -> Result<Vec<serde_json::Value>, BuildError> {
    let answered = Answered(answers);
    let made = StorageClass {
        name: answered.needed("name")?.to_owned(),
        provisioner: answered.needed("provisioner")?.to_owned(),
        parameters: answered.pairs("parameter"),
        reclaim: policy(&answered),
        binds_on_first_use: answered.text("binding_mode") != Some("Immediate"),
        expandable: answered.yes("allow_expansion"),
        default: answered.yes("default_class"),
    };
    Ok(vec![storage_class(&made)])
}
