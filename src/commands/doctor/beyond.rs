//! Reads of the cluster what manifests lean on. What may not be read is left
//! out and named.

use futures::stream::{self, StreamExt as _};

use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::diagnosis::beyond::{Beyond, Needs};
use crate::error::Failure;
use crate::facts::claim::Claim;
use crate::facts::class::Class;
use crate::facts::inventory::read_list;
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::volume::Volume;

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
    if !needs.claims_of.is_empty() {
        beyond.classes = read_list(reader, "StorageClass", "", Class::read).await.map_err(failed)?;
        beyond.volumes = read_list(reader, "PersistentVolume", "", Volume::read).await.map_err(failed)?;
        let mut claims = Some(Vec::new());
        for namespace in &needs.claims_of {
            let namespace = if namespace.is_empty() { &connection.namespace } else { namespace };
            let found = read_list(reader, "PersistentVolumeClaim", namespace, Claim::read).await.map_err(failed)?;
            claims = claims.zip(found).map(|(known, found)| [known, found].concat());
        }
        beyond.claims = claims;
        let missing = [
            (beyond.classes.is_none(), "storageclasses"),
            (beyond.volumes.is_none(), "persistentvolumes"),
            (beyond.claims.is_none(), "persistentvolumeclaims"),
        ];
        unknown.extend(missing.into_iter().filter_map(|(missing, what)| missing.then_some(what)));
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
            Ok(found) => beyond.keep(object, found),
            Err(error) if is_forbidden(&error) => unknown.push(object.kind.plural),
            Err(error) => return Err(failed(error)),
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    Ok((beyond, unknown))
}
