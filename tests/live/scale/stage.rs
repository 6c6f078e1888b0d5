//! A set whose volumes are folders of a provisioner that really deletes them,
//! each with a file of its own in it, and what one sees of them from outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fmt, fs};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::ensure;
use crate::sets::{headless_service, set};
use crate::support::cli::{Cli, Said};
use crate::support::credentials::User;
use crate::support::seed::class;
use crate::world::World;

pub const TEMPLATES: [&str; 2] = ["data", "log"];

/// What our program writes on objects begins with this.
const MARKS: &str = "kubectl-stateful/";

/// One set with its disks, and somebody at a shell.
pub struct Stage<'a> {
    pub world: &'a World,
    pub set: String,
    pub cli: Cli,
    class: String,
    /// All folders that were ever seen; they go with the stage, however it ends.
    folders: Mutex<Vec<PathBuf>>,
}

/// Everything of a set that a scale-down must not lose.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub replicas: u64,
    /// The volume of each claim.
    pub claims: BTreeMap<String, String>,
    pub volumes: BTreeMap<String, Disk>,
}

/// A volume and what is on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    pub uid: String,
    pub policy: String,
    pub phase: String,
    pub is_marked: bool,
    /// `None`: the folder or the file in it is gone.
    pub data: Option<String>,
}

impl<'a> Stage<'a> {
    /// A set `web` of so many members, all ready, all with data.
    pub fn ready(world: &'a World, replicas: u32) -> Result<Self, Failed> {
        Self::with(world, "web", replicas, &json!({}))
    }

    /// The same with a name of its own and more in its spec.
    pub fn with(world: &'a World, name: &str, replicas: u32, spec: &Value) -> Result<Self, Failed> {
        let class_name = format!("{}-{name}", world.namespace);
        world.create(class(&class_name, "kubernetes.io/host-path", "Delete", "Immediate", false))?;
        let mut object = set(name, replicas, &class_name);
        let mut template = object["spec"]["volumeClaimTemplates"][0].clone();
        object["spec"]["volumeClaimTemplates"] = TEMPLATES
            .iter()
            .map(|of| {
                template["metadata"]["name"] = json!(of);
                template.clone()
            })
            .collect();
        for (field, value) in spec.as_object().into_iter().flatten() {
            object["spec"][field] = value.clone();
        }
        world.create(headless_service(name))?;
        world.create(object)?;
        let cli = world.cli(User::Admin)?;
        let stage = Self { world, set: name.to_owned(), cli, class: class_name, folders: Mutex::default() };
        stage.until_ready(u64::from(replicas))?;
        for volume in stage.volumes()? {
            fs::write(stage.folder(&volume).join("data"), precious(&volume))?;
        }
        Ok(stage)
    }

