//! A real Kubernetes control plane on loopback: etcd, kube-apiserver,
//! kube-controller-manager and kube-scheduler of the pinned version, in a
//! private temporary folder. Nothing of it outlives the process that holds it.
//! A bare one is etcd and the API server: nobody writes but the test.
//!
//! There is no kubelet: nodes and disks are played by `actors`.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;

use super::api::runtime;
use super::credentials::{Credentials, User};
use super::supervised::{Supervised, private_folder, tail};
use super::{seed, tools};

/// Controllers that matter to stateful workloads. Without the aggregation
/// controller the roles `view` and `edit` are empty.
const CONTROLLERS: &str = "statefulset-controller,persistentvolume-binder-controller,\
persistentvolumeclaim-protection-controller,persistentvolume-protection-controller,\
persistentvolume-expander-controller,persistentvolume-attach-detach-controller,endpoints-controller,endpointslice-controller,\
garbage-collector-controller,namespace-controller,disruption-controller,pod-garbage-collector-controller,\
clusterrole-aggregation-controller,ephemeral-volume-controller,resourcequota-controller,horizontal-pod-autoscaler-controller";

const NODE_CONTROLLERS: &str = "node-lifecycle-controller,taint-eviction-controller,pod-garbage-collector-controller";

/// Off in 1.36 (SS-63).
const GATE: &str = "--feature-gates=MaxUnavailableStatefulSet=true";

/// How often a start is repeated with other ports when one was taken.
const ATTEMPTS: u32 = 4;
const READY_WITHIN: Duration = Duration::from_secs(90);

/// Processes that run from here on; dropping it ends them and removes the folder.
pub struct ControlPlane {
    /// In the order of starting: etcd, API server, controllers, scheduler.
    processes: Vec<(&'static str, Supervised)>,
    folder: PathBuf,
    tools: PathBuf,
    credentials: Credentials,
    /// Last, so that the folder goes when nobody writes to it any more.
    _janitor: Supervised,
}

/// Which servers a control plane has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    All,
    /// The same with `rollingUpdate.maxUnavailable` of sets switched on.
    Gated,
    /// No controllers, no scheduler.
    ApiServer,
    /// The same, with a short memory.
    Forgetful,
    /// Only what looks after nodes, and does so soon.
    NodeControllers,
}

enum StartError {
    /// A port was taken between our choosing it and the server's binding it.
    PortTaken,
    Other(String),
}

impl From<String> for StartError {
    fn from(message: String) -> Self {
        Self::Other(message)
    }
}

impl ControlPlane {
    /// Builds the tools where needed, starts everything, waits until the API
    /// server is ready and puts the nodes and storage classes in.
    pub fn start() -> Result<Self, String> {
        Self::with(Parts::All)
    }

    /// The same where `rollingUpdate.maxUnavailable` of a set counts, as in 1.37 (SS-63).
    pub fn start_gated() -> Result<Self, String> {
        Self::with(Parts::Gated)
    }

    /// The same without controllers and scheduler.
    pub fn start_bare() -> Result<Self, String> {
        Self::with(Parts::ApiServer)
    }

    /// The same, which forgets old revisions within seconds.
    pub fn start_forgetful() -> Result<Self, String> {
        Self::with(Parts::Forgetful)
    }

    /// An API server with the controllers that look after nodes and the pods
    /// on them: a node counts as lost after four silent seconds. The others do
    /// without, since played nodes are silent.
    pub fn start_for_nodes() -> Result<Self, String> {
        Self::with(Parts::NodeControllers)
    }

    fn with(parts: Parts) -> Result<Self, String> {
        let tools = tools::kubernetes()?;
        for _ in 0..ATTEMPTS {
            match Self::attempt(&tools, parts) {
                Ok(plane) => return Ok(plane),
                Err(StartError::PortTaken) => {}
                Err(StartError::Other(message)) => return Err(message),
            }
        }
        Err(format!("no control plane after {ATTEMPTS} attempts: each time a port was taken"))
    }

