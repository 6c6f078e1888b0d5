//! A password that stands in the manifest. Its value is never shown.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::passwords::{is_in_address, is_password, is_value, spoken};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "plain-password",
    severity: Severity::Warning,
    sources: &["S1-e12"],
    summary: "a password stands in the manifest",
    page: include_str!("../../../docs/explain/plain-password.md"),
    checks: &[Check::Files(check)],
};

/// Where a container has commands.
const COMMANDS: [&str; 7] = [
    "command",
    "args",
    "livenessProbe.exec.command",
    "readinessProbe.exec.command",
    "startupProbe.exec.command",
    "lifecycle.postStart.exec.command",
    "lifecycle.preStop.exec.command",
];

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in all.workloads() {
        for container in document.containers() {
            let variables = container.get("env").map(Placed::items).unwrap_or_default();
            found.extend(variables.iter().filter_map(|variable| plain(document, variable)));
            let commands = COMMANDS.iter().filter_map(|path| container.at(path));
            let words = commands.flat_map(|command| spoken(command.items()));
            found.extend(words.map(|word| told(document, word, "a password stands in the command of a container")));
        }
    }
    found
}

fn plain(document: &Document, variable: &Placed) -> Option<Finding> {
    let name = variable.get("name")?;
    let value = variable.get("value")?.text()?;
    if is_password(name.text()?) && is_value(value) {
        return Some(told(document, name, format!("the value of `{}` stands in the manifest", name.text()?)));
    }
    let message = || format!("the address in `{}` holds a password", name.text().unwrap_or_default());
    is_in_address(value).then(|| told(document, name, message()))
}

fn told(document: &Document, place: &Placed, message: impl Into<String>) -> Finding {
    let mut finding = RULE.at(document, place, message);
    if let Some(spot) = &mut finding.spot {
        spot.excerpt = None;
    }
    finding.because("whoever may read the set or the file knows it, and it stays in both histories").remedy(
        "put it into a Secret and refer to it with `valueFrom.secretKeyRef`, in a command as `$(NAME)` of such a variable; \
         `kubectl stateful create secret generic NAME` asks for the value without showing it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::files::examine;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};
    use crate::diagnosis::source::Input;

    fn with(variable: &str) -> String {
        SOUND
            .replace("        readinessProbe:", &format!("        env:\n        - {variable}\n        readinessProbe:"))
    }

    #[test]
    fn a_password_in_the_manifest_is_found_and_not_shown() {
        let text = with("{name: DB_PASSWORD, value: hunter2}");
        assert_eq!(fires(&RULE, &text), ["28:18 the value of `DB_PASSWORD` stands in the manifest"]);
        assert!(!format!("{:?}", found(&RULE, &text)).contains("hunter2"));
    }

    #[test]
    fn whatever_else_is_wrong_on_its_line_does_not_show_it_either() {
        for variable in [
            "{name: DB_PASSWORD, value: hunter2, valeu: hunter2}",
            "{name: DB_PASSWORD, value: <hunter2>}",
            "{name: DB_PASSWORD, value: hunter2, value: hunter2}",
            "{name: DB_PASSWORD, valeu: hunter2}",
            "{name: QUEUE, valeu: 'amqp://queue:hunter2@mq'}",
            "name: DB_PASSWORD\n          value: |\n            a\n            {{ hunter2 }}\n          valeu: hunter2",
        ] {
            let input = Input { name: "a.yaml".to_owned(), bytes: with(variable).into_bytes() };
            let found = examine(&[input]).findings;
            assert!(!found.is_empty() && !format!("{found:?}").contains("hunter2"), "{variable}: {found:#?}");
        }
    }

    #[test]
    fn a_password_in_a_command_or_an_address_is_found_and_not_shown() {
        let args = |args: &str| {
            SOUND.replace("        readinessProbe:", &format!("        args: {args}\n        readinessProbe:"))
        };
        for text in [
            args("[--admin-password=hunter2]"),
            args("[--db-password, hunter2]"),
            args("['serve', 'amqp://queue:hunter2@mq:5672/']"),
            args("[sh, -c, 'app --password=hunter2']"),
            args("[--password=$hunter2]"),
            SOUND.replace("tcpSocket: {port: 80}", "exec: {command: [ping, --password=hunter2]}"),
            with("{name: QUEUE, value: 'amqp://queue:hunter2@mq'}"),
        ] {
            assert_eq!(fires(&RULE, &text).len(), 1, "{text}");
            let input = Input { name: "a.yaml".to_owned(), bytes: text.clone().into_bytes() };
            assert!(!format!("{:?}", examine(&[input]).findings).contains("hunter2"), "{text}");
        }
        for fine in [
            "[--admin-password=$(PASSWORD)]",
            "[--password-file=/run/x, --db-password, --verbose]",
            "[sh, -c, 'app --password=$PASSWORD --token=\"${TOKEN}\"']",
            "[pg_dump, --no-password, mydb]",
            "[--image-pull-secret=regcred]",
        ] {
            silent(&RULE, &args(fine));
        }
    }

    #[test]
    fn references_files_and_flags_are_left_alone() {
        for variable in [
            "{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}",
            "{name: DB_PASSWORD_FILE, value: /run/secrets/db}",
            "{name: DB_PASSWORD, value: $(OTHER)}",
            "{name: ALLOW_EMPTY_PASSWORD, value: 'yes'}",
            "{name: DB_USER, value: admin}",
        ] {
            silent(&RULE, &with(variable));
        }
    }
}
