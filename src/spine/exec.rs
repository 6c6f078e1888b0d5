//! Programs in the pods of clusters that run none. On a sandbox annotations say
//! how each ends; on the copy that a plan is made on each ends well, since
//! nobody is asked before the plan is approved.

use futures::future::{BoxFuture, ready};
use futures::stream::iter;
use futures::{FutureExt as _, StreamExt as _};

use crate::cluster::Exec;
use crate::cluster::exec::{ExecError, Heard, Output, Program};
use crate::facts::reader::Reader;
use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::simulator::controllers::kubelet::{EXEC_EXIT, EXEC_PRINTS};

/// On a sandbox, also one that is being served.
pub struct AsAnnotated {
    pub client: kube::Client,
}

impl Exec for AsAnnotated {
    fn start<'a>(&'a self, program: &'a Program) -> BoxFuture<'a, Result<Output, ExecError>> {
        async move {
            let Some(kind) = ApiKind::named("Pod") else { return Ok(output("", 0)) };
            let object = ObjectRef { kind, namespace: program.namespace.clone(), name: program.pod.clone() };
            let found = Reader::new(self.client.clone()).get(&object).await;
            let pod = found.map_err(|why| ExecError::Refused(Box::new(why)))?.unwrap_or_default();
            let told = |key: &str| pod["metadata"]["annotations"][key].as_str().unwrap_or_default();
            Ok(output(told(EXEC_PRINTS), told(EXEC_EXIT).trim().parse().unwrap_or(0)))
        }
        .boxed()
    }
}

/// On a copy.
pub struct Assumed;

impl Exec for Assumed {
    fn start<'a>(&'a self, _: &'a Program) -> BoxFuture<'a, Result<Output, ExecError>> {
        ready(Ok(output("", 0))).boxed()
    }
}

fn output(prints: &str, code: i32) -> Output {
    iter([Ok(Heard::Printed(prints.to_owned().into())), Ok(Heard::Exited(code))]).boxed()
}