    fn attempt(tools: &Path, parts: Parts) -> Result<Self, StartError> {
        let folder = private_folder()?;
        let janitor = Supervised::janitor(&folder).map_err(|error| format!("janitor: {error}"))?;
        let [clients, peers, secure] = free_ports()?;
        let server = format!("https://127.0.0.1:{secure}");
        let credentials = Credentials::make(&folder)?;
        credentials.write_kubeconfigs(&server)?;
        let mut plane = Self { processes: Vec::new(), folder, tools: tools.to_owned(), credentials, _janitor: janitor };
        let etcd = plane.etcd_flags(clients, peers);
        plane.launch("server", &etcd)?;
        let mut api_server = plane.api_server_flags(clients, secure);
        if parts == Parts::Forgetful {
            api_server.push("--etcd-compaction-interval=1s".to_owned());
        }
        if parts == Parts::Gated {
            api_server.push(GATE.to_owned());
        }
        plane.launch("kube-apiserver", &api_server)?;
        runtime()?.block_on(plane.until_serving())?;
        runtime()?.block_on(async { seed::put_in(&plane.client(User::Admin).await?).await })?;
        match parts {
            Parts::ApiServer | Parts::Forgetful => {}
            Parts::NodeControllers => {
                let mut controllers = plane.controller_manager_flags(NODE_CONTROLLERS);
                controllers.push("--node-monitor-period=500ms".to_owned());
                controllers.push("--node-monitor-grace-period=4s".to_owned());
                plane.launch("kube-controller-manager", &controllers)?;
            }
            Parts::All | Parts::Gated => {
                let mut controllers = plane.controller_manager_flags(CONTROLLERS);
                if parts == Parts::Gated {
                    controllers.push(GATE.to_owned());
                }
                plane.launch("kube-controller-manager", &controllers)?;
                let scheduler = plane.scheduler_flags();
                plane.launch("kube-scheduler", &scheduler)?;
                runtime()?.block_on(plane.until_aggregated())?;
            }
        }
        Ok(plane)
    }

