//! Whether a node will have a pod, in the order and with the texts of the real
//! filters: cordon, taints, selector and affinity, resources; then, after the
//! volumes, spreading and other pods.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::placed::Placed;
use super::resources::insufficient;
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::{selector, taints};

const SPREAD: &str = "node(s) didn't match pod topology spread constraints";
const ANTI_AFFINITY: &str = "node(s) didn't match pod anti-affinity rules";
const AFFINITY: &str = "node(s) didn't match pod affinity rules";
const EXISTING: &str = "node(s) didn't satisfy existing pods anti-affinity rules";

const PORTS: &str = "node(s) didn't have free ports for the requested pod ports";
const ANY_ADDRESS: &str = "0.0.0.0";

/// Why a pod cannot go to a node.
pub(super) struct Unfit {
    pub reasons: Vec<String>,
    /// Removing pods from the node would not help; decides a number in the text
    /// only.
    pub is_hopeless: bool,
}

impl Unfit {
    pub(super) fn hopeless(reason: &str) -> Self {
        Self { reasons: vec![reason.to_owned()], is_hopeless: true }
    }

    pub(super) fn crowded(reason: &str) -> Self {
        Self { reasons: vec![reason.to_owned()], is_hopeless: false }
    }
}

/// Why the node itself will not do; looked at before volumes.
pub(super) fn misfit(pod: &Value, node: &Value, pods: &Placed) -> Option<Unfit> {
    let cordoned = node["spec"]["unschedulable"] == true;
    if cordoned && !tolerates(pod, "node.kubernetes.io/unschedulable", "", "NoSchedule") {
        return Some(Unfit::hopeless("node(s) were unschedulable"));
    }
    let untolerated = node.items("/spec/taints").iter().any(|taint| {
        let effect = taint.text("/effect");
        matches!(effect, "NoSchedule" | "NoExecute")
            && !tolerates(pod, taint.text("/key"), taint.text("/value"), effect)
    });
    if untolerated {
        return Some(Unfit::hopeless("node(s) had untolerated taint(s)"));
    }
    let required = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let labels = &node["metadata"]["labels"];
    if !selector::pairs(&pod["spec"]["nodeSelector"], labels) || !selector::node_matches(required, node) {
        return Some(Unfit::hopeless("node(s) didn't match Pod's node affinity/selector"));
    }
    if pods.on(node).iter().any(|other| is_port_taken(pod, other)) {
        return Some(Unfit::crowded(PORTS));
    }
    insufficient(pod, node, pods)
}

/// Both want the same port of the node: of all its addresses, or of the same.
fn is_port_taken(pod: &Value, other: &Value) -> bool {
    let wanted = host_ports(pod);
    !wanted.is_empty()
        && host_ports(other).iter().any(|held| {
            wanted.iter().any(|new| {
                let same_address = new.2 == held.2 || new.2 == ANY_ADDRESS || held.2 == ANY_ADDRESS;
                (new.0, new.1) == (held.0, held.1) && same_address
            })
        })
}

/// The node's ports that a pod takes: number, protocol, address.
fn host_ports(pod: &Value) -> Vec<(i64, &str, &str)> {
    let containers = pod.items("/spec/containers").iter();
    let ports = containers.flat_map(|container| container.items("/ports"));
    ports
        .filter_map(|port| {
            let number = port.number("/hostPort").filter(|number| *number > 0)?;
            Some((number, unless_empty(port.text("/protocol"), "TCP"), unless_empty(port.text("/hostIP"), ANY_ADDRESS)))
        })
        .collect()
}

