//! What was deleted and has still to go: somebody else may hold it, such as a
//! cloud that takes the load balancer of a Service away first.

use serde_json::Value;

use super::conductor::Conductor;
use super::halt::Halt;
use super::wait::WaitError;
use super::waits::{WaitFailed, Waits};
use crate::objects::kinds::ObjectRef;

impl Conductor<'_> {
    /// Until a deleted object is gone. Whoever holds it in the cluster does nothing on the
    /// copy of a plan, which says so: there it counts as gone in the end.
    pub(super) async fn object_gone(&self, object: &ObjectRef, at_most: u64) -> Result<Value, Halt> {
        let waits = Waits { connection: self.connection, observer: self.observer, keeper: &self.keeper };
        match waits.object_gone(object, at_most).await {
            Err(WaitFailed::Wait(WaitError::Idle { .. } | WaitError::TimedOut { .. })) if self.approved.is_none() => {
                Ok(Value::Null)
            }
            gone => Ok(gone?),
        }
    }
}
