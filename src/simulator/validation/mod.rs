//! What the server refuses with 422, in its own words. Checks of new objects
//! and of changes; admission (403) and conflicts (409) are elsewhere.

mod change;
mod claims;
mod classes;
mod create;
mod definitions;
mod diff;
mod disks;
mod endpoints;
mod go;
pub(super) mod metadata;
mod metrics;
pub mod names;
mod others;
mod pods;
mod priorities;
mod quotas;
mod read;
mod rights;
mod scaling;
mod schemas;
mod services;
mod sets;
mod slices;
mod volumes;

pub use change::{of_change, of_metadata};
pub use claims::is_fractional;
pub use create::of_new;
pub use metadata::of_scale as of_scale_metadata;
pub use services::addresses;
