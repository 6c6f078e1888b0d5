//! What nodes call the volumes that are attached to them, which claims have such
//! a volume and which attachments hold, read once for each version: what is asked
//! of all volumes of a node reads no JSON of those that are as they were.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::controllers::attachments::{self, Had, is_attachable, is_of_controller, unique_name};
use super::controllers::binder::is_in_use;
use super::controllers::fields::Fields;
use super::controllers::migrated::driver_and_handle;

/// By name; claims by namespace first. They are looked up and never gone through, so
/// that they need no order.
#[derive(Clone, Debug, Default)]
pub(super) struct Disks {
    volumes: HashMap<String, Disk>,
    /// The volumes of the claims that are bound; `None` of the others.
    claims: HashMap<String, HashMap<String, Option<String>>>,
    /// The attachments that hold.
    attached: HashMap<String, Attached>,
    /// Volumes by what nodes call them.
    called: HashMap<String, BTreeSet<String>>,
}

/// A volume that has to be attached.
#[derive(Clone, Debug)]
struct Disk {
    unique: String,
    driver: String,
}

#[derive(Clone, Debug)]
struct Attached {
    volume: String,
    driver: String,
}

impl Disks {
    /// Takes in a change of an object.
    pub fn note(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let Some(object) = after.or(before) else { return };
        match object.kind() {
            "PersistentVolume" => self.note_volume(object.name(), after),
            "PersistentVolumeClaim" => {
                let claims = self.claims.entry(object.namespace().to_owned()).or_default();
                let volume = |claim: &Value| is_in_use(claim).then(|| claim.text("/spec/volumeName").to_owned());
                turn(claims, object.name(), after.map(volume));
            }
            attachments::KIND => {
                let holds = |attachment: &&Value| attachments::holds(attachment) && is_of_controller(attachment);
                let attached = |attachment: &Value| Attached {
                    volume: attachment.text("/spec/source/persistentVolumeName").to_owned(),
                    driver: attachment.text("/spec/attacher").to_owned(),
                };
                turn(&mut self.attached, object.name(), after.filter(holds).map(attached));
            }
            _ => {}
        }
    }

    fn note_volume(&mut self, name: &str, after: Option<&Value>) {
        let disk = |volume: &Value| Disk {
            unique: unique_name(volume),
            driver: driver_and_handle(volume).unwrap_or_default().0.to_owned(),
        };
        if let Some(old) = self.volumes.get(name)
            && let Some(names) = self.called.get_mut(&old.unique)
        {
            names.remove(name);
            if names.is_empty() {
                self.called.remove(&old.unique);
            }
        }
        let new = after.filter(|volume| is_attachable(volume)).map(disk);
        if let Some(disk) = &new {
            self.called.entry(disk.unique.clone()).or_default().insert(name.to_owned());
        }
        turn(&mut self.volumes, name, new);
    }

    /// What a claim has.
    pub fn of_claim(&self, namespace: &str, claim: &str) -> Had<'_> {
        let Some(volume) = self.claims.get(namespace).and_then(|claims| claims.get(claim)) else {
            return Had::NoClaim;
        };
        let disk = volume.as_ref().and_then(|volume| self.volumes.get(volume));
        disk.map_or(Had::NoDisk, |disk| Had::Disk(disk.unique.as_str().into()))
    }

    /// What nodes call the volume of an attachment that holds.
    pub fn of_attachment(&self, attachment: &str) -> Option<&str> {
        let attached = self.attached.get(attachment)?;
        let disk = self.volumes.get(&attached.volume)?;
        (disk.driver == attached.driver).then_some(disk.unique.as_str())
    }

    /// The volumes that nodes call so.
    pub fn called(&self, unique: &str) -> impl Iterator<Item = &str> {
        self.called.get(unique).into_iter().flatten().map(String::as_str)
    }
}

/// Puts in what is known of a name now, or takes out what is not any more.
fn turn<T>(held: &mut HashMap<String, T>, name: &str, now: Option<T>) {
    match now {
        Some(known) => drop(held.insert(name.to_owned(), known)),
        None => drop(held.remove(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn volumes_are_known_by_their_claims_and_attachments() {
        let volume = json!({"kind": "PersistentVolume", "metadata": {"name": "v"},
            "spec": {"csi": {"driver": "d", "volumeHandle": "h"}}});
        let claim = |phase: &str| {
            json!({"kind": "PersistentVolumeClaim", "status": {"phase": phase}, "spec": {"volumeName": "v"},
                "metadata": {"namespace": "n", "name": "c", "annotations": {"pv.kubernetes.io/bind-completed": "yes"}}})
        };
        let name = attachments::attachment_name(&volume, "x");
        let attachment = |driver: &str, attached: bool| {
            json!({"kind": "VolumeAttachment", "metadata": {"name": name}, "status": {"attached": attached},
                   "spec": {"attacher": driver, "nodeName": "x", "source": {"persistentVolumeName": "v"}}})
        };
        let mut disks = Disks::default();
        let unique = unique_name(&volume);
        disks.note(None, Some(&claim("Bound")));
        assert_eq!((disks.of_claim("n", "c"), disks.of_claim("n", "d")), (Had::NoDisk, Had::NoClaim));
        disks.note(None, Some(&volume));
        assert_eq!(disks.of_claim("n", "c"), Had::Disk(unique.as_str().into()));
        assert!(disks.called(&unique).eq(["v"]));
        disks.note(Some(&claim("Bound")), Some(&claim("Lost")));
        assert_eq!(disks.of_claim("n", "c"), Had::NoDisk);
        for (driver, attached, known) in [("d", false, None), ("e", true, None), ("d", true, Some(unique.as_str()))] {
            disks.note(None, Some(&attachment(driver, attached)));
            assert_eq!(disks.of_attachment(&name), known, "{driver} {attached}");
        }
        disks.note(Some(&volume), None);
        assert!(disks.of_attachment(&name).is_none() && disks.called.is_empty());
        disks.note(Some(&attachment("d", true)), None);
        disks.note(Some(&claim("Lost")), None);
        assert!(disks.attached.is_empty() && disks.of_claim("n", "c") == Had::NoClaim);
    }
}
