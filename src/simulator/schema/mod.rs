//! What the API server knows about the shape of objects: which fields a type
//! has, which lists merge by which keys, what Go writes out even when it is
//! zero. One generated table (`table.json`) drives decoding, unknown-field
//! checks, strategic merge and server-side apply.

pub mod generate;
mod same;
pub mod table;

pub use generate::generate;
pub use same::is_same_spec;
pub use table::{Field, ListKind, Shape, Table, Type, table};
