//! The query part of a request: percent-decoding and the parameters that the
//! simulated server honours.

use std::num::{IntErrorKind, ParseIntError};

use http::Method;
use serde_json::Value;

use super::field_manager;
use super::field_selector::FieldSelector;
use super::selectors::LabelSelector;
use super::status::{Cause, Refusal};

/// What to do with unknown and duplicate fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// How a read's `resourceVersion` is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Match {
    #[default]
    Unset,
    Exact,
    NotOlderThan,
    /// None of these; refused where it matters.
    Other(String),
}

const MATCH: &str = "resourceVersionMatch";

/// All parameters, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub dry_run: bool,
    pub field_manager: String,
    pub force: Option<bool>,
    pub field_validation: FieldValidation,
    pub labels: LabelSelector,
    pub fields: FieldSelector,
    /// 0 means no limit.
    pub limit: usize,
    pub continue_at: String,
    /// `None` if absent; `0` means "any".
    pub resource_version: Option<u64>,
    pub version_match: Match,
    pub watch: bool,
    pub bookmarks: bool,
    pub send_initial: Option<bool>,
    pub timeout_seconds: Option<u32>,
    pub grace_period: Option<i64>,
    pub propagation: Option<String>,
}

impl Query {
    /// Reads a query string; unknown parameters are ignored.
    ///
    /// # Errors
    /// 400 or 422 with the real server's text for values that make no sense.
    pub fn parse(text: &str, method: &Method, on_collection: bool) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let mut stages = Vec::new();
        for (name, value) in pairs(text).into_iter().filter(|(name, _)| concerns(name, method, on_collection)) {
            if name == "dryRun" {
                stages.push(value);
            } else {
                query.set(&name, &value, method, on_collection)?;
            }
        }
        query.dry_run = dry_run(&stages, options_kind(method))?;
        Ok(query)
    }

    /// What the parameters of a list or a watch ask for has to fit together.
    ///
    /// # Errors
    /// 422 with everything that does not.
    pub fn check_versions(&self) -> Result<(), Refusal> {
        let causes = if self.watch { self.faults_of_watch() } else { self.faults_of_list() };
        if causes.is_empty() {
            return Ok(());
        }
        Err(Refusal::invalid_named("meta.k8s.io", "ListOptions", "", &causes))
    }

    fn faults_of_list(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        if self.version_match != Match::Unset {
            if self.resource_version.is_none() {
                causes.push(forbidden_match("is forbidden unless resourceVersion is provided"));
            }
            if !self.continue_at.is_empty() {
                causes.push(forbidden_match("is forbidden when continue is provided"));
            }
            if let Match::Other(other) = &self.version_match {
                causes.push(Cause::unsupported(MATCH, other, &["Exact", "NotOlderThan", ""]));
            }
            if self.version_match == Match::Exact && self.resource_version == Some(0) {
                causes.push(forbidden_match("\"exact\" is forbidden for resourceVersion \"0\""));
            }
        }
        if self.send_initial.is_some() {
            causes.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
        causes
    }

    fn faults_of_watch(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        if self.send_initial.is_some() && self.version_match != Match::NotOlderThan {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            causes.push(Cause::forbidden(MATCH, why));
        }
        let asked = match &self.version_match {
            Match::Unset => return causes,
            Match::Exact => "Exact",
            Match::NotOlderThan => "NotOlderThan",
            Match::Other(other) => other,
        };
        if self.send_initial.is_none() {
            causes.push(forbidden_match("is forbidden for watch unless sendInitialEvents is provided"));
        }
        if self.version_match != Match::NotOlderThan {
            causes.push(Cause::unsupported(MATCH, asked, &["NotOlderThan"]));
        }
        if !self.continue_at.is_empty() {
            causes.push(forbidden_match("is forbidden when continue is provided"));
        }
        causes
    }

    fn set(&mut self, name: &str, value: &str, method: &Method, on_collection: bool) -> Result<(), Refusal> {
        match name {
            "fieldManager" if value.len() > 128 => {
                let cause = Cause::too_long("fieldManager", 128);
                return Err(Refusal::invalid_named("meta.k8s.io", options_kind(method), "", &[cause]));
            }
            "fieldManager" if value.chars().any(char::is_control) => {
                return Err(Refusal::invalid_named(
                    "meta.k8s.io",
                    options_kind(method),
                    "",
                    &field_manager::unprintable(value),
                ));
            }
            "fieldManager" => value.clone_into(&mut self.field_manager),
            "force" => self.force = Some(flag(value)),
            "fieldValidation" => self.field_validation = field_validation(value)?,
            "labelSelector" => self.labels = LabelSelector::parse(value)?,
            "fieldSelector" => self.fields = FieldSelector::parse(value)?,
            "limit" => self.limit = number(value)?.try_into().unwrap_or(0),
            "continue" => value.clone_into(&mut self.continue_at),
            "resourceVersion" if !value.is_empty() => {
                self.resource_version = Some(revision(value, on_collection && !self.watch)?);
            }
            "resourceVersionMatch" => self.version_match = version_match(value),
            "watch" => self.watch = flag(value),
            "allowWatchBookmarks" => self.bookmarks = flag(value),
            "sendInitialEvents" => self.send_initial = Some(flag(value)),
            "timeoutSeconds" => self.timeout_seconds = number(value)?.try_into().ok().filter(|limit| *limit > 0),
            "gracePeriodSeconds" => self.grace_period = Some(number(value)?),
            "propagationPolicy" => self.propagation = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// Whether a request looks at this parameter at all.
fn concerns(name: &str, method: &Method, on_collection: bool) -> bool {
    let is_delete = *method == Method::DELETE;
    match name {
        "dryRun" => *method != Method::GET,
        "gracePeriodSeconds" | "propagationPolicy" => is_delete,
        "fieldManager" | "fieldValidation" | "force" => !is_delete && *method != Method::GET,
        "resourceVersion" => *method == Method::GET || is_delete && on_collection,
        _ => on_collection && (*method == Method::GET || is_delete),
    }
}

/// Whether a write is only to be tried: in `All` its stages, or not at all.
///
/// # Errors
/// 422 for any other stage.
pub fn dry_run(stages: &[String], options: &str) -> Result<bool, Refusal> {
    if stages.iter().all(|stage| stage == "All") {
        return Ok(!stages.is_empty());
    }
    let mut cause = Cause::unsupported("dryRun", "", &["All"]);
    cause.message = cause.message.replacen(r#""""#, &Value::from(stages).to_string(), 1);
    Err(Refusal::invalid_named("meta.k8s.io", options, "", &[cause]))
}

fn options_kind(method: &Method) -> &'static str {
    match *method {
        Method::POST => "CreateOptions",
        Method::PUT => "UpdateOptions",
        Method::DELETE => "DeleteOptions",
        _ => "PatchOptions",
    }
}

fn field_validation(value: &str) -> Result<FieldValidation, Refusal> {
    match value {
        "" | "Warn" => Ok(FieldValidation::Warn),
        "Ignore" => Ok(FieldValidation::Ignore),
        "Strict" => Ok(FieldValidation::Strict),
        other => {
            let cause = Cause::unsupported("fieldValidation", other, &["", "Ignore", "Strict", "Warn"]);
            Err(Refusal::invalid_named("meta.k8s.io", "CreateOptions", "", &[cause]))
        }
    }
}

fn version_match(value: &str) -> Match {
    match value {
        "" => Match::Unset,
        "Exact" => Match::Exact,
        "NotOlderThan" => Match::NotOlderThan,
        other => Match::Other(other.to_owned()),
    }
}

fn forbidden_match(why: &str) -> Cause {
    Cause::forbidden(MATCH, &format!("{MATCH} {why}"))
}

/// A revision; only a list takes a bad one for the client's mistake.
fn revision(value: &str, is_list: bool) -> Result<u64, Refusal> {
    value.parse().map_err(|error| {
        let fault = fault(&error);
        let why = format!("resourceVersion: Invalid value: {value:?}: strconv.ParseUint: parsing {value:?}: {fault}");
        if is_list {
            Refusal::bad_request(&format!("invalid resource version: {why}"))
        } else {
            Refusal::internal(&why)
        }
    })
}

/// All but `0` and `false` is true.
fn flag(value: &str) -> bool {
    value != "0" && !value.eq_ignore_ascii_case("false")
}

fn number(value: &str) -> Result<i64, Refusal> {
    value
        .parse()
        .map_err(|error| Refusal::bad_request(&format!("strconv.ParseInt: parsing {value:?}: {}", fault(&error))))
}

/// Go's words for what is no number.
fn fault(error: &ParseIntError) -> &'static str {
    match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
        _ => "invalid syntax",
    }
}

/// Names and values, decoded.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name, true), decoded(value, true))
        })
        .collect()
}

