//! Where the requests go and who sends them: flags, kubeconfig and, inside a
//! pod, the service account, made into one `kube::Config`. Nothing is sent yet
//! and no program is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use kube::Config;
use kube::config::{AuthInfo, Cluster, ExecConfig, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::connection::Identity;
use super::context::{Access, choose, listing, overridden};
use super::environment::Environment;
use super::flags::ConnectionFlags;
use super::{address, failure, kubeconfig, proxy};
use crate::error::Failure;

/// How long reaching the server may take: name, connection, proxy and TLS.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// One cluster as one user.
pub struct Target {
    /// Without the ways to log in that we follow ourselves, see below.
    pub config: Config,
    pub identity: Identity,
    pub namespace: String,
    /// The credential plugin to be run for a token or a certificate.
    pub exec: Option<ExecConfig>,
    /// The file to read a token from.
    pub token_file: Option<PathBuf>,
}

/// Decides everything that flags, files and surroundings say together.
pub fn find(flags: &ConnectionFlags, environment: &Environment) -> Result<Target, Failure> {
    let kubeconfig = kubeconfig::load(flags.kubeconfig.as_deref(), environment)?;
    let access = access(kubeconfig.as_ref(), flags, environment)?;
    let Some(server) = access.cluster.server.clone().filter(|server| !server.is_empty()) else {
        return Err(nowhere(kubeconfig.as_ref(), &access));
    };
    let server = address::of_server(&server, speaks_tls(&access))?;
    let namespace = namespace(flags, &access, environment)?;
    build(access, server, namespace, environment)
}

/// Cluster and namespace for work that asks no server. No cluster is needed
/// for that, and its name is then empty; one that is configured counts.
pub fn named(flags: &ConnectionFlags, environment: &Environment) -> Result<(Identity, String), Failure> {
    let kubeconfig = kubeconfig::load(flags.kubeconfig.as_deref(), environment)?;
    let access = access(kubeconfig.as_ref(), flags, environment)?;
    let namespace = namespace(flags, &access, environment)?;
    let Some(server) = access.cluster.server.clone().filter(|server| !server.is_empty()) else {
        return Ok((Identity { name: access.name, server: String::new() }, namespace));
    };
    let server = address::of_server(&server, speaks_tls(&access))?;
    Ok((identity(access.name, &server), namespace))
}

fn access(
    kubeconfig: Option<&Kubeconfig>,
    flags: &ConnectionFlags,
    environment: &Environment,
) -> Result<Access, Failure> {
    match (kubeconfig, in_pod(environment)) {
        (Some(kubeconfig), _) => choose(kubeconfig, flags),
        (None, Some(pod)) => of_pod(pod, flags),
        (None, None) => choose(&Kubeconfig::default(), flags),
    }
}

/// A server that no context names goes by its host.
fn identity(context: String, server: &Uri) -> Identity {
    let name = if context.is_empty() { server.host().unwrap_or_default().to_owned() } else { context };
    Identity { name, server: address::shown(server) }
}

fn build(mut access: Access, server: Uri, namespace: String, environment: &Environment) -> Result<Target, Failure> {
    let identity = identity(std::mem::take(&mut access.name), &server);
    let mut config = Config::new(server);
    config.default_namespace.clone_from(&namespace);
    config.connect_timeout = Some(CONNECT_LIMIT);
    // kube repeats writes; `retry` decides instead.
    config.default_retry = false;
    config.proxy_url = proxy::for_server(&config.cluster_url, access.cluster.proxy_url.as_deref(), environment)?;
    config.root_cert = authorities(&access.cluster)?;
    config.accept_invalid_certs = access.cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.disable_compression = access.cluster.disable_compression.unwrap_or(false);
    config.tls_server_name = access.cluster.tls_server_name.clone().filter(|name| !name.is_empty());
    // kube's order of logins: provider, password, token, token file, plugin.
    let user = &access.user;
    let has_other =
        user.auth_provider.is_some() || user.token.is_some() || (user.username.is_some() && user.password.is_some());
    let (file, plugin) = (access.user.token_file.take(), access.user.exec.take());
    let token_file = file.filter(|path| !has_other && !path.is_empty()).map(PathBuf::from);
    let mut exec = plugin.filter(|_| !has_other && token_file.is_none());
    if let Some(exec) = exec.as_mut().filter(|exec| exec.provide_cluster_info) {
        let cluster = (&access.cluster).try_into().map_err(|_| unreadable_authority(&access.cluster))?;
        exec.cluster = Some(cluster);
    }
    config.auth_info = access.user;
    Ok(Target { config, identity, namespace, exec, token_file })
}

/// Whether anything about TLS is configured, which decides the scheme of an
/// address that was given without one.
fn speaks_tls(access: &Access) -> bool {
    let (cluster, user) = (&access.cluster, &access.user);
    cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true)
        || cluster.tls_server_name.is_some()
        || user.client_certificate.is_some()
        || user.client_certificate_data.is_some()
}

