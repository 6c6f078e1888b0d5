//! Which cluster and which user of a kubeconfig are meant, and what the flags
//! change about them. The rules are client-go's, down to which flag clears
//! what (`clientcmd`'s `DirectClientConfig`).

use kube::config::{AuthInfo, Cluster, Context, Kubeconfig};

use super::flags::ConnectionFlags;
use crate::error::Failure;

/// Names that an error lists at most.
const LISTED: usize = 20;

/// One cluster, one user, one namespace.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The context's name; empty when none was used.
    pub name: String,
    pub cluster: Cluster,
    pub user: AuthInfo,
    /// Of the context; not of `-n`.
    pub namespace: Option<String>,
}

/// Picks from the kubeconfig (an empty one when there is none) and applies the flags.
pub fn choose(kubeconfig: &Kubeconfig, flags: &ConnectionFlags) -> Result<Access, Failure> {
    let (name, context) = context(kubeconfig, flags)?;
    let access = Access {
        name,
        cluster: cluster(kubeconfig, flags, &context)?,
        user: user(kubeconfig, flags, &context)?,
        namespace: context.namespace.filter(|namespace| !namespace.is_empty()),
    };
    Ok(overridden(access, flags))
}

/// The same with everything that the flags change about it.
pub fn overridden(mut access: Access, flags: &ConnectionFlags) -> Access {
    override_cluster(&mut access.cluster, flags);
    override_user(&mut access.user, flags);
    access
}

fn context(kubeconfig: &Kubeconfig, flags: &ConnectionFlags) -> Result<(String, Context), Failure> {
    let Some(name) = set(flags.context.as_ref()).or(set(kubeconfig.current_context.as_ref())) else {
        return Ok((String::new(), Context::default()));
    };
    let found = kubeconfig.contexts.iter().find(|named| named.name == *name);
    let found = found.ok_or_else(|| {
        unknown("unknown-context", "context", name, kubeconfig.contexts.iter().map(|named| named.name.as_str()))
    })?;
    Ok((name.clone(), found.context.clone().unwrap_or_default()))
}

fn cluster(kubeconfig: &Kubeconfig, flags: &ConnectionFlags, context: &Context) -> Result<Cluster, Failure> {
    let Some(name) = set(flags.cluster.as_ref()).or(set(Some(&context.cluster))) else {
        return Ok(Cluster::default());
    };
    let found = kubeconfig.clusters.iter().find(|named| named.name == *name);
    let found = found.ok_or_else(|| {
        unknown("unknown-cluster", "cluster", name, kubeconfig.clusters.iter().map(|named| named.name.as_str()))
    })?;
    Ok(found.cluster.clone().unwrap_or_default())
}

/// A user that the context names and nobody describes is nobody, as in
/// client-go; one that `--user` names has to exist.
fn user(kubeconfig: &Kubeconfig, flags: &ConnectionFlags, context: &Context) -> Result<AuthInfo, Failure> {
    let Some(name) = set(flags.user.as_ref()).or(set(context.user.as_ref())) else {
        return Ok(AuthInfo::default());
    };
    match kubeconfig.auth_infos.iter().find(|named| named.name == *name) {
        Some(found) => Ok(found.auth_info.clone().unwrap_or_default()),
        None if set(flags.user.as_ref()).is_none() => Ok(AuthInfo::default()),
        None => {
            Err(unknown("unknown-user", "user", name, kubeconfig.auth_infos.iter().map(|named| named.name.as_str())))
        }
    }
}

fn override_cluster(cluster: &mut Cluster, flags: &ConnectionFlags) {
    if let Some(server) = set(flags.server.as_ref()) {
        cluster.server = Some(server.clone());
        // The expected name belonged to the server that has just been replaced.
        cluster.tls_server_name = None;
    }
    if let Some(name) = set(flags.tls_server_name.as_ref()) {
        cluster.tls_server_name = Some(name.clone());
    }
    if flags.insecure_skip_tls_verify == Some(true) || flags.certificate_authority.is_some() {
        cluster.certificate_authority = flags.certificate_authority.as_ref().map(|path| path.display().to_string());
        cluster.certificate_authority_data = None;
        cluster.insecure_skip_tls_verify = flags.insecure_skip_tls_verify;
    } else if flags.insecure_skip_tls_verify == Some(false) {
        cluster.insecure_skip_tls_verify = Some(false);
    }
    if let Some(disabled) = flags.disable_compression {
        cluster.disable_compression = Some(disabled);
    }
}

fn override_user(user: &mut AuthInfo, flags: &ConnectionFlags) {
    if let Some(token) = &flags.token {
        user.token = Some(token.reveal().to_owned().into());
        // A token that was typed is meant; nothing else shall log in instead.
        (user.token_file, user.exec, user.auth_provider) = (None, None, None);
        (user.username, user.password) = (None, None);
    }
    if let Some(path) = &flags.client_certificate {
        user.client_certificate = Some(path.display().to_string());
        user.client_certificate_data = None;
    }
    if let Some(path) = &flags.client_key {
        user.client_key = Some(path.display().to_string());
        user.client_key_data = None;
    }
    impersonate(user, flags);
}

