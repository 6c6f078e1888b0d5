//! Where something was made: a cluster may have the name of another one, and a
//! namespace that of one that is gone.

use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::error::Failure;
use crate::facts::reader::{Reader, is_forbidden};
use crate::runs::folder::About;
use crate::runs::plan::Plan;

/// A namespace of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The cluster in words for people.
    cluster: String,
    /// Empty: nobody wrote it down.
    server: String,
    namespace: String,
    /// `None`: it may not be read.
    pub cluster_uid: Option<String>,
    /// `None`: it may not be read.
    pub namespace_uid: Option<String>,
}

impl Place {
    /// Where a run was begun.
    pub fn of_run(about: &About) -> Self {
        Self {
            cluster: about.cluster.clone(),
            server: about.server.clone(),
            namespace: about.namespace.clone(),
            cluster_uid: about.cluster_uid.clone(),
            namespace_uid: about.namespace_uid.clone(),
        }
    }

    /// Where a plan was made.
    pub fn of_plan(plan: &Plan) -> Self {
        Self {
            cluster: plan.cluster.clone(),
            server: String::new(),
            namespace: plan.namespace.clone(),
            cluster_uid: plan.cluster_uid.clone(),
            namespace_uid: plan.namespace_uid.clone(),
        }
    }

    /// Where this command works.
    ///
    /// # Errors
    /// The cluster cannot be read.
    pub async fn here(connection: &Connection) -> Result<Self, Failure> {
        let reader = Reader::new(connection.client.clone());
        let mut found = [None, None];
        for (uid, namespace) in found.iter_mut().zip(["kube-system", connection.namespace.as_str()]) {
            *uid = match reader.namespace_uid(namespace).await {
                Err(error) if is_forbidden(&error) => None,
                read => read.map_err(|error| {
                    explain(&error, &connection.identity, &format!("reading namespace `{namespace}`"))
                })?,
            };
        }
        let [cluster_uid, namespace_uid] = found;
        Ok(Self { cluster_uid, namespace_uid, ..Self::unread(connection) })
    }

    /// The same of a cluster that does not say which it is.
    pub fn unread(connection: &Connection) -> Self {
        Self {
            cluster: connection.identity.name.clone(),
            server: connection.identity.server.clone(),
            namespace: connection.namespace.clone(),
            cluster_uid: None,
            namespace_uid: None,
        }
    }

    /// Whether it is on this cluster, in whatever namespace, by what can be told without asking it.
    pub fn is_on(&self, connection: &Connection) -> bool {
        let identity = &connection.identity;
        // All sandboxes without a server say the same of themselves there.
        let has_address = self.server.starts_with("https://");
        self.cluster == identity.name || (has_address && self.server == identity.server)
    }

    /// Whether both are one: by their UIDs, and where one of these is not known by
    /// the name of the cluster or its server, too.
    pub fn is(&self, other: &Self) -> bool {
        let uids = [(&self.cluster_uid, &other.cluster_uid), (&self.namespace_uid, &other.namespace_uid)];
        let known = uids.map(|(one, other)| one.as_ref().zip(other.as_ref()));
        let is_named_so = self.cluster == other.cluster || (!self.server.is_empty() && self.server == other.server);
        self.namespace == other.namespace
            && known.iter().flatten().all(|(one, other)| one == other)
            && (known.iter().all(Option::is_some) || is_named_so)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(cluster: &str, server: &str, uids: [Option<&str>; 2]) -> Place {
        let [cluster_uid, namespace_uid] = uids.map(|uid| uid.map(str::to_owned));
        Place {
            cluster: cluster.to_owned(),
            server: server.to_owned(),
            namespace: "default".to_owned(),
            cluster_uid,
            namespace_uid,
        }
    }

    #[test]
    fn uids_tell_places_apart_and_names_where_they_may_not_be_read() {
        let one = place("prod", "https://a", [Some("1"), Some("2")]);
        assert!(place("renamed", "https://b", [Some("1"), Some("2")]).is(&one));
        assert!(!place("prod", "https://a", [Some("1"), Some("3")]).is(&one));
        assert!(!place("prod", "https://a", [Some("9"), None]).is(&one));
        for unknown in [[None, None], [Some("1"), None], [None, Some("2")]] {
            assert!(place("prod", "https://b", unknown).is(&one), "{unknown:?}");
            assert!(place("renamed", "https://a", unknown).is(&one), "{unknown:?}");
            assert!(!place("other", "https://b", unknown).is(&one), "{unknown:?}");
            assert!(!place("other", "", unknown).is(&place("prod", "", unknown)), "{unknown:?}");
        }
        assert!(!Place { namespace: "other".to_owned(), ..one.clone() }.is(&one));
    }
}
