//! When the log is written, and when it is written anew.

use super::*;

#[test]
fn the_clock_of_a_sandbox_that_stays_open_is_written_once_a_second_and_with_the_real_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let start = "2026-05-01T10:00:00Z".parse().unwrap();
    let (mut sandbox, world, _) = Sandbox::open(&path, start, None).unwrap();
    let lines = || std::fs::read_to_string(&path).unwrap().lines().count();
    let before = lines();
    for step in 1..=45 {
        let now = world.now + SignedDuration::from_millis(step * 100);
        sandbox.is_open_at(start + SignedDuration::from_millis(step * 100));
        sandbox.append(&[], now).unwrap();
    }
    assert_eq!(lines(), before + 5, "at once and at each second");
    let end = start + SignedDuration::from_millis(4_500);
    let (_, again, elapsed) = Sandbox::open(&path, end, None).unwrap();
    let elapsed = SignedDuration::try_from(elapsed).unwrap();
    assert_eq!(again.now + elapsed, world.now + SignedDuration::from_millis(4_500), "no time is lost");
}

#[test]
fn a_log_that_is_large_for_its_objects_alone_is_not_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let start = "2026-05-01T10:00:00Z".parse().unwrap();
    let (mut first, mut world, _) = Sandbox::open(&path, start, None).unwrap();
    let kind = crate::objects::kinds::ApiKind::named("ConfigMap").unwrap();
    let object = |name: String| {
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
                           "metadata": {"namespace": "default", "name": name}, "data": {"a": "x".repeat(1 << 20)}})
    };
    for number in 0..=LARGE >> 20 {
        world.store.restore(kind, object(format!("map-{number}")));
    }
    first.rewrite(&world).unwrap();
    let epoch = first.epoch;
    let (mut second, _, _) = Sandbox::open(&path, start, None).unwrap();
    assert!(second.offset > LARGE);
    assert_eq!((second.epoch, second.compact), (epoch, first.compact));
    second.reload(&mut world).unwrap();
    assert_eq!(second.compact, first.compact);
    let mut small = World::new(0, start, Vec::new());
    small.store.restore(kind, object("alone".to_owned()));
    first.rewrite(&small).unwrap();
    second.reload(&mut world).unwrap();
    assert_eq!(second.compact, first.compact, "what another wrote anew counts as its own");
}
