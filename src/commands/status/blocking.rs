//! The last lines of the containers that keep a set from being ready. Who may
//! not read logs, and a server that has none, leave them unknown.

use crate::facts::blocking::{Blocking, Log};
use crate::facts::reader::{Reader, is_forbidden, is_missing};

/// Lines of each log.
const LINES: usize = 3;
/// Containers of which the log is read.
const MOST_CONTAINERS: usize = 3;

/// Reads what is wanted, and leaves none of it open.
pub(super) async fn fill_logs(blocking: &mut Blocking, namespace: &str, reader: &Reader) {
    let node_is_lost = blocking.node.as_ref().is_some_and(|node| node.facts.as_ref().is_some_and(|facts| !facts.ready));
    let pod = blocking.pod.clone();
    for (position, container) in blocking.containers.iter_mut().enumerate() {
        let Log::Wanted { previous } = container.log else { continue };
        container.log = if node_is_lost {
            Log::Unknown("its node does not answer".to_owned())
        } else if position >= MOST_CONTAINERS {
            Log::Unknown("not asked for".to_owned())
        } else {
            match reader.log(namespace, &pod, &container.name, previous, LINES).await {
                Ok(text) => Log::Lines(text.lines().map(str::to_owned).collect()),
                Err(error) if is_forbidden(&error) => Log::Unknown("no right to read pods/log".to_owned()),
                Err(error) if is_missing(&error) => Log::Unknown("there is none here".to_owned()),
                Err(kube::Error::Api(status)) => Log::Unknown(status.message),
                Err(_) => Log::Unknown("it could not be read".to_owned()),
            }
        };
    }
}