/// Why the pods that are there will not have it; looked at after volumes.
pub(super) fn crowded(pod: &Value, node: &Value, nodes: &[Arc<Value>], pods: &Placed) -> Option<Unfit> {
    let spread = pod.items("/spec/topologySpreadConstraints").iter();
    let mut hard = spread.filter(|constraint| constraint["whenUnsatisfiable"] == "DoNotSchedule");
    if hard.any(|constraint| skewed(pod, constraint, node, nodes, pods)) {
        return Some(Unfit::crowded(SPREAD));
    }
    let terms =
        |path: &str| pod.items(&format!("/spec/affinity/{path}/requiredDuringSchedulingIgnoredDuringExecution"));
    let near = |term: &Value| {
        pods.active
            .iter()
            .any(|other| chosen(term, pod, other) && shares(term.text("/topologyKey"), node, other, nodes))
    };
    if !terms("podAffinity").iter().all(|term| near(term) || starts_group(term, pod, pods)) {
        return Some(Unfit::hopeless(AFFINITY));
    }
    if terms("podAntiAffinity").iter().any(near) {
        return Some(Unfit::crowded(ANTI_AFFINITY));
    }
    existing_refuse(pod, node, nodes, pods).then(|| Unfit::crowded(EXISTING))
}

/// The first pod of a group that wants to be near itself may go anywhere.
fn starts_group(term: &Value, pod: &Value, pods: &Placed) -> bool {
    chosen(term, pod, pod) && !pods.active.iter().any(|other| chosen(term, pod, other))
}

/// A term of `owner` selects the pod `other`.
fn chosen(term: &Value, owner: &Value, other: &Value) -> bool {
    let namespaces = term.items("/namespaces");
    let here = if namespaces.is_empty() {
        term["namespaceSelector"].is_object() || other.namespace() == owner.namespace()
    } else {
        namespaces.iter().any(|name| name == other.namespace())
    };
    here && selector::matches(&term["labelSelector"], other)
}

/// The pod `other` is in the same domain of `key` as the node.
fn shares(key: &str, node: &Value, other: &Value, nodes: &[Arc<Value>]) -> bool {
    let domain = node.label(key);
    let home = nodes.iter().find(|home| home.name() == other.text("/spec/nodeName"));
    domain.is_some() && home.and_then(|home| home.label(key)) == domain
}

fn existing_refuse(pod: &Value, node: &Value, nodes: &[Arc<Value>], pods: &Placed) -> bool {
    pods.choosy.iter().any(|other| {
        other
            .items("/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution")
            .iter()
            .any(|term| chosen(term, other, pod) && shares(term.text("/topologyKey"), node, other, nodes))
    })
}

/// One more pod in the node's domain would exceed `maxSkew`. A node without
/// the label has no domain and will not do. Of fewer domains than `minDomains`
/// the emptiest counts as empty.
fn skewed(pod: &Value, constraint: &Value, node: &Value, nodes: &[Arc<Value>], pods: &Placed) -> bool {
    let key = constraint.text("/topologyKey");
    let Some(domain) = node.label(key) else { return true };
    let is_counted = |other: &Value| {
        other.namespace() == pod.namespace()
            && !other.terminating()
            && selector::matches(&constraint["labelSelector"], other)
    };
    let required = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let mut counts = BTreeMap::<&str, i64>::new();
    for node in nodes {
        let labels = &node["metadata"]["labels"];
        let is_eligible =
            selector::pairs(&pod["spec"]["nodeSelector"], labels) && selector::node_matches(required, node);
        if let Some(domain) = node.label(key).filter(|_| is_eligible) {
            let count = counts.entry(domain).or_default();
            *count += pods.on(node).iter().filter(|other| is_counted(other)).map(|_| 1).sum::<i64>();
        }
    }
    let domains = i64::try_from(counts.len()).unwrap_or(i64::MAX);
    let is_too_few = constraint.number("/minDomains").is_some_and(|wanted| domains < wanted);
    let fewest = if is_too_few { 0 } else { counts.values().copied().min().unwrap_or(0) };
    let own = i64::from(selector::matches(&constraint["labelSelector"], pod));
    let count = counts.get(domain).copied().unwrap_or(0);
    count + own > fewest.saturating_add(constraint.number("/maxSkew").unwrap_or(1))
}

fn tolerates(pod: &Value, key: &str, value: &str, effect: &str) -> bool {
    pod.items("/spec/tolerations").iter().any(|toleration| taints::tolerates(toleration, key, value, effect))
}

fn unless_empty<'a>(text: &'a str, usual: &'a str) -> &'a str {
    if text.is_empty() { usual } else { text }
}
