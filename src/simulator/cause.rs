//! One field error of a validation, in the texts of the real server.

use serde_json::Value;

/// One field error of a validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub reason: &'static str,
    /// Begins with the reason's words, as in `Invalid value: -1: must be …`.
    pub message: String,
    pub field: String,
}

impl Cause {
    #[must_use]
    pub fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let message = format!("Invalid value: {value}{why}");
        Self { reason: "FieldValueInvalid", message, field: field.into() }
    }

    #[must_use]
    pub fn required(field: impl Into<String>, why: &str) -> Self {
        let message = if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Self { reason: "FieldValueRequired", message, field: field.into() }
    }

    #[must_use]
    pub fn forbidden(field: impl Into<String>, why: &str) -> Self {
        Self { reason: "FieldValueForbidden", message: format!("Forbidden: {why}"), field: field.into() }
    }

    #[must_use]
    pub fn not_found(field: impl Into<String>, value: &str) -> Self {
        Self { reason: "FieldValueNotFound", message: format!("Not found: {value:?}"), field: field.into() }
    }

    #[must_use]
    pub fn duplicate(field: impl Into<String>, value: &str) -> Self {
        Self { reason: "FieldValueDuplicate", message: format!("Duplicate value: {value:?}"), field: field.into() }
    }

    /// The same of what is no text.
    #[must_use]
    pub fn duplicate_value(field: impl Into<String>, value: &Value) -> Self {
        Self { reason: "FieldValueDuplicate", message: format!("Duplicate value: {value}"), field: field.into() }
    }

    #[must_use]
    pub fn too_long(field: impl Into<String>, limit: usize) -> Self {
        let message = format!("Too long: may not be more than {limit} bytes");
        Self { reason: "FieldValueTooLong", message, field: field.into() }
    }

    #[must_use]
    pub fn too_many(field: impl Into<String>, count: usize, limit: usize) -> Self {
        let message = format!("Too many: {count}: must have at most {limit} items");
        Self { reason: "FieldValueTooMany", message, field: field.into() }
    }

    /// The value is of another JSON type than its schema says.
    #[must_use]
    pub fn mistyped(field: &str, found: &str, wanted: &str) -> Self {
        let message = format!("Invalid value: {found:?}: {field} in body must be of type {wanted}: {found:?}");
        Self { reason: "FieldValueTypeInvalid", message, field: field.to_owned() }
    }

    /// The value is none of a closed list.
    #[must_use]
    pub fn unsupported(field: impl Into<String>, value: &str, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|one| format!("{one:?}")).collect();
        let message = format!("Unsupported value: {value:?}: supported values: {}", known.join(", "));
        Self { reason: "FieldValueNotSupported", message, field: field.into() }
    }

    /// The same about a value that was checked in another form.
    #[must_use]
    pub fn about(mut self, checked: &str, written: &str) -> Self {
        self.message = self.message.replacen(&format!("{checked:?}"), &format!("{written:?}"), 1);
        self
    }

    pub(super) fn line(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }
}
