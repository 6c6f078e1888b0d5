//! From objects to a cluster that has them: order, rights, review, approval,
//! the run, the wait. `init` and `create` differ only in where their objects
//! come from; everything after that is here.

mod approve;
mod carry_out;
mod cautions;
mod kept;
mod order;
mod output;
mod pipeline;
mod readiness;
mod rights;

pub use carry_out::part_way;
pub use pipeline::{Made, Making, make};
