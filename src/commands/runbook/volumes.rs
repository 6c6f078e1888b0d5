//! `volumes list`: what is left of members that are gone.

use std::fmt::Write as _;

use crate::cluster::failure::explain;
use crate::commands::Context;
use crate::error::Failure;
use crate::facts::claim::Claim;
use crate::facts::inventory::read_list;
use crate::facts::leftovers::{EarlierClaim, Fate, earlier_claims};
use crate::facts::pod::Pod;
use crate::facts::reader::Reader;
use crate::facts::set::Set;
use crate::runs::reads::{self, ReadError};

/// Retired volumes with the run that retired them, and claims that no member
/// uses. A volume that is bound again is no longer retired. For `-o name` there are
/// the names of volumes alone, as kubectl takes them.
///
/// # Errors
/// The cluster cannot be read.
pub async fn volumes(only_names: bool, context: &Context<'_>) -> Result<(), Failure> {
    let connection = context.connection;
    let reader = Reader::new(connection.client.clone());
    let explained = |error: ReadError| match error {
        ReadError::Api(error) => explain(&error, &connection.identity, "listing volumes"),
        other => Failure::failed("unreadable", other.to_string()),
    };
    let mut text = String::new();
    let retired = reads::retired(&reader, &connection.namespace, None, None).await.map_err(explained)?;
    let retired: Vec<_> = retired.iter().filter(|found| found.phase != "Bound").collect();
    if only_names {
        let lines = retired.iter().map(|found| format!("persistentvolume/{}\n", found.volume.object.name));
        return context.screen.print(&lines.collect::<Vec<_>>().concat());
    }
    for found in retired {
        let _ = writeln!(
            text,
            "{:20}  {:8}  {:10}  {}/{} of {}  retired {} by run {}",
            found.volume.object.name,
            found.size,
            found.phase,
            found.set,
            found.ordinal,
            found.template,
            found.at,
            found.run
        );
    }
    let left = leftovers(&reader, &connection.namespace).await.map_err(|error| explained(error.into()))?;
    for (set, claim, user) in left.iter().flatten() {
        let (name, ordinal, template) = (&claim.name, claim.ordinal.0, &claim.template);
        let what = match user {
            _ if claim.deleting => "it is being deleted".to_owned(),
            Some(pod) => format!("pod {pod} still uses it, and the set wants that no more"),
            None => "no member uses it, and the next scale-up finds its data".to_owned(),
        };
        let _ = writeln!(text, "{name:20}  {:8}  {:10}  {set}/{ordinal} of {template}  {what}", claim.size, "claim");
    }
    if left.is_none() {
        context.screen.caution("you may not list statefulsets and persistentvolumeclaims: leftover claims are unknown");
    }
    if text.is_empty() {
        let what = format!("no retired volumes and no leftover claims in namespace {}", connection.namespace);
        context.screen.tell(&what);
        return Ok(());
    }
    context.screen.print(&text)
}

/// A set, a claim that it wants no more, and a pod that still uses that.
type Left = (String, EarlierClaim, Option<String>);

/// The claims of each set that none of the members that it wants uses; `None` where
/// they may not be read. Pods that may not be read are taken for gone.
async fn leftovers(reader: &Reader, namespace: &str) -> Result<Option<Vec<Left>>, kube::Error> {
    let sets = read_list(reader, "StatefulSet", namespace, Set::read).await?;
    let claims = read_list(reader, "PersistentVolumeClaim", namespace, Claim::read).await?;
    let (Some(sets), Some(claims)) = (sets, claims) else { return Ok(None) };
    let of_set = |set: &Set| {
        let name = set.meta.name.clone();
        let (templates, range) = (set.template_names(), set.range);
        let found = earlier_claims(&name, &templates, range.start, range.replicas, &claims);
        let left = found.into_iter().filter(|claim| claim.fate == Fate::Leftover);
        left.map(|claim| (name.clone(), claim)).collect::<Vec<_>>()
    };
    let found: Vec<_> = sets.iter().flat_map(of_set).collect();
    let pods = if found.is_empty() { None } else { read_list(reader, "Pod", namespace, Pod::read).await? };
    let user = |claim: &EarlierClaim| {
        let uses = |pod: &&Pod| pod.claims.iter().any(|used| used.claim == claim.name);
        pods.iter().flatten().find(uses).map(|pod| pod.meta.name.clone())
    };
    let told = |(set, claim): (String, EarlierClaim)| {
        let user = user(&claim);
        (set, claim, user)
    };
    Ok(Some(found.into_iter().map(told).collect()))
}