    /// Waits until the set has so many members, seen by its controller, ready and
    /// none of them on its way out: those still count as ready.
    pub fn until_ready(&self, replicas: u64) -> Result<Value, String> {
        let members = format!("{}-", self.set);
        self.world.until("members that stay", || {
            let pods = self.world.list("Pod")?;
            let leaves = |pod: &Value| {
                let of_the_set = pod["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(&members));
                of_the_set && !pod["metadata"]["deletionTimestamp"].is_null()
            };
            Ok((!pods.iter().any(leaves)).then_some(()))
        })?;
        self.world.until_object("StatefulSet", &self.set, |set| {
            let status = &set["status"];
            let is_seen = status["observedGeneration"] == set["metadata"]["generation"];
            is_seen && [&status["replicas"], &status["readyReplicas"]].iter().all(|count| **count == json!(replicas))
        })
    }

    /// Takes members away without waiting longer than needed.
    pub fn scale(&self, to: u32, more: &[&str]) -> Result<Said, Failed> {
        let to = to.to_string();
        let words = ["scale", &self.set, "--replicas", &to, "--yes", "--no-app-check", "--settle", "0s"];
        Ok(self.cli.run(&[&words[..], more].concat())?)
    }

    /// The same with `--claims retire`, which must succeed.
    pub fn retire(&self, to: u32) -> Result<Said, Failed> {
        Ok(self.scale(to, &["--claims", "retire"])?.ended(0)?)
    }

    pub fn picture(&self) -> Result<Picture, Failed> {
        let set = self.world.get("StatefulSet", &self.set)?.ok_or("no set")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let claims = self.world.list("PersistentVolumeClaim")?;
        let claims = claims.iter().filter(|claim| claim["spec"]["storageClassName"] == self.class.as_str());
        let claims = claims.map(|claim| (text(&claim["metadata"]["name"]), text(&claim["spec"]["volumeName"])));
        let disk = |volume: &Value| Disk {
            uid: text(&volume["metadata"]["uid"]),
            policy: text(&volume["spec"]["persistentVolumeReclaimPolicy"]),
            phase: text(&volume["status"]["phase"]),
            is_marked: is_marked(volume),
            data: fs::read_to_string(self.folder(volume).join("data")).ok(),
        };
        let volumes = self.volumes()?;
        let volumes = volumes.iter().map(|volume| (text(&volume["metadata"]["name"]), disk(volume)));
        let replicas = set["spec"]["replicas"].as_u64().unwrap_or_default();
        Ok(Picture { replicas, claims: claims.collect(), volumes: volumes.collect() })
    }

    /// The UID of each claim.
    pub fn claim_uids(&self) -> Result<BTreeMap<String, String>, Failed> {
        let mut claims = self.world.list("PersistentVolumeClaim")?;
        claims.retain(|claim| claim["spec"]["storageClassName"] == self.class.as_str());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(claims.iter().map(|claim| (text(&claim["metadata"]["name"]), text(&claim["metadata"]["uid"]))).collect())
    }

    /// Fails unless everything is as it was, with this text besides.
    pub fn is_still(&self, before: &Picture, said: &Said) -> Result<(), Failed> {
        let now = self.picture()?;
        ensure(now == *before, || format!("before {before:?}\nnow {now:?}\n{said}"))?;
        self.is_unlocked(said)
    }

    /// Fails if somebody still holds the set.
    pub fn is_unlocked(&self, said: &Said) -> Result<(), Failed> {
        let lease = self.world.get("Lease", &format!("stateful-{}", self.set))?;
        ensure(lease.is_none(), || format!("a lock is left: {lease:?}\n{said}"))
    }

    /// Where these volumes keep their data; a volume that is gone is no reason
    /// to forget its folder.
    pub fn folder(&self, volume: &Value) -> PathBuf {
        let path = Path::new(volume["spec"]["hostPath"]["path"].as_str().unwrap_or("/nowhere")).to_owned();
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if !folders.contains(&path) {
            folders.push(path.clone());
        }
        path
    }

    /// How many of the folders that were ever seen are there.
    pub fn folders_there(&self) -> usize {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.iter().filter(|folder| folder.exists()).count()
    }

    /// The volumes of its class: others are other tests'.
    pub fn volumes(&self) -> Result<Vec<Value>, String> {
        let mut volumes = self.world.list("PersistentVolume")?;
        volumes.retain(|volume| volume["spec"]["storageClassName"] == self.class.as_str());
        Ok(volumes)
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        for folder in self.folders.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if folder.starts_with("/tmp/hostpath_pv") {
                fs::remove_dir_all(folder).ok();
            }
        }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} replicas", self.replicas)?;
        self.claims.iter().try_for_each(|(claim, volume)| writeln!(out, "  {claim}: {volume}"))?;
        self.volumes.iter().try_for_each(|(volume, disk)| writeln!(out, "  {volume}: {disk:?}"))
    }
}

impl Picture {
    /// The volumes whose claims are gone.
    pub fn retired(&self) -> impl Iterator<Item = &Disk> {
        let claimed = |name: &String| self.claims.values().any(|volume| volume == name);
        self.volumes.iter().filter(move |(name, _)| !claimed(name)).map(|(_, disk)| disk)
    }

    /// What `disks` finds in a picture from before of the volumes retired here:
    /// the same by UID, protected, and with the same data.
    pub fn has_retired(&self, count: usize, before: &Self, said: &Said) -> Result<(), Failed> {
        let is_kept = |disk: &&Disk| {
            let former = before.volumes.values().find(|former| former.uid == disk.uid);
            let same = former.is_some_and(|former| former.data.is_some() && former.data == disk.data);
            same && disk.policy == "Retain" && disk.phase == "Released" && disk.is_marked
        };
        let kept = self.retired().filter(is_kept).count();
        let all = self.retired().count() == count && self.volumes.len() == before.volumes.len();
        ensure(kept == count && all, || format!("{kept} of {count} kept\nbefore {before:?}\nnow {self:?}\n{said}"))
    }
}

/// What stands in the file of a volume: whose it was first.
fn precious(volume: &Value) -> String {
    let held = &volume["spec"]["claimRef"];
    format!("{} of {}", held["uid"], held["name"])
}

fn is_marked(volume: &Value) -> bool {
    ["labels", "annotations"].iter().any(|what| {
        let marks = volume["metadata"][what].as_object();
        marks.into_iter().flatten().any(|(key, _)| key.starts_with(MARKS))
    })
}
