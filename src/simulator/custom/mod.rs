//! Custom resources: kinds that come and go while the cluster runs. A
//! definition is an object like any other; the store keeps what it says in an
//! index, and every room that asks for a kind asks there too.
//!
//! What it is not: rules in CEL, conversion by webhook and selectable fields are
//! stored and not acted on.

mod columns;
mod definition;
mod index;
mod known;
mod life;
mod object;
mod path;
mod prune;
mod refusals;
mod shape;
mod validation;
mod writing;

pub use columns::Columns;
pub use definition::{Definition, Replicas, Version};
pub use index::Definitions;
pub use object::{again, body, duplicates, patched};
pub use path::{at, put};
pub use refusals::check_conversion;
pub use validation::{of_change, of_new, of_value};