/// On whose behalf to ask.
pub fn impersonate(user: &mut AuthInfo, flags: &ConnectionFlags) {
    if let Some(name) = set(flags.act_as.as_ref()) {
        user.impersonate = Some(name.clone());
    }
    if let Some(uid) = set(flags.as_uid.as_ref()) {
        user.impersonate_uid = Some(uid.clone());
    }
    if !flags.as_groups.is_empty() {
        user.impersonate_groups = Some(flags.as_groups.clone());
    }
}

/// An empty name is the same as none, in flags and files alike.
fn set(name: Option<&String>) -> Option<&String> {
    name.filter(|name| !name.is_empty())
}

fn unknown<'a>(code: &'static str, what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    Failure::usage(code, format!("there is no {what} `{name}` in the kubeconfig")).hint(listing(what, known))
}

/// One line that names what there is.
pub fn listing<'a>(what: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = known.collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    match (names.is_empty(), more) {
        (true, _) => format!("it has no {what}s at all"),
        (false, 0) => format!("it has the {what}s {}", names.join(", ")),
        (false, more) => format!("it has the {what}s {} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const FILE: &str = "
current-context: one
contexts:
- {name: one, context: {cluster: c1, user: u1, namespace: n1}}
- {name: two, context: {cluster: c2, user: ghost}}
clusters:
- {name: c1, cluster: {server: 'https://one', tls-server-name: inner, certificate-authority: /ca, insecure-skip-tls-verify: false}}
- {name: c2, cluster: {server: 'https://two'}}
users:
- {name: u1, user: {exec: {command: login}, client-certificate-data: AAAA}}
- {name: u2, user: {token: t}}
";

    fn chosen(flags: &ConnectionFlags) -> Result<Access, Failure> {
        choose(&Kubeconfig::from_yaml(FILE).unwrap(), flags)
    }

    #[test]
    fn the_current_context_is_taken_unless_a_flag_names_another() {
        let access = chosen(&ConnectionFlags::default()).unwrap();
        assert_eq!((access.name.as_str(), access.namespace.as_deref()), ("one", Some("n1")));
        assert_eq!(access.cluster.server.as_deref(), Some("https://one"));
        let access = chosen(&ConnectionFlags { context: Some("two".into()), ..ConnectionFlags::default() }).unwrap();
        assert_eq!((access.name.as_str(), access.namespace), ("two", None));
        assert!(access.user.exec.is_none(), "a user nobody describes is nobody");
    }

    #[test]
    fn cluster_and_user_can_be_chosen_one_by_one() {
        let flags =
            ConnectionFlags { cluster: Some("c2".into()), user: Some("u2".into()), ..ConnectionFlags::default() };
        let access = chosen(&flags).unwrap();
        assert_eq!(access.cluster.server.as_deref(), Some("https://two"));
        assert!(access.user.token.is_some());
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_exist() {
        for (flags, code, known) in [
            (
                ConnectionFlags { context: Some("x".into()), ..ConnectionFlags::default() },
                "unknown-context",
                "one, two",
            ),
            (ConnectionFlags { cluster: Some("x".into()), ..ConnectionFlags::default() }, "unknown-cluster", "c1, c2"),
            (ConnectionFlags { user: Some("x".into()), ..ConnectionFlags::default() }, "unknown-user", "u1, u2"),
        ] {
            let failure = chosen(&flags).unwrap_err();
            assert_eq!(failure.code, code);
            assert!(failure.message.contains("`x`"), "{failure}");
            assert!(failure.hints[0].contains(known), "{failure:?}");
        }
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let names: Vec<String> = (0..100).map(|number| format!("c{number:02}")).collect();
        let line = listing("context", names.iter().map(String::as_str));
        assert!(line.ends_with("c19 and 80 more"), "{line}");
    }

    #[test]
    fn another_server_drops_the_old_server_s_name() {
        let flags = ConnectionFlags { server: Some("https://new".into()), ..ConnectionFlags::default() };
        let cluster = chosen(&flags).unwrap().cluster;
        assert_eq!((cluster.server.as_deref(), cluster.tls_server_name), (Some("https://new"), None));
        let flags = ConnectionFlags { tls_server_name: Some("outer".into()), ..flags };
        assert_eq!(chosen(&flags).unwrap().cluster.tls_server_name.as_deref(), Some("outer"));
    }

    #[test]
    fn trust_flags_replace_all_of_the_file_s_trust() {
        let flags = ConnectionFlags { insecure_skip_tls_verify: Some(true), ..ConnectionFlags::default() };
        let cluster = chosen(&flags).unwrap().cluster;
        assert_eq!((cluster.insecure_skip_tls_verify, cluster.certificate_authority), (Some(true), None));
        let flags =
            ConnectionFlags { certificate_authority: Some(PathBuf::from("/mine")), ..ConnectionFlags::default() };
        let cluster = chosen(&flags).unwrap().cluster;
        assert_eq!((cluster.insecure_skip_tls_verify, cluster.certificate_authority.as_deref()), (None, Some("/mine")));
    }

    #[test]
    fn a_typed_token_replaces_every_other_login() {
        let flags = ConnectionFlags { token: Some("typed".parse().unwrap()), ..ConnectionFlags::default() };
        let user = chosen(&flags).unwrap().user;
        assert!(user.token.is_some() && user.exec.is_none());
        assert!(user.client_certificate_data.is_some(), "a client certificate is no login of its own and stays");
    }
}