/// Percent-decoding; broken escapes stay as they are.
#[must_use]
pub fn decoded(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        // A number may have a sign, and an escape none.
        let escaped = escaped.filter(|code| code.bytes().all(|letter| letter.is_ascii_hexdigit()));
        if let Some(code) = escaped.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            out.push(code);
            at += 3;
        } else {
            out.push(if plus_is_space && *byte == b'+' { b' ' } else { *byte });
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_decoded() {
        let query =
            Query::parse("dryRun=All&fieldManager=a%2Fb+c&force=true", &Method::PATCH, false).expect("readable");
        assert!(query.dry_run);
        assert_eq!((query.field_manager.as_str(), query.force), ("a/b c", Some(true)));
        let text = "labelSelector=app%3Dweb&limit=5&resourceVersion=0";
        let query = Query::parse(text, &Method::GET, true).expect("readable");
        assert_eq!((query.limit, query.resource_version), (5, Some(0)));
        assert!(query.labels.matches(&serde_json::json!({"app": "web"})));
        assert!(!query.labels.matches(&serde_json::json!({"app": "db"})));
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        for (text, read) in [("%2f", "/"), ("%+f", "%+f"), ("%f", "%f"), ("%", "%"), ("%%41", "%A"), ("%-1", "%-1")] {
            assert_eq!(decoded(text, false), read);
        }
    }

    #[test]
    fn senseless_values_are_refused_where_they_are_looked_at() {
        for text in ["dryRun=Some", "fieldValidation=Loud"] {
            assert!(Query::parse(text, &Method::PATCH, false).is_err(), "{text}");
            assert!(Query::parse(text, &Method::GET, true).is_ok(), "{text}");
        }
        for text in ["limit=x", "resourceVersion=new", "timeoutSeconds=soon"] {
            assert!(Query::parse(text, &Method::GET, true).is_err(), "{text}");
            assert!(Query::parse(text, &Method::PATCH, false).is_ok(), "{text}");
        }
    }
}
