//! Who uses a claim, and what a volume is attached to: quorum reads of all pods
//! and attachments, of which few are kept.

use std::borrow::Cow;

use serde_json::Value;

use super::{LeftOut, List, ListParams, Reader, Unbuilt};
use crate::facts::attachment::Attachment;
use crate::facts::pod::Pod;
use crate::objects::kinds::ApiKind;
use crate::objects::looked_for::LookedFor;

impl Reader {
    /// The pods of a namespace that use one of these claims.
    pub async fn pods_with(&self, namespace: &str, claims: &[String]) -> Result<Vec<Pod>, kube::Error> {
        let uses = |object: Cow<'_, Value>| Pod::read(&object).filter(|pod| claims.iter().any(|claim| pod.uses(claim)));
        self.few("Pod", namespace, LookedFor::PodsWith(claims.to_vec()), uses).await
    }

    /// The attachments of these volumes.
    pub async fn attachments_of(&self, volumes: &[String]) -> Result<Vec<Attachment>, kube::Error> {
        let hangs = |object: Cow<'_, Value>| {
            let is_of = |volume: &String| volumes.contains(volume);
            Attachment::read(&object).filter(|attachment| attachment.volume.as_ref().is_some_and(is_of))
        };
        self.few("VolumeAttachment", "", LookedFor::AttachmentsOf(volumes.to_vec()), hangs).await
    }

    async fn few<T>(
        &self,
        kind: &str,
        namespace: &str,
        looked_for: LookedFor,
        keep: impl Fn(Cow<'_, Value>) -> Option<T>,
    ) -> Result<Vec<T>, kube::Error> {
        let unknown = || kube::Error::BuildRequest(Unbuilt::Validation(format!("`{kind}` is no kind")));
        let kind = ApiKind::named(kind).ok_or_else(unknown)?;
        let (page, left_out) = (ListParams::default(), LeftOut::of(kind.kind));
        let list = List { page, left_out, names: false, looked_for: Some(looked_for) };
        self.collect_as(kind, namespace, list, keep).await
    }
}
