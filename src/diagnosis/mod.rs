//! WHAT IS WRONG. One rule per file, over manifests or over the facts of a
//! live set; each has a code, a source, a page that explains it, one test that
//! fires it and one near miss. Pure: data in, findings out.
//!
//! Not here: reading files or clusters, printing, changing anything.

pub mod beyond;
pub mod command;
pub mod files;
pub mod finding;
pub mod form;
pub mod kind;
pub mod labels;
pub mod live;
pub mod makers;
pub mod manifests;
pub mod meant;
pub mod offers;
pub mod outlook;
pub mod passwords;
pub mod references;
pub mod rule;
pub mod rules;
#[cfg(test)]
mod samples;
pub mod sight;
pub mod source;
pub mod sources;
#[cfg(test)]
mod typed_tests;
pub mod wanted;
mod words;
