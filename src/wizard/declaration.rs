//! Whether declared parameters make sense together. Recipes bring their own,
//! so nothing here is taken for granted.

use super::check::{Invalid, check, compile};
use super::parameter::{Answer, Parameter, Type};

/// Flags that kubectl has for every command, and those that every command of
/// ours has. A parameter must not take one of these names.
pub const RESERVED: &[&str] = &[
    "all-namespaces",
    "answers",
    "as",
    "as-group",
    "as-uid",
    "as-user-extra",
    "cache-dir",
    "certificate-authority",
    "client-certificate",
    "client-key",
    "cluster",
    "confirm",
    "context",
    "disable-compression",
    "dry-run",
    "events",
    "field-manager",
    "filename",
    "force-conflicts",
    "help",
    "insecure-skip-tls-verify",
    "kubeconfig",
    "kuberc",
    "log-flush-frequency",
    "match-server-version",
    "namespace",
    "no-app-check",
    "no-headers",
    "output",
    "password",
    "plan-only",
    "profile",
    "profile-output",
    "request-timeout",
    "sandbox",
    "save",
    "save-answers",
    "server",
    "show-managed-fields",
    "show-secrets",
    "template",
    "timeout",
    "tls-server-name",
    "token",
    "user",
    "username",
    "v",
    "validate",
    "version",
    "vmodule",
    "wait",
    "warnings-as-errors",
    "yes",
];

/// Checks a list of declarations.
///
/// # Errors
/// The first parameter that cannot be used, and why.
pub fn check_all(parameters: &[Parameter]) -> Result<(), Invalid> {
    let mut flags: Vec<String> = Vec::new();
    for (position, parameter) in parameters.iter().enumerate() {
        let wrong = |reason: String| Invalid::new(parameter.name.clone(), reason);
        check_name(&parameter.name).map_err(wrong)?;
        for flag in flag_names(parameter) {
            if RESERVED.contains(&flag.as_str()) {
                return Err(wrong(format!(
                    "the flag `--{flag}` belongs to kubectl or to every command; choose another name"
                )));
            }
            if flags.contains(&flag) {
                return Err(wrong(format!("the flag `--{flag}` is declared twice")));
            }
            flags.push(flag);
        }
        check_type(&parameter.kind).map_err(wrong)?;
        if let Some(value) = parameter.offered() {
            fits(&parameter.kind, &value).map_err(|reason| wrong(format!("its default does not fit: {reason}")))?;
        }
        let earlier = |name: &str| parameters.iter().take(position).any(|known| known.name == name);
        if let Some(when) = parameter.when.as_ref().filter(|when| !earlier(&when.parameter)) {
            return Err(wrong(format!("`when` names `{}`, which is not an earlier parameter", when.parameter)));
        }
    }
    Ok(())
}

/// Every long flag that a parameter takes; none for a positional one.
pub fn flag_names(parameter: &Parameter) -> Vec<String> {
    let key = parameter.key();
    match (&parameter.kind, parameter.positional) {
        (Type::SecretKeys, _) => vec!["from-literal".to_owned(), "from-file".to_owned(), format!("{key}-from")],
        (_, true) => Vec::new(),
        (Type::Secret, false) => vec![format!("{key}-from")],
        (_, false) => vec![key],
    }
}

/// Whether an answer has the shape and range of a type.
pub fn fits(kind: &Type, answer: &Answer) -> Result<(), String> {
    match (kind, answer) {
        (Type::Secret, Answer::Secret(_)) | (Type::SecretKeys, Answer::Secrets(_)) | (Type::Bool, Answer::Bool(_)) => {
            Ok(())
        }
        (Type::List { .. }, Answer::List(items)) => items.iter().try_for_each(|item| check(kind, item).map(drop)),
        (Type::Int { .. } | Type::Port, Answer::Int(number)) => check(kind, &number.to_string()).map(drop),
        (
            Type::Text { .. }
            | Type::Quantity
            | Type::Choice { .. }
            | Type::Name { .. }
            | Type::AbsolutePath
            | Type::StorageClass
            | Type::VolumeClass
            | Type::Namespace
            | Type::Node
            | Type::StatefulSet
            | Type::Duration,
            Answer::Text(text),
        ) => check(kind, text).map(drop),
        (_, _) => Err("it is of another type".to_owned()),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 40
        && !name.ends_with('_')
        && !name.contains("__")
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if good { Ok(()) } else { Err("a parameter's name is snake_case, at most 40 characters".to_owned()) }
}

fn check_type(kind: &Type) -> Result<(), String> {
    match kind {
        Type::Text { pattern: Some(pattern) } => compile(&pattern.regex).map(drop),
        Type::Int { min, max } if min > max => Err("its smallest value is above its largest".to_owned()),
        Type::Choice { of } if of.is_empty() => Err("there is nothing to choose from".to_owned()),
        Type::Name { max: 0 } => Err("a name needs room for one character".to_owned()),
        Type::Text { pattern: None }
        | Type::Int { .. }
        | Type::Bool
        | Type::Quantity
        | Type::Choice { .. }
        | Type::Name { .. }
        | Type::Port
        | Type::AbsolutePath
        | Type::List { .. }
        | Type::StorageClass
        | Type::VolumeClass
        | Type::Namespace
        | Type::Node
        | Type::StatefulSet
        | Type::Duration
        | Type::Secret
        | Type::SecretKeys => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameter::{SecretSource, When};
    use super::super::samples::parameter;
    use super::*;

    #[test]
    fn names_of_kubectl_flags_and_doubles_are_refused() {
        for name in ["namespace", "as_group", "yes", "output"] {
            let error = check_all(&[parameter(name, Type::Bool)]).unwrap_err();
            assert!(error.reason.contains("belongs to kubectl"), "{error}");
        }
        let twice = [parameter("size", Type::Quantity), parameter("size", Type::Bool)];
        assert!(check_all(&twice).unwrap_err().reason.contains("twice"));
    }

    #[test]
    fn a_password_is_fine_because_its_flag_says_where_it_comes_from() {
        assert_eq!(check_all(&[parameter("password", Type::Secret)]), Ok(()));
        assert!(check_all(&[parameter("password", Type::Text { pattern: None })]).is_err());
    }

    #[test]
    fn a_recipe_can_have_a_secret_generated_by_default_but_not_set_it() {
        let declared = |value: &str| {
            let text =
                format!(r#"{{"name": "password", "type": "secret", "prompt": "P", "help": "H.", "value": "{value}"}}"#);
            serde_json::from_str::<Parameter>(&text).unwrap()
        };
        assert_eq!(check_all(&[declared("generate")]), Ok(()));
        assert_eq!(declared("generate").offered(), Some(Answer::Secret(SecretSource::Generate)));
        assert!(check_all(&[declared("hunter2")]).is_err());
    }

    #[test]
    fn defaults_conditions_and_names_must_fit() {
        let mut wrong_default = parameter("replicas", Type::Int { min: 1, max: 3 });
        wrong_default.value = Some(Answer::Int(4));
        assert!(check_all(&[wrong_default.clone()]).unwrap_err().reason.contains("default"));
        wrong_default.value = Some(Answer::Text("2".into()));
        assert!(check_all(&[wrong_default]).is_err());
        let mut early = parameter("first", Type::Bool);
        early.when = Some(When { parameter: "later".into(), is: vec!["true".into()] });
        assert!(check_all(&[early, parameter("later", Type::Bool)]).is_err());
        for name in ["", "Size", "a-b", "a__b", "1a", "ü"] {
            assert!(check_all(&[parameter(name, Type::Bool)]).is_err(), "{name}");
        }
    }
}
