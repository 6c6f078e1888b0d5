//! Everything this room learns from the surroundings of the process, looked up
//! once and then passed along as values. Tests hand in their own and never
//! touch the variables of the test process.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Where Kubernetes mounts token, certificates and namespace into a pod.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Variables, folders and the terminal, as far as they matter here. The
/// default is an empty world: nothing set, no home, not in a pod.
#[derive(Clone, Default)]
pub struct Environment {
    /// `KUBECONFIG`: a list of files.
    pub kubeconfig: Option<OsString>,
    pub home: Option<PathBuf>,
    /// `KUBERC`: kubectl's preferences file, or `off`.
    pub kuberc: Option<OsString>,
    /// `PATH`, to see which file a credential plugin's name means.
    pub path: Option<OsString>,
    pub https_proxy: Option<String>,
    pub http_proxy: Option<String>,
    pub no_proxy: Option<String>,
    /// `KUBERNETES_SERVICE_HOST` and `_PORT`: the API server as a pod sees it.
    pub service_host: Option<String>,
    pub service_port: Option<String>,
    /// `POD_NAMESPACE`, which client-go prefers over the mounted file.
    pub pod_namespace: Option<String>,
    /// The folder of the service account; empty means none.
    pub service_account: PathBuf,
    /// Whether a credential plugin may ask the user something.
    pub terminal: bool,
}

impl Environment {
    /// The surroundings of this process.
    pub fn of_process() -> Self {
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG"),
            home: std::env::home_dir(),
            kuberc: std::env::var_os("KUBERC"),
            path: std::env::var_os("PATH"),
            https_proxy: first(&["HTTPS_PROXY", "https_proxy"]),
            http_proxy: first(&["HTTP_PROXY", "http_proxy"]),
            no_proxy: first(&["NO_PROXY", "no_proxy"]),
            service_host: first(&["KUBERNETES_SERVICE_HOST"]),
            service_port: first(&["KUBERNETES_SERVICE_PORT"]),
            pod_namespace: first(&["POD_NAMESPACE"]),
            service_account: PathBuf::from(SERVICE_ACCOUNT),
            terminal: std::io::stdin().is_terminal(),
        }
    }
}

/// The first of these variables that is set and not empty.
fn first(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty())
}
