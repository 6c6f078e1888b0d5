//! Credential plugins: the program that `users[].exec` of a kubeconfig names
//! is started and prints a token or a client certificate
//! (`client.authentication.k8s.io`, v1 and v1beta1).
//!
//! kube could do this too, but it starts the program three times per client,
//! forgets tokens that name no expiry, and puts the program's output, token
//! included, into its errors.

use std::io::{self, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::environment::Environment;
use super::interrupt::Interrupt;
use super::kuberc;
use crate::error::Failure;

/// The answer of a plugin is a few kilobytes; more is not read as one.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// How often a running plugin is looked after.
const GLANCE: Duration = Duration::from_millis(5);

/// A credential plugin that may be started.
#[derive(Clone)]
pub struct Plugin {
    exec: ExecConfig,
    program: String,
    /// Whether it may talk to the user.
    interactive: bool,
    interrupt: Interrupt,
}

/// What a plugin gave. Deliberately without `Debug`.
pub struct Credential {
    pub token: Option<String>,
    /// Certificate and key, both PEM.
    pub certificate: Option<(String, String)>,
    pub expires: Option<Timestamp>,
}

/// Why there is no credential. Never holds anything the plugin printed.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    #[error("the credential plugin `{program}` was not found")]
    Missing { program: String, install_hint: Option<String> },
    #[error("the credential plugin `{program}` could not be started: {cause}")]
    Start { program: String, cause: String },
    #[error("interrupted")]
    Interrupted,
    #[error("the credential plugin `{program}` failed ({status})")]
    Ended { program: String, status: String },
    #[error("the credential plugin `{program}` gave no usable credential: {why}")]
    Unusable { program: String, why: &'static str },
}

impl PluginError {
    pub fn failure(&self) -> Failure {
        let failure = Failure::failed("credential-plugin", self.to_string());
        match self {
            Self::Missing { install_hint: Some(hint), .. } => failure.hint(hint.trim().to_owned()),
            Self::Missing { .. } => {
                failure.hint("install it, or use another user of the kubeconfig with `--user NAME`")
            }
            Self::Interrupted => Failure::interrupted(),
            Self::Start { .. } | Self::Ended { .. } | Self::Unusable { .. } => failure.hint(
                "log in again the way your cluster's provider says; `kubectl auth whoami` then shows who you are",
            ),
        }
    }
}

impl Plugin {
    /// The plugin of this user, if kubectl's policy lets it run.
    pub fn permitted(exec: ExecConfig, environment: &Environment, interrupt: &Interrupt) -> Result<Self, Failure> {
        let program = exec.command.clone().unwrap_or_default();
        let bad = |why: String| Failure::usage("credential-plugin", why);
        if program.is_empty() {
            return Err(bad("the kubeconfig's user has an `exec` without a `command`".to_owned()));
        }
        if exec.api_version.as_deref().unwrap_or_default().is_empty() {
            return Err(bad(format!("the kubeconfig gives no `apiVersion` for the credential plugin `{program}`")));
        }
        if !kuberc::policy(environment)?.allows(&program, environment.path.as_deref()) {
            return Err(Failure::failed(
                "credential-plugin-forbidden",
                format!("the credential plugin `{program}` is not allowed by kubectl's preferences file"),
            )
            .hint("if you trust it, add it to `credentialPluginAllowlist` there"));
        }
        let interactive = match exec.interactive_mode {
            Some(ExecInteractiveMode::Never) => false,
            Some(ExecInteractiveMode::IfAvailable) | None => environment.terminal,
            Some(ExecInteractiveMode::Always) if environment.terminal => true,
            Some(ExecInteractiveMode::Always) => {
                return Err(Failure::failed(
                    "credential-plugin",
                    format!("the credential plugin `{program}` has to ask something, and there is no terminal"),
                )
                .hint("log in on a terminal first, or use a token"));
            }
        };
        Ok(Self { exec, program, interactive, interrupt: interrupt.clone() })
    }

    /// Starts the program and waits for it. What it says on stderr goes to the
    /// user, as with kubectl: that is where it says which page to open. Ctrl-C
    /// ends it with everything that it started.
    pub fn run(&self) -> Result<Credential, PluginError> {
        let mut command = Command::new(&self.program);
        command.args(self.exec.args.iter().flatten());
        for entry in self.exec.env.iter().flatten() {
            if let (Some(name), Some(value)) = (entry.get("name"), entry.get("value")) {
                command.env(name, value);
            }
        }
        command.env("KUBERNETES_EXEC_INFO", self.request().to_string());
        command.stdin(if self.interactive { Stdio::inherit() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        if !self.interactive {
            in_own_group(&mut command);
        }
        let program = self.program.clone();
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(PluginError::Missing { program, install_hint: self.exec.install_hint.clone() });
            }
            Err(error) => return Err(PluginError::Start { program, cause: super::failure::plain(&error) }),
        };
        let output = self.end_of(child)?;
        if !output.status.success() {
            return Err(PluginError::Ended { program, status: output.status.to_string() });
        }
        self.read(&output.stdout).map_err(|why| PluginError::Unusable { program, why })
    }

    fn end_of(&self, mut child: Child) -> Result<Output, PluginError> {
        let mut stdout = child.stdout.take();
        let (printed, everything) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.as_mut().map_or(Ok(0), |pipe| pipe.read_to_end(&mut bytes));
            // Nobody listens any more after an interruption.
            let _ = printed.send(read.map(|_| bytes));
        });
        let failed = |error: io::Error| PluginError::Start {
            program: self.program.clone(),
            cause: super::failure::plain(&error),
        };
        let mut stdout = None;
        loop {
            if self.interrupt.is_raised() {
                kill(&mut child, !self.interactive);
                return Err(PluginError::Interrupted);
            }
            match everything.recv_timeout(GLANCE) {
                Ok(read) => stdout = Some(read.map_err(failed)?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(GLANCE),
            }
            if stdout.is_some()
                && let Some(status) = child.try_wait().map_err(failed)?
            {
                return Ok(Output { status, stdout: stdout.unwrap_or_default(), stderr: Vec::new() });
            }
        }
    }

    fn request(&self) -> Value {
        let mut spec = json!({ "interactive": self.interactive });
        if let (true, Some(cluster), Some(fields)) =
            (self.exec.provide_cluster_info, &self.exec.cluster, spec.as_object_mut())
        {
            fields.insert("cluster".to_owned(), serde_json::to_value(cluster).unwrap_or_default());
        }
        json!({ "apiVersion": self.exec.api_version, "kind": "ExecCredential", "spec": spec })
    }

    fn read(&self, output: &[u8]) -> Result<Credential, &'static str> {
        if output.len() > LARGEST_ANSWER {
            return Err("it printed more than 1 MiB");
        }
        let answer: Answer =
            serde_json::from_slice(output).map_err(|_| "it did not print an ExecCredential as JSON")?;
        if answer.kind != "ExecCredential" {
            return Err("it printed another kind than ExecCredential");
        }
        if Some(&answer.api_version) != self.exec.api_version.as_ref() {
            return Err("it answered in another `apiVersion` than the kubeconfig asks for");
        }
        let status = answer.status.ok_or("it printed no `status`")?;
        let expires = match status.expiration_timestamp.as_deref() {
            Some(text) => Some(text.parse().map_err(|_| "its `expirationTimestamp` is not a time")?),
            None => None,
        };
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let certificate = match (filled(status.client_certificate_data), filled(status.client_key_data)) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err("it printed only one of client certificate and key"),
        };
        let token = filled(status.token);
        if token.is_none() && certificate.is_none() {
            return Err("it printed neither a token nor a client certificate");
        }
        Ok(Credential { token, certificate, expires })
    }
}

