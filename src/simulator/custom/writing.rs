//! Where writes of custom objects part from those of all others: how a body is
//! read, what it is held against, and the version that it is kept in.

use serde_json::Value;

use super::definition::Version;
use crate::objects::kinds::ApiKind;
use crate::simulator::body::{self, Read};
use crate::simulator::request::{ObjectCall, Part, Raw};
use crate::simulator::status::{Cause, Refusal};
use crate::simulator::validation;
use crate::simulator::world::World;
use crate::simulator::writer::Writer;

impl World {
    /// The body as an object of its kind.
    pub(in crate::simulator) fn read(&self, raw: &Raw, call: &ObjectCall) -> Result<Read, Refusal> {
        let (kind, validation) = (call.kind, call.query.field_validation);
        match self.store.version_of(kind) {
            Some((_, version)) => super::body(raw, version, validation),
            None => body::object(raw, &kind.api_version(), kind.kind, validation),
        }
    }

    /// What is known of the objects that a request writes, if they are custom ones.
    pub(in crate::simulator) fn custom(&self, call: &ObjectCall) -> Option<&Version> {
        let version = self.store.version_of(call.kind).map(|(_, version)| version);
        version.filter(|_| call.part != Part::Scale)
    }

    /// Nothing is made of a kind whose definition goes.
    pub(in crate::simulator) fn check_definition_lives(&self, call: &ObjectCall, name: &str) -> Result<(), Refusal> {
        let kind = call.kind;
        let is_terminating = kind.is_custom() && self.store.version_of(kind).is_some_and(|(one, _)| one.is_terminating);
        let why = "create not allowed while custom resource definition is terminating";
        if is_terminating { Err(Refusal::forbidden(kind, name, why)) } else { Ok(()) }
    }

    /// Custom objects are kept in one version, whatever they were written in.
    pub(in crate::simulator) fn keep_version(&self, kind: &ApiKind, object: &mut Value) {
        let stored = self.store.version_of(kind).and_then(|(definition, _)| definition.stored());
        if let Some(stored) = stored {
            object["apiVersion"] = stored.kind.api_version().into();
        }
    }

    pub(in crate::simulator) fn causes_of_new(&self, kind: &ApiKind, object: &Value) -> Vec<Cause> {
        match self.store.version_of(kind) {
            Some((_, version)) => super::of_new(version, object),
            None => validation::of_new(kind, object),
        }
    }

    pub(in crate::simulator) fn causes_of_change(&self, writer: &Writer, old: &Value, new: &Value) -> Vec<Cause> {
        match self.store.version_of(writer.kind) {
            Some((_, version)) => super::of_change(version, writer.part, old, new),
            None => validation::of_change(writer, old, new),
        }
    }
}