    fn launch(&mut self, name: &'static str, flags: &[String]) -> Result<(), String> {
        let process = Supervised::start(&self.tools.join(name), flags, &self.log(name))
            .map_err(|error| format!("`{name}` did not start: {error}"))?;
        self.processes.push((name, process));
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "a server of others starts in its own time")]
    async fn until_serving(&mut self) -> Result<(), StartError> {
        let client = self.client(User::Admin).await?;
        let deadline = Instant::now() + READY_WITHIN;
        let mut pause = Duration::from_millis(20);
        loop {
            if get_text(&client, "/readyz").await.is_ok_and(|text| text == "ok") {
                return Ok(());
            }
            self.check_alive()?;
            if Instant::now() > deadline {
                let log = tail(&self.log("kube-apiserver"));
                return Err(format!("the API server was not ready within {READY_WITHIN:?}:\n{log}").into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// The aggregated roles have their rules.
    #[expect(clippy::disallowed_methods, reason = "a server of others starts in its own time")]
    async fn until_aggregated(&mut self) -> Result<(), StartError> {
        let client = self.client(User::Admin).await?;
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let role = get_text(&client, "/apis/rbac.authorization.k8s.io/v1/clusterroles/edit").await?;
            let role: Value = serde_json::from_str(&role).map_err(|error| error.to_string())?;
            if role["rules"].as_array().is_some_and(|rules| !rules.is_empty()) {
                return Ok(());
            }
            self.check_alive()?;
            if Instant::now() > deadline {
                let log = tail(&self.log("kube-controller-manager"));
                return Err(format!("role `edit` stayed empty for {READY_WITHIN:?}:\n{log}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn check_alive(&mut self) -> Result<(), StartError> {
        for (name, process) in &mut self.processes {
            if let Some(status) = process.ended().map_err(|error| error.to_string())? {
                let log = tail(&self.folder.join(format!("{name}.log")));
                if log.contains("address already in use") {
                    return Err(StartError::PortTaken);
                }
                return Err(format!("`{name}` ended early ({status}):\n{log}").into());
            }
        }
        Ok(())
    }

    /// A client for the runtime that this is called in. kube's own retries are
    /// off: they would replay writes.
    pub async fn client(&self, user: User) -> Result<Client, String> {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig(user)).map_err(|error| error.to_string())?;
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .map_err(|error| error.to_string())?;
        config.default_retry = false;
        config.proxy_url = None;
        Client::try_from(config).map_err(|error| error.to_string())
    }

    pub fn kubeconfig(&self, user: User) -> PathBuf {
        self.credentials.kubeconfig(user)
    }

    /// The real kubectl of the same version.
    pub fn kubectl(&self) -> PathBuf {
        self.tools.join("kubectl")
    }

    /// Where everything of this control plane lies while it runs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process groups of the servers, by name of the program.
    pub fn groups(&self) -> Vec<(&'static str, u32)> {
        self.processes.iter().map(|(name, process)| (*name, process.group())).collect()
    }

    /// What a server wrote, for a failing test to show.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn etcd_flags(&self, clients: u16, peers: u16) -> Vec<String> {
        vec![
            format!("--data-dir={}", self.folder.join("etcd").display()),
            format!("--listen-client-urls=http://127.0.0.1:{clients}"),
            format!("--advertise-client-urls=http://127.0.0.1:{clients}"),
            format!("--listen-peer-urls=http://127.0.0.1:{peers}"),
            format!("--initial-advertise-peer-urls=http://127.0.0.1:{peers}"),
            format!("--initial-cluster=default=http://127.0.0.1:{peers}"),
            "--unsafe-no-fsync".to_owned(),
            "--log-level=error".to_owned(),
        ]
    }

    fn api_server_flags(&self, clients: u16, secure: u16) -> Vec<String> {
        let files = &self.credentials;
        vec![
            format!("--etcd-servers=http://127.0.0.1:{clients}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={secure}"),
            format!("--cert-dir={}", self.folder.display()),
            format!("--tls-cert-file={}", files.certificate().display()),
            format!("--tls-private-key-file={}", files.certificate_key().display()),
            "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-key-file={}", files.signing_public_key().display()),
            format!("--service-account-signing-key-file={}", files.signing_key().display()),
            format!("--token-auth-file={}", files.tokens().display()),
            // RBAC, so that missing rights can be tested.
            "--authorization-mode=RBAC".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--allow-privileged=true".to_owned(),
            // Priority and fairness would queue the tests of two cores' worth of clients.
            "--enable-priority-and-fairness=false".to_owned(),
        ]
    }

    fn controller_manager_flags(&self, controllers: &str) -> Vec<String> {
        vec![
            format!("--kubeconfig={}", self.kubeconfig(User::Admin).display()),
            "--bind-address=127.0.0.1".to_owned(),
            "--secure-port=0".to_owned(),
            "--leader-elect=false".to_owned(),
            format!("--controllers={controllers}"),
            // A real provisioner and deleter for classes of `kubernetes.io/host-path`:
            // volumes are folders in /tmp/hostpath_pv, so that lost data is a missing folder.
            "--enable-hostpath-provisioner=true".to_owned(),
            // What only a resync of the binder brings is not waited for long.
            "--pvclaimbinder-sync-period=1s".to_owned(),
            "--kube-api-qps=200".to_owned(),
            "--kube-api-burst=400".to_owned(),
        ]
    }

    fn scheduler_flags(&self) -> Vec<String> {
        vec![
            format!("--kubeconfig={}", self.kubeconfig(User::Admin).display()),
            "--bind-address=127.0.0.1".to_owned(),
            "--secure-port=0".to_owned(),
            "--leader-elect=false".to_owned(),
            "--kube-api-qps=200".to_owned(),
            "--kube-api-burst=400".to_owned(),
        ]
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // All at once; each is then waited for in turn.
        for (_, process) in &mut self.processes {
            process.let_go();
        }
    }
}

async fn get_text(client: &Client, path: &str) -> Result<String, String> {
    let request = http::Request::get(path).body(Vec::new()).map_err(|error| error.to_string())?;
    client.request_text(request).await.map_err(|error| format!("GET {path}: {error}"))
}

/// Ports that are free now. All are held open together, so that they differ.
fn free_ports() -> Result<[u16; 3], String> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("free port: {error}"));
    let held = [bind()?, bind()?, bind()?];
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr().map_err(|error| format!("free port: {error}"))?.port();
    }
    Ok(ports)
}
