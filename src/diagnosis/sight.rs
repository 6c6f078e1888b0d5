//! What a rule about a live set looks at: the set, its members, and all that
//! was read around it. What could not be read is `None`, never "there is none".

use crate::facts::claim::Claim;
use crate::facts::inventory::Scene;
use crate::facts::ordinals::{claim_member, pod_name};
use crate::facts::overview::{ClaimOverview, PodOverview, SetOverview, VolumeState};
use crate::facts::pod::Pod;
use crate::facts::set::Set;
use crate::facts::surroundings::Surroundings;
use crate::facts::volume::Volume;
use crate::facts::words::{ManagementPolicy, Strategy};

/// One set and its surroundings.
pub struct Sight<'a> {
    pub overview: &'a SetOverview,
    pub scene: &'a Scene<'a>,
    pub around: &'a Surroundings,
    members: Vec<Member<'a>>,
}

/// A member of the set, with its pod if there is one.
pub struct Member<'a> {
    pub row: &'a PodOverview,
    pub pod: Option<&'a Pod>,
}

/// A claim of a member with its volume, where that could be read.
pub struct BoundVolume<'a> {
    pub member: &'a Member<'a>,
    pub claim: &'a Claim,
    pub volume: &'a Volume,
}

/// A volume that is left of a member's claim.
pub struct FormerVolume<'a> {
    pub volume: &'a Volume,
    /// The claim that is gone.
    pub claim: &'a str,
    pub member: String,
    /// The volume of the claim that has its name now.
    pub now_on: Option<&'a str>,
    /// Others that have been this claim's, or are reserved for it.
    pub rivals: Vec<&'a Volume>,
}

impl<'a> Sight<'a> {
    #[must_use]
    pub fn of(overview: &'a SetOverview, scene: &'a Scene<'a>, around: &'a Surroundings) -> Self {
        let own: Vec<&Pod> = scene.pods.iter().flatten().copied().filter(|pod| is_like(overview, pod)).collect();
        let pod = |name: &str| own.iter().copied().find(|pod| pod.meta.name == name);
        let members = overview.pods.iter().flatten().map(|row| Member { row, pod: pod(&row.name) }).collect();
        Self { overview, scene, around, members }
    }

