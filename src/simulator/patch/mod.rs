//! The four kinds of patch, and the ownership of fields that writes leave
//! behind. Pure functions over objects; `writes` calls them.

mod compare;
mod entry;
pub mod field_set;
pub mod json;
pub mod last_applied;
pub mod managed_fields;
pub mod merge;
pub mod strategic;
mod structure;
pub mod typed;
pub mod unstructured;
mod walk;