fn nowhere(kubeconfig: Option<&Kubeconfig>, access: &Access) -> Failure {
    let Some(kubeconfig) = kubeconfig else {
        return Failure::failed("no-cluster", "there is no kubeconfig, so there is no cluster to talk to")
            .hint("try everything out without a cluster: add `--sandbox`")
            .hint("name a kubeconfig with `--kubeconfig FILE` or KUBECONFIG, or a server with `--server URL`");
    };
    if access.name.is_empty() {
        return Failure::usage("no-context", "the kubeconfig has no current context")
            .hint(listing("context", kubeconfig.contexts.iter().map(|named| named.name.as_str())))
            .hint("name one with `--context NAME`, or for good with `kubectl config use-context NAME`");
    }
    Failure::usage("no-server", format!("the context `{}` leads to no server", access.name))
        .hint("name one with `--server URL`, or look with `kubectl config view --minify`")
}

/// The certificates that the server's has to be signed by.
fn authorities(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, Failure> {
    let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let pem = match (set(&cluster.certificate_authority_data), set(&cluster.certificate_authority)) {
        (Some(data), _) => STANDARD.decode(data.trim()).map_err(|_| unreadable_authority(cluster))?,
        (None, Some(path)) => fs::read(&path).map_err(|error| {
            let cause = failure::plain(&error);
            Failure::usage("bad-certificate", format!("the certificate authority `{path}` cannot be read: {cause}"))
        })?,
        (None, None) => return Ok(None),
    };
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&pem).map(|found| found.map(|der| der.to_vec())).collect();
    match certificates {
        Ok(found) if !found.is_empty() => Ok(Some(found)),
        _ => Err(unreadable_authority(cluster)),
    }
}

fn unreadable_authority(cluster: &Cluster) -> Failure {
    let origin = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
        (None, Some(path)) => format!("`{path}`"),
        _ => "`certificate-authority-data` of the kubeconfig".to_owned(),
    };
    Failure::usage("bad-certificate", format!("{origin} holds no certificate in PEM form"))
}

/// The service account's folder and the API server's address, when this is a pod.
fn in_pod(environment: &Environment) -> Option<(&Path, String)> {
    let host = environment.service_host.as_deref()?;
    let port: u16 = environment.service_port.as_deref()?.parse().ok()?;
    let folder = environment.service_account.as_path();
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    folder.join("token").is_file().then(|| (folder, format!("https://{host}:{port}")))
}

/// The pod's own account. Flags that pick something from a kubeconfig do not
/// mean it.
fn of_pod((folder, server): (&Path, String), flags: &ConnectionFlags) -> Result<Access, Failure> {
    if [&flags.server, &flags.context, &flags.cluster, &flags.user].into_iter().flatten().any(|name| !name.is_empty()) {
        return choose(&Kubeconfig::default(), flags);
    }
    let file = |name: &str| Some(folder.join(name).display().to_string());
    let cluster = Cluster { server: Some(server), certificate_authority: file("ca.crt"), ..Cluster::default() };
    let user = AuthInfo { token_file: file("token"), ..AuthInfo::default() };
    Ok(overridden(Access { name: "in-cluster".to_owned(), cluster, user, namespace: None }, flags))
}