    #[must_use]
    pub fn set(&self) -> &'a Set {
        &self.overview.set
    }

    #[must_use]
    pub fn namespace(&self) -> &'a str {
        &self.set().meta.namespace
    }

    /// By ordinal; none if pods cannot be read.
    #[must_use]
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The claims of all members, by ordinal and then by template.
    pub fn claims(&self) -> impl Iterator<Item = (&Member<'a>, &'a ClaimOverview)> {
        let of = |member: &Member<'a>| member.row.claims.iter().flatten();
        self.members.iter().flat_map(move |member| of(member).map(move |claim| (member, claim)))
    }

    /// Those of them that have a volume, whoever else it belongs to.
    pub fn volumes(&self) -> impl Iterator<Item = BoundVolume<'_>> {
        self.claims().filter_map(|(member, overview)| match (&overview.claim, &overview.volume) {
            (Some(claim), VolumeState::There(volume)) => Some(BoundVolume { member, claim, volume }),
            (Some(_) | None, _) => None,
        })
    }

    /// Whether no other open node reaches the volume. Taints and selectors of nodes are left
    /// aside: what a pod puts up with is not read once it has a node.
    #[must_use]
    pub fn is_reached_only_from(&self, volume: &Volume, node: &str) -> bool {
        let (Some(nodes), Some(selector)) = (self.scene.nodes, &volume.nodes) else { return false };
        let others = nodes.iter().filter(|other| other.meta.name != node && other.is_schedulable());
        !others.into_iter().any(|other| selector.admits(other) != Some(false))
    }

    /// The first volume, of a member that runs on this node, that no other reaches.
    #[must_use]
    pub fn volume_only_of_node(&self, node: &str) -> Option<&str> {
        let runs_there = |member: &Member<'_>| member.pod.is_some_and(|pod| pod.node.as_deref() == Some(node));
        let mut held = self.volumes().filter(|bound| runs_there(bound.member));
        held.find(|bound| self.is_reached_only_from(bound.volume, node)).map(|bound| bound.volume.meta.name.as_str())
    }

    /// Volumes of claims that members had and that do not exist any more, by UID: a
    /// claim of the same name is another one (PV-34). While that one waits for a volume,
    /// what is said of it tells of these too.
    #[must_use]
    pub fn former_volumes(&self) -> Vec<FormerVolume<'a>> {
        let (Some(volumes), Some(claims)) = (&self.scene.volumes, &self.scene.claims) else { return Vec::new() };
        let (set, templates) = (self.set(), self.set().template_names());
        let former = |volume: &'a Volume| {
            let of = volume.claim.as_ref().filter(|of| of.namespace == set.meta.namespace && !of.uid.is_empty())?;
            let (_, ordinal) = claim_member(&set.meta.name, &templates, &of.name)?;
            let now = claims.get(of.name.as_str()).copied();
            let now_on = match now {
                None => None,
                Some(claim) if claim.meta.uid == of.uid => return None,
                Some(claim) => Some(claim.volume_name.as_deref().filter(|name| *name != volume.meta.name)?),
            };
            let is_rival =
                |other: &&Volume| other.meta.name != volume.meta.name && other.was_of(&of.namespace, &of.name);
            let rivals = volumes.values().copied().filter(is_rival).filter(|other| now_on != Some(&other.meta.name));
            let rivals = rivals.collect();
            Some(FormerVolume { volume, claim: &of.name, member: pod_name(&set.meta.name, ordinal), now_on, rivals })
        };
        volumes.values().copied().filter_map(former).collect()
    }

    /// A run is at work on the set: what is in between is not wrong. Unknown reads as no.
    #[must_use]
    pub fn is_worked_on(&self) -> bool {
        self.overview.lock.as_ref().is_some_and(|lock| !lock.is_over(self.scene.now))
    }

    /// One after the other, each waiting for those before it (SS-21).
    #[must_use]
    pub fn in_order(&self) -> bool {
        self.set().management == ManagementPolicy::OrderedReady
    }

    /// It has an older revision than the set wants, and should be replaced:
    /// below the partition an older revision is as it should be (SS-61).
    #[must_use]
    pub fn is_outdated(&self, member: &Member<'_>) -> bool {
        let set = self.set();
        let first = set.range.start + set.partition;
        let wanted = &set.status.update_revision;
        let old = |pod: &Pod| !wanted.is_empty() && !pod.revision().is_empty() && pod.revision() != *wanted;
        set.strategy != Strategy::OnDelete
            && set.is_observed()
            && member.row.in_range
            && member.row.ordinal.0 >= first
            && member.pod.is_some_and(old)
    }

    /// There is a pod that does not count for the set: it is not on its way out, and
    /// not ready, or not for long enough (SS-36).
    #[must_use]
    pub fn is_unavailable(&self, member: &Member<'_>) -> bool {
        let counts = |pod: &Pod| pod.is_available(self.set().min_ready, self.scene.now);
        member.pod.is_some_and(|pod| !counts(pod) && pod.meta.deleting.is_none())
    }

    /// Its node is gone or does not answer, as far as nodes can be read.
    #[must_use]
    pub fn is_on_lost_node(&self, pod: &Pod) -> bool {
        let lost = |name| self.scene.nodes.is_some() && self.scene.node(name).is_none_or(|node| !node.ready);
        pod.node.as_deref().is_some_and(lost)
    }

    /// Members that the set wants and that there are no pods of.
    #[must_use]
    pub fn lacks_pods(&self) -> bool {
        let rows = self.overview.pods.as_deref();
        rows.is_some_and(|rows| self.overview.more_missing > 0 || rows.iter().any(|row| row.pod.is_none()))
    }
}

/// Whether the pod may have the name of a member.
fn is_like(overview: &SetOverview, pod: &Pod) -> bool {
    pod.meta.name.starts_with(&overview.set.meta.name)
}

impl Member<'_> {
    /// There is a pod, and it neither serves nor is on its way out.
    #[must_use]
    pub fn is_unready(&self) -> bool {
        self.pod.is_some_and(|pod| !pod.is_ready() && pod.meta.deleting.is_none())
    }
}
