//! What is read for one set alone, however much others have in its namespace:
//! its own pods and claims, and their volumes by name. All of a kind is read
//! only where something is not as it should be.

use futures::future::try_join_all;
use futures::join;
use serde_json::Value;

use super::claim::Claim;
use super::inventory::{Inventory, read_list, read_selected};
use super::lock::{Held, lease_name};
use super::node::Node;
use super::ordinals::{claim_member, pod_name, pod_ordinal};
use super::pod::Pod;
use super::reader::{Reader, is_forbidden};
use super::service::Service;
use super::set::Set;
use super::volume::Volume;
use super::words::ClaimPhase;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// More members without a pod are not looked up one by one.
const MOST_MISSING: usize = 10;
/// More claims are not looked up one by one.
const MOST_CLAIMS: usize = 32;
/// More volumes are not looked up one by one.
const MOST_VOLUMES: usize = 32;

/// How much is read around a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What its members are and have.
    Members,
    /// And whatever rules hold against it: the volumes of others, and the pods
    /// that its Service leads to.
    Rules,
}

impl Inventory {
    /// Reads what belongs to `set`, which is one of `sets`.
    ///
    /// # Errors
    /// Whatever is not a lack of rights.
    pub async fn around_one(set: &Set, sets: Vec<Set>, reader: &Reader, reach: Reach) -> Result<Self, kube::Error> {
        let namespace = set.meta.namespace.as_str();
        let lease = [lease_name(&set.meta.name)];
        let (pods, services, nodes, locks) = join!(
            pods(set, reader),
            read_list(reader, "Service", namespace, Service::read),
            read_list(reader, "Node", "", Node::read),
            by_name(reader, "Lease", namespace, &lease, Held::read),
        );
        let mut pods = pods?;
        let claims = claims(set, pods.as_deref(), reader).await?;
        // Who holds a claim on its way out may be anybody.
        if pods.is_some() && claims.iter().flatten().any(|claim| claim.meta.deleting.is_some()) {
            pods = read_list(reader, "Pod", namespace, Pod::read).await?;
        }
        let services = services?;
        if let (Reach::Rules, Some(own)) = (reach, &mut pods) {
            led_to(set, services.as_deref(), own, reader).await?;
        }
        let volumes = match reach {
            Reach::Members => volumes(claims.as_deref(), reader).await?,
            Reach::Rules => read_list(reader, "PersistentVolume", "", Volume::read).await?,
        };
        let (nodes, events, locks) = (nodes?, Some(Vec::new()), locks?);
        Ok(Self { sets, sets_hidden: false, pods, claims, services, volumes, nodes, events, locks })
    }
}

/// The pods that the set selects, and those that have the name of a member
/// without being one (SS-04).
async fn pods(set: &Set, reader: &Reader) -> Result<Option<Vec<Pod>>, kube::Error> {
    let namespace = set.meta.namespace.as_str();
    let selector = set.pod_selector.as_deref();
    let Some(mut pods) = read_selected(reader, "Pod", namespace, selector, Pod::read).await? else { return Ok(None) };
    let there = |name: &String| pods.iter().any(|pod| pod.meta.name == *name);
    let missing = set.range.iter().take(MOST_MISSING + pods.len()).map(|ordinal| pod_name(&set.meta.name, ordinal));
    let missing: Vec<String> = missing.filter(|name| !there(name)).take(MOST_MISSING).collect();
    let strangers = by_name(reader, "Pod", namespace, &missing, Pod::read).await?;
    pods.extend(strangers.into_iter().flatten());
    pods.sort_by(|one, other| one.meta.name.cmp(&other.meta.name));
    Ok(Some(pods))
}

/// Adds the pods that the governing Service chooses and the set does not.
async fn led_to(
    set: &Set,
    services: Option<&[Service]>,
    pods: &mut Vec<Pod>,
    reader: &Reader,
) -> Result<(), kube::Error> {
    let governs = |service: &&Service| Some(&service.meta.name) == set.service_name.as_ref();
    let Some(service) = services.into_iter().flatten().find(governs) else { return Ok(()) };
    if service.selector.is_empty() || service.selector == set.selector {
        return Ok(());
    }
    let selector: Vec<String> = service.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let chosen = read_selected(reader, "Pod", &set.meta.namespace, Some(&selector.join(",")), Pod::read)
        .await?
        .unwrap_or_default();
    let there: Vec<String> = pods.iter().map(|pod| pod.meta.uid.clone()).collect();
    pods.extend(chosen.into_iter().filter(|pod| !there.contains(&pod.meta.uid)));
    pods.sort_by(|one, other| one.meta.name.cmp(&other.meta.name));
    Ok(())
}

/// The claims with the name of a member's, and those that its pods use.
async fn claims(set: &Set, pods: Option<&[Pod]>, reader: &Reader) -> Result<Option<Vec<Claim>>, kube::Error> {
    let templates = set.template_names();
    let members = || pods.into_iter().flatten().filter(|pod| pod_ordinal(&set.meta.name, &pod.meta.name).is_some());
    let is_used = |name: &str| members().any(|pod| pod.uses(name));
    let is_wanted = |name: &str| claim_member(&set.meta.name, &templates, name).is_some() || is_used(name);
    let Some(kind) = ApiKind::named("PersistentVolumeClaim") else { return Ok(None) };
    let names = match reader.names(kind, &set.meta.namespace).await {
        Ok(names) => names,
        Err(error) if is_forbidden(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let wanted: Vec<String> = names.into_iter().filter(|name| is_wanted(name)).collect();
    if wanted.len() <= MOST_CLAIMS {
        let found = by_name(reader, kind.kind, &set.meta.namespace, &wanted, Claim::read).await?;
        // Who may list them need not be allowed to get one.
        if found.is_some() {
            return Ok(found);
        }
    }
    let of_the_set = |object: &Value| {
        object["metadata"]["name"].as_str().filter(|name| is_wanted(name)).and_then(|_| Claim::read(object))
    };
    read_list(reader, kind.kind, &set.meta.namespace, of_the_set).await
}

/// The volumes of the claims; all there are where a claim has none.
async fn volumes(claims: Option<&[Claim]>, reader: &Reader) -> Result<Option<Vec<Volume>>, kube::Error> {
    let claims = claims.unwrap_or_default();
    let bound = claims.iter().filter(|claim| claim.phase == ClaimPhase::Bound);
    let names: Vec<String> = bound.filter_map(|claim| claim.volume_name.clone()).collect();
    if names.len() < claims.len() || names.len() > MOST_VOLUMES {
        return read_list(reader, "PersistentVolume", "", Volume::read).await;
    }
    by_name(reader, "PersistentVolume", "", &names, Volume::read).await
}

/// Those of these objects that there are; `None` if one may not be read.
async fn by_name<T>(
    reader: &Reader,
    kind: &str,
    namespace: &str,
    names: &[String],
    read: fn(&Value) -> Option<T>,
) -> Result<Option<Vec<T>>, kube::Error> {
    let Some(kind) = ApiKind::named(kind) else { return Ok(None) };
    let one = |name: &String| {
        let object = ObjectRef { kind, namespace: namespace.to_owned(), name: name.clone() };
        async move { reader.get(&object).await }
    };
    match try_join_all(names.iter().map(one)).await {
        Ok(found) => Ok(Some(found.iter().flatten().filter_map(|object| read(object)).collect())),
        Err(error) if is_forbidden(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
