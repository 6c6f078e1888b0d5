//! Pods and the pods of templates (SS-08): what each part may say. What may
//! become of a pod that exists is in `update`.

mod containers;
mod env;
mod mounts;
mod pod_resources;
mod probes;
mod resources;
mod scheduling;
mod security;
mod sources;
mod spec;
mod status;
mod update;
mod volumes;

pub use scheduling::node_selector;
pub use sources::{host_path, iscsi, nfs};
pub use spec::{of_pod, of_template};
pub use status::of_status;
pub use update::of_change;