/// A plugin that talks to nobody is ended together with its own children; one
/// that asks has to stay in the group that owns the terminal.
#[cfg(unix)]
fn in_own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn in_own_group(_: &mut Command) {}

/// It may have ended by itself in the meantime, so failing is no news.
fn kill(child: &mut Child, group: bool) {
    #[cfg(unix)]
    if group {
        let _ =
            rustix::process::kill_process_group(rustix::process::Pid::from_child(child), rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = group;
    let _ = child.kill();
    let _ = child.wait();
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    api_version: String,
    status: Option<AnswerStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin() -> Plugin {
        let exec = ExecConfig {
            api_version: Some("client.authentication.k8s.io/v1".into()),
            command: Some("login".into()),
            ..ExecConfig::default()
        };
        Plugin::permitted(exec, &Environment::default(), &Interrupt::default()).unwrap()
    }

    fn answer(status: &str) -> String {
        format!(r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{status}}}"#)
    }

    #[test]
    fn token_certificate_and_expiry_are_read() {
        let read = plugin().read(answer(r#"{"token":"t","expirationTimestamp":"2026-11-21T10:00:00Z"}"#).as_bytes());
        let Ok(credential) = read else { panic!("refused") };
        assert_eq!(credential.token.as_deref(), Some("t"));
        assert_eq!(credential.expires.map(|time| time.to_string()).as_deref(), Some("2026-11-21T10:00:00Z"));
        let read = plugin().read(answer(r#"{"clientCertificateData":"c","clientKeyData":"k"}"#).as_bytes());
        assert!(read.is_ok_and(|credential| credential.certificate == Some(("c".into(), "k".into()))));
    }

    #[test]
    fn half_and_foreign_answers_are_refused() {
        for status in
            ["{}", r#"{"token":""}"#, r#"{"clientKeyData":"k"}"#, r#"{"token":"t","expirationTimestamp":"soon"}"#]
        {
            assert!(plugin().read(answer(status).as_bytes()).is_err(), "{status}");
        }
        let other = answer(r#"{"token":"t"}"#).replace("/v1", "/v1beta1");
        assert!(plugin().read(other.as_bytes()).is_err());
        assert!(plugin().read(b"hello").is_err());
        assert!(plugin().read(answer("null").as_bytes()).is_err());
    }

    #[test]
    fn a_plugin_that_must_ask_needs_a_terminal() {
        let exec = ExecConfig { interactive_mode: Some(ExecInteractiveMode::Always), ..plugin().exec };
        let with = |terminal| {
            Plugin::permitted(exec.clone(), &Environment { terminal, ..Environment::default() }, &Interrupt::default())
        };
        assert!(with(true).is_ok_and(|plugin| plugin.interactive));
        assert!(with(false).is_err_and(|failure| failure.message.contains("`login`")));
    }

    #[test]
    fn kubectl_s_policy_is_asked_before_anything_runs() {
        let folder = tempfile::tempdir().unwrap();
        let kuberc = folder.path().join("kuberc");
        std::fs::write(&kuberc, "credentialPluginPolicy: DenyAll").unwrap();
        let environment = Environment { kuberc: Some(kuberc.into()), ..Environment::default() };
        let refused = Plugin::permitted(plugin().exec, &environment, &Interrupt::default());
        assert!(refused.is_err_and(|failure| failure.code == "credential-plugin-forbidden"));
    }

    #[test]
    fn a_missing_program_is_named_with_its_install_hint() {
        let exec = ExecConfig {
            command: Some("/nowhere/login".into()),
            install_hint: Some("apt install login".into()),
            ..plugin().exec
        };
        let Err(error) =
            Plugin::permitted(exec, &Environment::default(), &Interrupt::default()).unwrap_or_else(|_| plugin()).run()
        else {
            panic!("it ran")
        };
        let failure = error.failure();
        assert!(failure.message.contains("`/nowhere/login`"), "{failure}");
        assert_eq!(failure.hints, ["apt install login"]);
    }
}
