//! Pod addresses from the ranges that are reserved for documentation: nothing
//! ever answers there, and the endpoints controllers take them as text.

use serde_json::Value;

use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::{View, opaque};

/// The first is tried first; the others only serve clusters with more pods
/// than it has room for.
const RANGES: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];
const HOSTS: u64 = 254;

/// An address for a pod: derived from its UID, and the next free one if
/// that is taken. With all in use, addresses are shared.
pub(super) fn address(view: &dyn View, pod: &Value) -> String {
    let first = opaque::number(pod.uid()) % HOSTS;
    let mut candidates =
        RANGES.iter().flat_map(|range| (0..HOSTS).map(move |step| format!("{range}.{}", (first + step) % HOSTS + 1)));
    view.first_free(&mut candidates).unwrap_or_else(|| format!("192.0.2.{}", first + 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::address;
    use crate::simulator::controllers::fields::Fields;
    use crate::simulator::controllers::world::World;

    #[test]
    fn addresses_stay_unique_beyond_the_first_range() {
        let mut world = World::new();
        let pod = |name: &str, address: &str| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
                   "status": {"podIP": address}})
        };
        world.put(pod("old", "192.0.2.7"));
        let mut given = BTreeSet::new();
        for number in 0..400 {
            let name = format!("pod-{number}");
            let free = address(&world, &json!({"metadata": {"uid": format!("uid-{number}")}}));
            world.put(pod(&name, &free));
            given.insert(world.object("Pod", &name).text("/status/podIP").to_owned());
        }
        assert_eq!(given.len(), 400);
        assert!(!given.contains("192.0.2.7"));
        assert!(given.iter().filter(|address| address.starts_with("192.0.2.")).count() == 253);
    }
}