/// `-n`, the context's, the pod's own, `default`.
fn namespace(flags: &ConnectionFlags, access: &Access, environment: &Environment) -> Result<String, Failure> {
    let typed = flags.namespace.clone().filter(|name| !name.is_empty());
    let name = typed
        .or_else(|| access.namespace.clone())
        .or_else(|| of_pod_namespace(environment))
        .unwrap_or_else(|| "default".to_owned());
    if is_namespace(&name) {
        return Ok(name);
    }
    Err(Failure::usage("bad-namespace", format!("`{name}` cannot be the name of a namespace"))
        .hint("lower-case letters, digits and `-`, at most 63, as in `-n my-team`"))
}

fn of_pod_namespace(environment: &Environment) -> Option<String> {
    in_pod(environment)?;
    if let Some(name) = environment.pod_namespace.clone().filter(|name| !name.is_empty()) {
        return Some(name);
    }
    let text = fs::read_to_string(environment.service_account.join("namespace")).ok()?;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// An RFC 1123 label. The name becomes part of request paths, so nothing else
/// may come through.
fn is_namespace(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&name.len())
        && name.bytes().all(|byte| letter(byte) || byte == b'-')
        && name.bytes().next().is_some_and(letter)
        && name.bytes().next_back().is_some_and(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &str = "
current-context: here
contexts: [{name: here, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'https://10.1.2.3:6443'}}]
";

    fn kubeconfig(text: &str) -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, text).unwrap();
        let environment = Environment { kubeconfig: Some(file.into()), ..Environment::default() };
        (folder, environment)
    }

    /// A pod whose namespace file says `pod-space`.
    fn pod() -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["kubernetes".to_owned()]).unwrap();
        fs::write(folder.path().join("ca.crt"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("token"), "t").unwrap();
        fs::write(folder.path().join("namespace"), "pod-space\n").unwrap();
        let environment = Environment {
            service_host: Some("fd00::1".into()),
            service_port: Some("443".into()),
            service_account: folder.path().to_owned(),
            ..Environment::default()
        };
        (folder, environment)
    }

    fn refused(flags: &ConnectionFlags, environment: &Environment) -> Failure {
        match find(flags, environment) {
            Ok(target) => panic!("found {:?}", target.identity),
            Err(failure) => failure,
        }
    }

    #[test]
    fn without_any_kubeconfig_the_sandbox_is_suggested() {
        let failure = refused(&ConnectionFlags::default(), &Environment::default());
        assert_eq!((failure.code, failure.kind), ("no-cluster", crate::error::Kind::Failed));
        assert!(failure.hints[0].contains("--sandbox"), "{failure:?}");
    }

    #[test]
    fn a_kubeconfig_without_a_current_context_lists_what_there_is() {
        let (_folder, environment) = kubeconfig(&CONTEXT.replace("current-context: here", ""));
        let failure = refused(&ConnectionFlags::default(), &environment);
        assert_eq!(failure.code, "no-context");
        assert!(failure.hints[0].contains("here"), "{failure:?}");
    }

    #[test]
    fn work_that_asks_no_server_needs_none_and_still_heeds_the_kubeconfig() {
        let none = ConnectionFlags::default();
        let (identity, namespace) = named(&none, &Environment::default()).unwrap();
        assert_eq!((identity.name.as_str(), identity.server.as_str(), namespace.as_str()), ("", "", "default"));
        let (_folder, environment) = kubeconfig(&CONTEXT.replace("user: u}", "user: u, namespace: mine}"));
        let (identity, namespace) = named(&none, &environment).unwrap();
        assert_eq!((identity.name.as_str(), namespace.as_str()), ("here", "mine"));
        assert_eq!(identity, find(&none, &environment).unwrap().identity);
        let flags = ConnectionFlags { context: Some("x".into()), ..none };
        assert!(named(&flags, &environment).is_err_and(|failure| failure.code == "unknown-context"));
    }

    #[test]
    fn inside_a_pod_the_service_account_is_used() {
        let (folder, environment) = pod();
        let target = find(&ConnectionFlags::default(), &environment).unwrap();
        assert_eq!(target.identity, Identity { name: "in-cluster".into(), server: "https://[fd00::1]:443".into() });
        assert_eq!(target.token_file, Some(folder.path().join("token")));
        assert_eq!(target.namespace, "pod-space");
        assert_eq!(target.config.root_cert.map(|found| found.len()), Some(1));
    }

    #[test]
    fn a_kubeconfig_and_a_server_flag_win_over_the_pod() {
        let (_folder, pod) = pod();
        let (_other, file) = kubeconfig(CONTEXT);
        let both = Environment { kubeconfig: file.kubeconfig, ..pod.clone() };
        assert_eq!(find(&ConnectionFlags::default(), &both).unwrap().identity.name, "here");
        let flags = ConnectionFlags { server: Some("https://mine".into()), ..ConnectionFlags::default() };
        let target = find(&flags, &pod).unwrap();
        assert_eq!((target.identity.server.as_str(), target.token_file), ("https://mine", None));
        let flags = ConnectionFlags { context: Some("x".into()), ..ConnectionFlags::default() };
        assert_eq!(refused(&flags, &pod).code, "unknown-context");
    }

    #[test]
    fn the_namespace_comes_from_flag_context_pod_or_default() {
        let with = |space: &str| CONTEXT.replace("user: u}", &format!("user: u, namespace: '{space}'}}"));
        let (_pod_folder, pod) = pod();
        let (_a, file) = kubeconfig(&with("of-context"));
        let (_b, bare) = kubeconfig(&with(""));
        let flags = ConnectionFlags { namespace: Some("typed".into()), ..ConnectionFlags::default() };
        let of = |flags: &ConnectionFlags, environment: &Environment| find(flags, environment).unwrap().namespace;
        let none = ConnectionFlags::default();
        assert_eq!(of(&flags, &file), "typed");
        assert_eq!(of(&none, &file), "of-context");
        assert_eq!(of(&none, &bare), "default");
        assert_eq!(of(&none, &Environment { kubeconfig: bare.kubeconfig, ..pod.clone() }), "pod-space");
        assert_eq!(of(&none, &Environment { pod_namespace: Some("of-variable".into()), ..pod }), "of-variable");
    }

    #[test]
    fn what_could_change_a_request_s_path_is_no_namespace() {
        let (_folder, environment) = kubeconfig(CONTEXT);
        for bad in ["../x", "a/b", "A", "-a", "a-", "a b", "a?x", "é", &"x".repeat(64)] {
            let flags = ConnectionFlags { namespace: Some(bad.into()), ..ConnectionFlags::default() };
            assert_eq!(refused(&flags, &environment).code, "bad-namespace", "{bad}");
        }
    }

    #[test]
    fn no_proxy_of_the_environment_is_held_against_the_server() {
        let (_folder, environment) = kubeconfig(CONTEXT);
        let proxy = |no_proxy: &str| {
            let environment = Environment {
                https_proxy: Some("http://10.9.9.9:3128".into()),
                no_proxy: Some(no_proxy.into()),
                ..environment.clone()
            };
            find(&ConnectionFlags::default(), &environment).unwrap().config.proxy_url
        };
        assert!(proxy("").is_some());
        assert!(proxy("10.9.9.9,").is_some());
        assert!(proxy("10.1.0.0/16,").is_none());
    }

    #[test]
    fn kube_s_own_retry_is_off_and_connecting_is_bounded() {
        let (_folder, environment) = kubeconfig(CONTEXT);
        let config = find(&ConnectionFlags::default(), &environment).unwrap().config;
        assert!(!config.default_retry);
        assert_eq!(config.connect_timeout, Some(CONNECT_LIMIT));
        assert!(!config.accept_invalid_certs);
    }

    #[test]
    fn the_expected_server_name_is_passed_on() {
        let (_folder, environment) = kubeconfig(CONTEXT);
        let flags = ConnectionFlags { tls_server_name: Some("inner".into()), ..ConnectionFlags::default() };
        assert_eq!(find(&flags, &environment).unwrap().config.tls_server_name.as_deref(), Some("inner"));
    }

    #[test]
    fn an_authority_that_is_none_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.crt");
        let (_folder, environment) = kubeconfig(CONTEXT);
        let flags = ConnectionFlags { certificate_authority: Some(file.clone()), ..ConnectionFlags::default() };
        for _ in 0..2 {
            let failure = refused(&flags, &environment);
            assert_eq!(failure.code, "bad-certificate");
            assert!(failure.message.contains(&file.display().to_string()), "{failure}");
            fs::write(&file, "no certificate").unwrap();
        }
    }
}
