//! kubectl's connection flags, so that whoever knows kubectl knows ours. They
//! only hold what was typed; what it means together with a kubeconfig is
//! decided in `context` and `target`. `-A` is no connection flag: the reading
//! commands have it.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::time_limit::RequestTimeout;

/// What the user typed about which cluster to talk to, and as whom.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ConnectionFlags {
    /// Kubeconfig file to use instead of $KUBECONFIG and ~/.kube/config
    #[arg(long, global = true, help_heading = "Connection", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig to use
    #[arg(long, global = true, help_heading = "Connection", value_name = "NAME")]
    pub context: Option<String>,

    /// Cluster of the kubeconfig to use instead of the context's
    #[arg(long, global = true, help_heading = "Connection", value_name = "NAME")]
    pub cluster: Option<String>,

    /// User of the kubeconfig to use instead of the context's
    #[arg(long, global = true, help_heading = "Connection", value_name = "NAME")]
    pub user: Option<String>,

    /// Namespace to work in [default: the context's, else `default`]
    #[arg(short, long, global = true, help_heading = "Connection", value_name = "NAME")]
    pub namespace: Option<String>,

    /// Address and port of the API server
    #[arg(short, long, global = true, help_heading = "Connection", value_name = "URL")]
    pub server: Option<String>,

    /// Bearer token for the API server (other users of this machine can see it in the process list)
    #[arg(long, global = true, help_heading = "Connection", value_name = "TOKEN")]
    pub token: Option<Token>,

    /// User or service account to act as
    #[arg(long = "as", global = true, help_heading = "Connection", value_name = "USER")]
    pub act_as: Option<String>,

    /// Group to act as; may be given several times
    #[arg(long = "as-group", global = true, help_heading = "Connection", value_name = "GROUP")]
    pub as_groups: Vec<String>,

    /// UID to act as
    #[arg(long, global = true, help_heading = "Connection", value_name = "UID")]
    pub as_uid: Option<String>,

    /// File with the certificates of the authority that signed the server's
    #[arg(long, global = true, help_heading = "Connection", value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,

    /// File with the client certificate for TLS
    #[arg(long, global = true, help_heading = "Connection", value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,

    /// File with the key of the client certificate
    #[arg(long, global = true, help_heading = "Connection", value_name = "FILE")]
    pub client_key: Option<PathBuf>,

    /// Do not check the server's certificate: anybody in between can read and change everything
    #[arg(
        long,
        global = true,
        help_heading = "Connection",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub insecure_skip_tls_verify: Option<bool>,

    /// Name to expect in the server's certificate instead of its host name
    #[arg(long, global = true, help_heading = "Connection", value_name = "NAME")]
    pub tls_server_name: Option<String>,

    /// How long one request may take: seconds, or a number with a unit (5s, 2m, 1h); 0 means without limit; watches have none [default: 90s]
    #[arg(long, global = true, help_heading = "Connection", value_name = "TIME")]
    pub request_timeout: Option<RequestTimeout>,

    /// Do not ask for compressed answers
    #[arg(
        long,
        global = true,
        help_heading = "Connection",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub disable_compression: Option<bool>,

    /// Accepted because kubectl has it; nothing is cached
    #[arg(long, global = true, help_heading = "Connection", value_name = "DIR", hide = true)]
    pub cache_dir: Option<PathBuf>,

    /// Accepted because kubectl has it; there is no log
    #[arg(short, long = "v", global = true, help_heading = "Connection", value_name = "LEVEL", hide = true)]
    pub verbosity: Option<i32>,
}

impl ConnectionFlags {
    /// The flags that lead a later command to the same cluster as the same
    /// person. Tokens are left out: a line to copy is no place for them.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let flags = [
            ("--kubeconfig", path(&self.kubeconfig)),
            ("--context", self.context.clone()),
            ("--cluster", self.cluster.clone()),
            ("--user", self.user.clone()),
            ("--server", self.server.clone()),
            ("--certificate-authority", path(&self.certificate_authority)),
            ("--client-certificate", path(&self.client_certificate)),
            ("--client-key", path(&self.client_key)),
            ("--tls-server-name", self.tls_server_name.clone()),
        ];
        let mut words = given(flags);
        words.extend(self.on_behalf_of());
        if self.insecure_skip_tls_verify == Some(true) {
            words.push("--insecure-skip-tls-verify".to_owned());
        }
        words
    }

    /// Those that say on whose behalf.
    #[must_use]
    pub fn on_behalf_of(&self) -> Vec<String> {
        let flags = [("--as", self.act_as.clone()), ("--as-uid", self.as_uid.clone())];
        let groups = self.as_groups.iter().map(|group| ("--as-group", Some(group.clone())));
        given(flags.into_iter().chain(groups))
    }
}

fn given(flags: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Vec<String> {
    flags.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten().collect()
}

/// A bearer token. It can be used, but not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        connection: ConnectionFlags,
        #[command(subcommand)]
        verb: Option<Verb>,
    }

    #[derive(clap::Subcommand)]
    enum Verb {
        Status,
    }

    fn parse(words: &[&str]) -> Result<ConnectionFlags, clap::Error> {
        Program::try_parse_from([&["kubectl-stateful"], words].concat()).map(|program| program.connection)
    }

    #[test]
    fn flags_may_stand_before_and_after_the_verb() {
        let flags = parse(&["--context", "a", "status", "-n", "b", "-s=https://c", "-v=6"]).unwrap();
        assert_eq!(flags.context.as_deref(), Some("a"));
        assert_eq!(flags.namespace.as_deref(), Some("b"));
        assert_eq!(flags.server.as_deref(), Some("https://c"));
        assert_eq!(flags.verbosity, Some(6));
        let program = Program::try_parse_from(["kubectl-stateful", "status"]).unwrap();
        assert!(matches!(program.verb, Some(Verb::Status)));
    }

    #[test]
    fn a_group_with_a_comma_is_one_group_as_in_kubectl() {
        let flags = parse(&["--as", "jane", "--as-group", "a,b", "--as-group", "c", "--as-uid", "7"]).unwrap();
        assert_eq!(flags.as_groups, ["a,b", "c"]);
        assert_eq!(flags.act_as.as_deref(), Some("jane"));
        assert_eq!(flags.as_uid.as_deref(), Some("7"));
    }

    #[test]
    fn switches_take_a_value_as_in_kubectl() {
        let switch = |words: &[&str]| parse(words).unwrap().insecure_skip_tls_verify;
        assert_eq!(switch(&[]), None);
        assert_eq!(switch(&["--insecure-skip-tls-verify"]), Some(true));
        assert_eq!(switch(&["--insecure-skip-tls-verify=false"]), Some(false));
        // Without `=` the next word is not the switch's value but the verb.
        assert_eq!(switch(&["--insecure-skip-tls-verify", "status"]), Some(true));
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let flags = parse(&["--token", "s3cret\n"]).unwrap();
        assert_eq!(flags.token.as_ref().map(Token::reveal), Some("s3cret"));
        assert!(!format!("{flags:?}").contains("s3cret"));
    }

    #[test]
    fn a_bad_time_limit_is_refused_with_the_flag_s_name() {
        let Err(error) = parse(&["--request-timeout", "soon"]) else { panic!("accepted") };
        assert!(error.to_string().contains("--request-timeout"), "{error}");
    }
}
