//! In which order a run looks before it takes something away.

use kubectl_stateful::simulator::faults::{Schedule, Seen};

use crate::first::{First, Goal};
use crate::program::disk;
use crate::stage::VOLUMES;

#[test]
fn the_volume_is_read_last_before_its_claim_is_deleted() {
    let first = First::new(Goal::Retired);
    let stage = first.stage.fork();
    let faults = stage.faults(Schedule::default());
    first.begin(&stage, &faults, disk().path()).unwrap();
    let seen = faults.seen();
    let is_deletion = |seen: &Seen| {
        seen.method == "DELETE" && seen.path.contains("persistentvolumeclaims") && !seen.query.contains("dryRun")
    };
    let looks: Vec<&Seen> = seen.windows(2).filter(|pair| is_deletion(&pair[1])).map(|pair| &pair[0]).collect();
    assert_eq!(looks.len(), 2);
    for (look, volume) in looks.into_iter().zip(&first.volumes) {
        let path = format!("{VOLUMES}/{}", volume["metadata"]["name"].as_str().unwrap());
        assert_eq!((look.method.as_str(), &look.path), ("GET", &path));
    }
}
