//! What stands around sets without belonging to them: classes, budgets,
//! autoscalers, attachments, endpoints and the revisions of sets. Who only wants the first answer of the night
//! does not read it; what was not or may not be read is `None`.

use futures::join;

use super::attachment::Attachment;
use super::autoscaler::Autoscaler;
use super::budget::Budget;
use super::class::Class;
use super::endpoints::Slice;
use super::inventory::read_list;
use super::reader::Reader;
use super::revision::Revision;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    pub classes: Option<Vec<Class>>,
    pub budgets: Option<Vec<Budget>>,
    pub autoscalers: Option<Vec<Autoscaler>>,
    pub attachments: Option<Vec<Attachment>>,
    pub slices: Option<Vec<Slice>>,
    pub revisions: Option<Vec<Revision>>,
}

/// For who has not looked around.
pub static UNREAD: Surroundings =
    Surroundings { classes: None, budgets: None, autoscalers: None, attachments: None, slices: None, revisions: None };

impl Surroundings {
    /// Reads all of it; an empty `namespace` means all of them. Revisions, which hold
    /// whole templates, matter only while some set is `rolling`.
    ///
    /// # Errors
    /// Whatever is not a lack of rights.
    pub async fn read(reader: &Reader, namespace: &str, rolling: bool) -> Result<Self, kube::Error> {
        let revisions = async {
            if rolling {
                read_list(reader, "ControllerRevision", namespace, Revision::read).await
            } else {
                Ok(Some(Vec::new()))
            }
        };
        let (classes, budgets, autoscalers, attachments, slices, revisions) = join!(
            read_list(reader, "StorageClass", "", Class::read),
            read_list(reader, "PodDisruptionBudget", namespace, Budget::read),
            read_list(reader, "HorizontalPodAutoscaler", namespace, Autoscaler::read),
            read_list(reader, "VolumeAttachment", "", Attachment::read),
            read_list(reader, "EndpointSlice", namespace, Slice::read),
            revisions,
        );
        Ok(Self {
            classes: classes?,
            budgets: budgets?,
            autoscalers: autoscalers?,
            attachments: attachments?,
            slices: slices?,
            revisions: revisions?,
        })
    }

    /// What matters to a member that does not come up: attachments and classes. The rest stays unread.
    ///
    /// # Errors
    /// Whatever is not a lack of rights.
    pub async fn of_storage(reader: &Reader) -> Result<Self, kube::Error> {
        let (classes, attachments) = join!(
            read_list(reader, "StorageClass", "", Class::read),
            read_list(reader, "VolumeAttachment", "", Attachment::read),
        );
        Ok(Self { classes: classes?, attachments: attachments?, ..UNREAD.clone() })
    }

    /// What could not be read, as rights name it.
    #[must_use]
    pub fn unreadable(&self) -> Vec<&'static str> {
        [
            (self.classes.is_none(), "storageclasses"),
            (self.budgets.is_none(), "poddisruptionbudgets"),
            (self.autoscalers.is_none(), "horizontalpodautoscalers"),
            (self.attachments.is_none(), "volumeattachments"),
            (self.slices.is_none(), "endpointslices"),
            (self.revisions.is_none(), "controllerrevisions"),
        ]
        .into_iter()
        .filter_map(|(missing, what)| missing.then_some(what))
        .collect()
    }

    /// The attachments of a volume.
    pub fn attachments_of<'a>(&'a self, volume: &'a str) -> impl Iterator<Item = &'a Attachment> {
        let all = self.attachments.iter().flatten();
        all.filter(move |attachment| attachment.volume.as_deref() == Some(volume))
    }
}
