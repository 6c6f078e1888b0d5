//! What one live test has: a fresh namespace on a shared control plane, a
//! runtime to talk to it, and short words for looking, making and waiting.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::plane;
use crate::support::api::{Api, Method, path_of, runtime};
use crate::support::cli::Cli;
use crate::support::control_plane::ControlPlane;
use crate::support::credentials::User;
use crate::support::supervised::tail;

/// A cluster that has not come to a state by then will not.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct World {
    pub plane: Arc<ControlPlane>,
    pub namespace: String,
    pub api: Api,
    pub client: kube::Client,
    pub runtime: tokio::runtime::Runtime,
}

impl World {
    /// A new namespace named after the test.
    pub fn fresh(namespace: &str) -> Result<Self, String> {
        Self::on(plane::get()?, namespace)
    }

    /// A new namespace on this control plane.
    pub fn on(plane: Arc<ControlPlane>, namespace: &str) -> Result<Self, String> {
        let runtime = runtime()?;
        let client = runtime.block_on(plane.client(User::Admin))?;
        let api = Api::new(client.clone(), "live-test");
        let world = Self { plane, namespace: namespace.to_owned(), api, client, runtime };
        world.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))?;
        Ok(world)
    }

    /// The plugin and kubectl at the hands of `user`, in this namespace.
    pub fn cli(&self, user: User) -> Result<Cli, String> {
        Cli::live(&self.plane, user, &self.namespace)
    }

    /// Creates an object; a namespaced one that names no namespace lands here.
    pub fn create(&self, mut object: Value) -> Result<Value, String> {
        let kind = object["kind"].as_str().and_then(kubectl_stateful::objects::kinds::ApiKind::named);
        if kind.is_some_and(|kind| kind.namespaced) && object["metadata"]["namespace"].is_null() {
            object["metadata"]["namespace"] = self.namespace.as_str().into();
        }
        Ok(self.runtime.block_on(self.api.create(&object))?)
    }

    pub fn get(&self, kind: &str, name: &str) -> Result<Option<Value>, String> {
        let known = kubectl_stateful::objects::kinds::ApiKind::named(kind);
        let namespace = if known.is_some_and(|kind| kind.namespaced) { self.namespace.as_str() } else { "" };
        Ok(self.runtime.block_on(self.api.get(kind, namespace, name))?)
    }

    pub fn list(&self, kind: &str) -> Result<Vec<Value>, String> {
        Ok(self.runtime.block_on(self.api.list(kind, &self.namespace))?)
    }

    pub fn delete(&self, kind: &str, name: &str) -> Result<(), String> {
        let path = path_of(kind, &self.namespace, name);
        self.runtime.block_on(self.api.send(Method::Delete, &path, None))?;
        Ok(())
    }

    pub fn merge_patch(&self, kind: &str, name: &str, patch: &Value) -> Result<Value, String> {
        let object = path_of(kind, &self.namespace, name);
        Ok(self.runtime.block_on(self.api.send(Method::MergePatch, &object, Some(patch)))?)
    }

    /// Gives `user` one of the roles `view`, `edit` or `admin` in this namespace.
    pub fn grant(&self, user: User, role: &str) -> Result<(), String> {
        let group = "rbac.authorization.k8s.io";
        let binding = json!({
            "apiVersion": format!("{group}/v1"), "kind": "RoleBinding",
            "metadata": {"name": format!("{}-{role}", user.name())},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user.name()}],
        });
        let path = format!("/apis/{group}/v1/namespaces/{}/rolebindings", self.namespace);
        self.runtime.block_on(self.api.send(Method::Post, &path, Some(&binding)))?;
        Ok(())
    }

    /// Looks again and again until `seen` finds what it waits for.
    pub fn until<T>(&self, what: &str, seen: impl Fn() -> Result<Option<T>, String>) -> Result<T, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = seen()? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                let refusals = tail(&self.plane.log("actors"));
                return Err(format!("not within {PATIENCE:?} in {}: {what}\nactors: {refusals}", self.namespace));
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits until an object exists and fulfils `is_so`.
    pub fn until_object(&self, kind: &str, name: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value, String> {
        let looked = self.until(&format!("{kind} {name}"), || Ok(self.get(kind, name)?.filter(&is_so)));
        looked.map_err(|error| match self.get(kind, name) {
            Ok(Some(last)) => format!("{error}\nlast seen: {last}"),
            Ok(None) | Err(_) => format!("{error}\nlast seen: nothing"),
        })
    }

    /// Waits until an object is no more.
    pub fn until_gone(&self, kind: &str, name: &str) -> Result<(), String> {
        self.until(&format!("{kind} {name} gone"), || Ok(self.get(kind, name)?.is_none().then_some(())))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let path = path_of("Namespace", "", &self.namespace);
        self.runtime.block_on(self.api.send(Method::Delete, &path, None)).ok();
    }
}
