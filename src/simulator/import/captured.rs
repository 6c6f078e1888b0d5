//! What keeps a copied pod, node, claim, volume or attachment as it was found.
//! Why a pod is not ready, or does not stop, is outside of what is copied: its
//! containers; why a claim gets no volume, or a volume is not attached, detached
//! or deleted, is inside of its driver. It would get well in the copy by itself,
//! so it is marked to stay as it is.

use jiff::Timestamp;
use serde_json::Value;

use super::annotate;
use crate::objects::stuck::{Around, Stuck, goes_by_knobs, ready_since, stuck};
use crate::simulator::clock::clock_text;
use crate::simulator::controllers::attacher::DETACHING;
use crate::simulator::controllers::fields::Fields as _;
use crate::simulator::controllers::kubelet::{AS_CAPTURED, DOWN_SINCE, NODE_DOWN, STOP_SECONDS, is_settled};

/// Marks what is stuck among the others, and pods that are well
/// in another way than ours would be.
pub(super) fn mark(object: &mut Value, at: Timestamp, around: &Around) {
    let Some(stuck) = stuck(object, at, around) else {
        if is_well_otherwise(object) {
            annotate(object, AS_CAPTURED, "true");
        }
        return;
    };
    let (key, value) = match stuck {
        Stuck::Undetached => (AS_CAPTURED, DETACHING),
        Stuck::Unmade | Stuck::Ungrown | Stuck::Unattached | Stuck::Undeleted | Stuck::Failed | Stuck::Unwell => {
            (AS_CAPTURED, "true")
        }
        Stuck::Unstopped => (STOP_SECONDS, "never"),
        Stuck::Down => {
            let since = ready_since(object).unwrap_or(at);
            annotate(object, DOWN_SINCE, &clock_text(since));
            (NODE_DOWN, "true")
        }
    };
    annotate(object, key, value);
}

/// A ready pod that a kubelet of ours would write about.
fn is_well_otherwise(object: &Value) -> bool {
    let is_over = object.has_ended();
    let runs = object.kind() == "Pod" && !is_over && !object.text("/spec/nodeName").is_empty();
    runs && object.holds("Ready") && !object.terminating() && !goes_by_knobs(object) && !is_settled(object)
}
