//! Pod addresses from the ranges that are reserved for documentation: nothing
//! ever answers there, and the endpoints controllers take them as text.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::opaque;

/// The first is tried first; the others only serve clusters with more pods
/// than it has room for.
const RANGES: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];
const HOSTS: u64 = 254;

/// The addresses that pods hold.
pub(super) struct Addresses(BTreeSet<String>);

impl Addresses {
    pub(super) fn in_use(pods: &[Arc<Value>]) -> Self {
        Self(pods.iter().map(|pod| pod.text("/status/podIP").to_owned()).filter(|held| !held.is_empty()).collect())
    }

    /// An address for a pod: derived from its UID, and the next free one if
    /// that is taken. With all in use, addresses are shared.
    pub(super) fn give(&mut self, pod: &Value) -> String {
        let first = opaque::number(pod.uid()) % HOSTS;
        let candidates = RANGES
            .iter()
            .flat_map(|range| (0..HOSTS).map(move |step| format!("{range}.{}", (first + step) % HOSTS + 1)));
        let free = candidates.into_iter().find(|address| !self.0.contains(address));
        let address = free.unwrap_or_else(|| format!("192.0.2.{}", first + 1));
        self.0.insert(address.clone());
        address
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::Addresses;

    #[test]
    fn addresses_stay_unique_beyond_the_first_range() {
        let mut addresses = Addresses::in_use(&[json!({"status": {"podIP": "192.0.2.7"}}).into()]);
        let given: BTreeSet<String> =
            (0..400).map(|n| addresses.give(&json!({"metadata": {"uid": format!("uid-{n}")}}))).collect();
        assert_eq!(given.len(), 400);
        assert!(!given.contains("192.0.2.7"));
        assert!(given.iter().filter(|address| address.starts_with("192.0.2.")).count() == 253);
    }
}
