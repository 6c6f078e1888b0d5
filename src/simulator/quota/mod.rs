//! ResourceQuotas: what objects count for, and the check that lets them in.
//! Not here: cpu and memory, and quotas that count only some pods.

mod admit;
pub mod usage;
