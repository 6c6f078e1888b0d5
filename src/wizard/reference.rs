//! A table of parameters in Markdown for the pages of the user guide, made
//! from the same declarations as the flags.

use std::fmt::Write;

use super::declaration::flag_names;
use super::parameter::{Answer, ListItem, Parameter, Type};

/// One row for each parameter, in its order.
#[must_use]
pub fn table(parameters: &[Parameter]) -> String {
    let mut out = "| Flag | Value | Default | Meaning |\n|---|---|---|---|\n".to_owned();
    for parameter in parameters {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            flags(parameter),
            cell(&value(&parameter.kind)),
            cell(&default(parameter)),
            cell(&meaning(parameter)),
        );
    }
    out
}

fn flags(parameter: &Parameter) -> String {
    if parameter.positional {
        return format!("`{}`", parameter.flag());
    }
    let names: Vec<String> = flag_names(parameter).into_iter().map(|flag| format!("`--{flag}`")).collect();
    names.join(", ")
}

fn value(kind: &Type) -> String {
    match kind {
        Type::Text { pattern: None } => "text".to_owned(),
        Type::Text { pattern: Some(pattern) } if pattern.words.is_empty() => format!("text like `{}`", pattern.regex),
        Type::Text { pattern: Some(pattern) } => pattern.words.clone(),
        Type::Int { min, max: i64::MAX } => format!("number from {min}"),
        Type::Int { min, max } => format!("{min} to {max}"),
        Type::Bool => "true or false".to_owned(),
        Type::Quantity => "size such as `10Gi`".to_owned(),
        Type::Choice { of } => of.iter().map(|choice| format!("`{}`", choice.value)).collect::<Vec<_>>().join(", "),
        Type::Name { max } => format!("name, at most {max} characters"),
        Type::Port => "port".to_owned(),
        Type::AbsolutePath => "absolute path".to_owned(),
        Type::List { item: ListItem::Plain } => "list".to_owned(),
        Type::List { item: ListItem::KeyValue } => "list of `KEY=VALUE`".to_owned(),
        Type::List { item: ListItem::Claim } => "list of `NAME:SIZE[:CLASS]:MOUNTPATH`".to_owned(),
        Type::List { item: ListItem::ContainerPort } => "list of `[NAME:]PORT`".to_owned(),
        Type::List { item: ListItem::ServicePort } => "list of `[NAME:]PORT[:TARGET]`".to_owned(),
        Type::List { item: ListItem::Variable } => "list of `VARIABLE=VALUE`".to_owned(),
        Type::List { item: ListItem::VariableFrom } => "list of `VARIABLE=NAME/KEY`".to_owned(),
        Type::List { item: ListItem::File } => "list of `[KEY=]PATH`".to_owned(),
        Type::StorageClass => "storage class that exists, or `\"\"`".to_owned(),
        Type::VolumeClass => "storage class, or `\"\"`".to_owned(),
        Type::Namespace => "namespace".to_owned(),
        Type::Node => "node".to_owned(),
        Type::StatefulSet => "StatefulSet".to_owned(),
        Type::Duration => "time such as `90s` or `10m`".to_owned(),
        Type::Secret => "`generate`, `env:NAME`, `file:PATH` or `-`".to_owned(),
        Type::SecretKeys => "`KEY=VALUE`, `[KEY=]PATH`, `KEY=generate`, `KEY=env:NAME`, `KEY=file:PATH`".to_owned(),
    }
}

fn default(parameter: &Parameter) -> String {
    match parameter.offered().as_ref().and_then(Answer::plain) {
        Some(plain) if plain.is_empty() => "`\"\"`".to_owned(),
        Some(plain) => format!("`{plain}`"),
        None if parameter.optional => "none".to_owned(),
        None if parameter.value.is_some() => "`generate`".to_owned(),
        None => "required".to_owned(),
    }
}

fn meaning(parameter: &Parameter) -> String {
    let Some(when) = &parameter.when else { return parameter.help.clone() };
    let flag = when.parameter.replace('_', "-");
    if when.is.is_empty() {
        return format!("{} Only with `--{flag}`.", parameter.help);
    }
    let values: Vec<_> =
        when.is.iter().map(|value| if value.is_empty() { "`''`".to_owned() } else { format!("`{value}`") }).collect();
    format!("{} Only with `--{flag}` {}.", parameter.help, values.join(" or "))
}

fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::parameter::Pattern;
    use super::super::samples::parameter;
    use super::*;

    #[test]
    fn each_parameter_is_one_row_whatever_it_says() {
        let pattern = Pattern { regex: "a|b".into(), words: String::new() };
        let mut odd = parameter("size", Type::Text { pattern: Some(pattern) });
        odd.help = "One\ntwo | three.".into();
        let parameters = [
            odd.when("kind", &["x", "y"]),
            parameter("replicas", Type::Int { min: 1, max: 3 }).default(Answer::Int(2)),
            parameter("value", Type::SecretKeys).optional(),
        ];
        assert_eq!(
            table(&parameters),
            "| Flag | Value | Default | Meaning |\n|---|---|---|---|\n\
             | `--size` | text like `a\\|b` | required | One two \\| three. Only with `--kind` `x` or `y`. |\n\
             | `--replicas` | 1 to 3 | `2` | Says the replicas. |\n\
             | `--from-literal`, `--from-file`, `--value-from` | `KEY=VALUE`, `[KEY=]PATH`, `KEY=generate`, `KEY=env:NAME`, \
             `KEY=file:PATH` | none | Says the value. |\n"
        );
    }
}
