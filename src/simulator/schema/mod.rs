//! What the simulator knows about the shape of objects: the table that drives
//! decoding, unknown-field checks, strategic merge and server-side apply.

mod same;

pub use crate::schema::{Field, ListKind, Shape, Table, Type, Written, table};
pub use same::is_same_spec;
