//! The form of an answer, by the `Accept` header: the object itself, a table
//! for people, or its metadata alone.

use jiff::Timestamp;
use serde_json::Value;

use super::status::Refusal;
use super::tables::{Include, Known, include, metadata_only, table};

/// What a client asked to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Whole,
    Table,
    Metadata,
}

/// How answers are shown to one client.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    form: Form,
    include: Include,
}

impl View {
    /// As the request's `Accept` header and its query ask for.
    ///
    /// # Errors
    /// 406 where no form fits, 400 for options of a table that there are not.
    pub fn of(path: &str, accept: &str, query: &str) -> Result<Self, Refusal> {
        let of_objects = path.starts_with("/api/v1/") || path.split('/').nth(4).is_some();
        if !of_objects {
            return Ok(Self::default());
        }
        let form = form(accept)?;
        let include = if form == Form::Table { include(query)? } else { Include::default() };
        Ok(Self { form, include })
    }

    /// Whether answers are sent as they are.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.form == Form::Whole
    }

    /// What is sent for this object, list or `Status`.
    #[must_use]
    pub fn shown(self, answer: Value, known: &Known<'_>, now: Timestamp) -> Value {
        match self.form {
            Form::Whole => answer,
            Form::Table => table(answer, self.include, known, now),
            Form::Metadata => metadata_only(answer),
        }
    }

    /// What is sent for an event of a watch. Columns are told once.
    #[must_use]
    pub fn shown_event(self, mut event: Value, is_first: bool, known: &Known<'_>, now: Timestamp) -> Value {
        if self.form == Form::Whole || event["type"] == "BOOKMARK" {
            return event;
        }
        event["object"] = self.shown(event["object"].take(), known, now);
        if !is_first && event["object"]["kind"] == "Table" {
            event["object"]["columnDefinitions"] = Value::Null;
        }
        event
    }
}

/// The first form in the header that is served; whole JSON if there is no
/// header. Weights are not looked at, as by the real server.
///
/// # Errors
/// 406 where nothing fits.
pub fn form(accept: &str) -> Result<Form, Refusal> {
    if accept.trim().is_empty() {
        return Ok(Form::Whole);
    }
    if !accept.split(',').any(is_served) {
        return Err(Refusal::no_media_type());
    }
    accept.split(',').find_map(alternative).ok_or_else(Refusal::not_acceptable)
}

fn is_served(alternative: &str) -> bool {
    let media = alternative.split(';').next().unwrap_or_default().trim();
    matches!(media, "application/json" | "application/*" | "*/*")
}

fn alternative(text: &str) -> Option<Form> {
    if !is_served(text) {
        return None;
    }
    let parts = text.split(';').skip(1).map(str::trim);
    let (mut kind, mut group, mut version) = ("", "", "");
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name {
            "as" => kind = value,
            "g" => group = value,
            "v" => version = value,
            _ => {}
        }
    }
    match (kind, group, version) {
        ("", ..) => Some(Form::Whole),
        ("Table", "meta.k8s.io", "v1") => Some(Form::Table),
        ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => Some(Form::Metadata),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_is_served_is_taken() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        for (accept, expected) in [
            ("", Form::Whole),
            ("*/*", Form::Whole),
            ("application/json", Form::Whole),
            ("application/json;q=0.9", Form::Whole),
            ("application/vnd.kubernetes.protobuf,application/json", Form::Whole),
            ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json", Form::Whole),
            (&format!("{table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"), Form::Table),
            ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Form::Metadata),
        ] {
            assert_eq!(form(accept), Ok(expected), "{accept}");
        }
        for accept in ["text/html", "application/yaml2", "application/json;as=Chair;v=v1;g=meta.k8s.io"] {
            assert_eq!(form(accept).expect_err(accept).code, 406, "{accept}");
        }
    }
}
