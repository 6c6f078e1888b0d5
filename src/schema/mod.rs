//! THE SHAPE OF OBJECTS, as a real API server publishes it: which fields a type
//! has, which lists merge by which keys, which texts a field may be, what Go
//! writes out even when it is zero. One generated table (`table.json`), for
//! the simulator and for what is wrong with a manifest.
//!
//! Not here: what is done with it, and what a server holds against values.

pub mod generate;
pub mod table;

pub use generate::generate;
pub use table::{Field, ListKind, Shape, Table, Type, Written, table};
