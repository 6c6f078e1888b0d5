//! Reads of the cluster what manifests lean on. What may not be read is left
//! out and named.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use serde_json::Value;

use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::diagnosis::beyond::{Beyond, Needs};
use crate::error::Failure;
use crate::facts::budget::Budget;
use crate::facts::claim::Claim;
use crate::facts::class::Class;
use crate::facts::inventory::{read_kind, read_list};
use crate::facts::node::Node;
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::volume::Volume;
use crate::facts::workload::{self, Workload};
use crate::objects::kinds::ApiKind;

/// Objects that are asked for at the same time.
const SIDE_BY_SIDE: usize = 16;

/// What there is, and the resources that may not be read.
///
/// # Errors
/// The server cannot be reached, or fails.
pub async fn read(needs: &Needs, connection: &Connection) -> Result<(Beyond, Vec<&'static str>), Failure> {
    let reader = &Reader::new(connection.client.clone());
    let failed = |error: kube::Error| explain(&error, &connection.identity, "reading what the manifests need");
    let mut beyond = Beyond { namespace: connection.namespace.clone(), ..Beyond::default() };
    let mut unknown = Vec::new();
    if needs.classes {
        beyond.classes = read_list(reader, "StorageClass", "", Class::read).await.map_err(failed)?;
        unknown.extend(beyond.classes.is_none().then_some("storageclasses"));
    }
    if needs.volumes {
        beyond.volumes = read_list(reader, "PersistentVolume", "", Volume::read).await.map_err(failed)?;
        unknown.extend(beyond.volumes.is_none().then_some("persistentvolumes"));
    }
    if needs.nodes {
        let nodes = read_list(reader, "Node", "", Node::read).await.map_err(failed)?;
        beyond.nodes = nodes.map(|nodes| nodes.iter().filter(|node| node.takes(&[])).count());
        unknown.extend(beyond.nodes.is_none().then_some("nodes"));
    }
    let lists = Lists { reader, own: &connection.namespace };
    if !needs.claims_of.is_empty() {
        let kind = "PersistentVolumeClaim";
        beyond.claims = lists.of(kind, &needs.claims_of, Claim::read, &mut unknown).await.map_err(failed)?;
    }
    if !needs.budgets_of.is_empty() {
        let kind = "PodDisruptionBudget";
        beyond.budgets = lists.of(kind, &needs.budgets_of, Budget::read, &mut unknown).await.map_err(failed)?;
    }
    if !needs.workloads_of.is_empty() {
        beyond.workloads = lists.workloads(&needs.workloads_of, &mut unknown).await.map_err(failed)?;
    }
    let asked = needs.objects.values().map(|object| async move {
        let mut there = object.clone();
        if there.namespace.is_empty() {
            there.namespace.clone_from(&connection.namespace);
        }
        (object, reader.get(&there).await)
    });
    let answers: Vec<_> = stream::iter(asked).buffered(SIDE_BY_SIDE).collect().await;
    for (object, answer) in answers {
        match answer {
            Ok(found) => beyond.keep(object, found.map(Arc::unwrap_or_clone)),
            Err(error) if is_forbidden(&error) => unknown.push(object.kind.plural),
            Err(error) => return Err(failed(error)),
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    Ok((beyond, unknown))
}

/// Lists of several namespaces.
struct Lists<'a> {
    reader: &'a Reader,
    /// Where objects go that name no namespace.
    own: &'a str,
}

impl Lists<'_> {
    /// `None`, and named, if one of them may not be read.
    async fn of<T>(
        &self,
        kind: &str,
        namespaces: &BTreeSet<String>,
        read: fn(&Value) -> Option<T>,
        unknown: &mut Vec<&'static str>,
    ) -> Result<Option<Vec<T>>, kube::Error> {
        let Some(kind) = ApiKind::named(kind) else { return Ok(None) };
        self.read(kind, namespaces, read, unknown).await
    }

    /// All who make pods; none of them where one kind may not be read, since who
    /// is not seen may be the one that is looked for.
    async fn workloads(
        &self,
        namespaces: &BTreeSet<String>,
        unknown: &mut Vec<&'static str>,
    ) -> Result<Option<Vec<Workload>>, kube::Error> {
        let mut all = Some(Vec::new());
        for kind in workload::KINDS {
            let found = self.read(kind, namespaces, |object| Workload::read(object, kind), unknown).await?;
            all = all.zip(found).map(|(known, found)| [known, found].concat());
        }
        Ok(all.map(workload::without_members))
    }

    async fn read<T>(
        &self,
        kind: &ApiKind,
        namespaces: &BTreeSet<String>,
        read: impl Fn(&Value) -> Option<T>,
        unknown: &mut Vec<&'static str>,
    ) -> Result<Option<Vec<T>>, kube::Error> {
        let mut all = Some(Vec::new());
        // One that is written and meant by those without one is read once.
        let resolved = |namespace: &String| if namespace.is_empty() { self.own.to_owned() } else { namespace.clone() };
        for namespace in namespaces.iter().map(resolved).collect::<BTreeSet<String>>() {
            let found = read_kind(self.reader, kind, &namespace, None, &read).await?;
            all = all.zip(found).map(|(mut known, found)| {
                known.extend(found);
                known
            });
        }
        unknown.extend(all.is_none().then_some(kind.plural));
        Ok(all)
    }
}
