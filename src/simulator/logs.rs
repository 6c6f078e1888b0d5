//! GET of a pod's `log`: a few lines of each run of a container, since nothing
//! runs in it. They are what an annotation says, or how the run went. Refusals
//! are those of the real server and of its kubelets.

use jiff::Timestamp;
use serde_json::Value;

use super::cause::Cause;
use super::controllers::fields::Fields;
use super::controllers::kubelet::LOGS;
use super::query::pairs;
use super::request::{ObjectCall, Raw};
use super::status::Refusal;
use super::store::Store;
use super::world::Reply;
use crate::objects::kinds::ApiKind;

/// What the query asks for.
struct Options {
    container: String,
    previous: bool,
    timestamps: bool,
    tail: Option<usize>,
    most_bytes: Option<usize>,
    /// Lines from before are left out.
    since: Option<Timestamp>,
}

/// One run of a container, by what its status says.
struct Run<'a> {
    started: Timestamp,
    /// Its `terminated` state.
    ended: Option<&'a Value>,
}

/// The lines of a container's run.
///
/// # Errors
/// 404 for no such pod, 400 for a container that is not named, not there or has
/// not run, 422 for numbers that make no sense.
pub fn answer(store: &Store, raw: &Raw, call: &ObjectCall, now: Timestamp) -> Result<Reply, Refusal> {
    let options = Options::parse(&raw.query, &call.name, now)?;
    let pod = store
        .object(call.kind, &call.namespace, &call.name)
        .ok_or_else(|| Refusal::not_found(call.kind, &call.name))?;
    let container = container(pod, &options.container)?;
    let home = pod.text("/spec/nodeName");
    if home.is_empty() {
        return Ok(Reply::text(204, ""));
    }
    if let Some(nodes) = ApiKind::named("Node").filter(|nodes| store.object(nodes, "", home).is_none()) {
        return Err(Refusal::not_found(nodes, home));
    }
    let run = run(pod, container, options.previous).map_err(|why| Refusal::bad_request(&why))?;
    Ok(Reply::text(200, &options.shown(&lines(pod, container, &run))))
}

impl Options {
    fn parse(query: &str, pod: &str, now: Timestamp) -> Result<Self, Refusal> {
        let all = pairs(query);
        let text = |name: &str| all.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str());
        let flag = |name: &str| text(name).is_some_and(|value| matches!(value, "" | "1" | "true"));
        let number = |name: &str| {
            let wrong = |value| Refusal::bad_request(&format!("strconv.ParseInt: parsing {value:?}: invalid syntax"));
            text(name).map(|value| value.parse::<i64>().map_err(|_| wrong(value))).transpose()
        };
        let (tail, bytes, seconds) = (number("tailLines")?, number("limitBytes")?, number("sinceSeconds")?);
        let mut causes = Vec::new();
        if let Some(tail) = tail.filter(|tail| *tail < 0) {
            causes.push(Cause::invalid("tailLines", &tail.into(), "must be greater than or equal to 0"));
        }
        if let Some(bytes) = bytes.filter(|bytes| *bytes < 1) {
            causes.push(Cause::invalid("limitBytes", &bytes.into(), "must be greater than 0"));
        }
        let time = text("sinceTime");
        if seconds.is_some() && time.is_some() {
            causes.push(Cause::forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        } else if let Some(seconds) = seconds.filter(|seconds| *seconds < 1) {
            causes.push(Cause::invalid("sinceSeconds", &seconds.into(), "must be greater than 0"));
        }
        if !causes.is_empty() {
            return Err(Refusal::invalid_named("", "PodLogOptions", pod, &causes));
        }
        let ago = |seconds| now.checked_sub(jiff::SignedDuration::from_secs(seconds)).ok();
        Ok(Self {
            container: text("container").unwrap_or_default().to_owned(),
            previous: flag("previous"),
            timestamps: flag("timestamps"),
            tail: tail.and_then(|tail| usize::try_from(tail).ok()),
            most_bytes: bytes.and_then(|bytes| usize::try_from(bytes).ok()),
            since: seconds.and_then(ago).or_else(|| time?.parse().ok()),
        })
    }

    /// The text of these lines and their times.
    fn shown(&self, lines: &[(Timestamp, String)]) -> String {
        let recent: Vec<_> = lines.iter().filter(|(at, _)| self.since.is_none_or(|since| *at >= since)).collect();
        let first = self.tail.map_or(0, |tail| recent.len().saturating_sub(tail));
        let time = |at: &Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.000000000Z ").to_string();
        let lines = recent.iter().skip(first).map(|(at, line)| {
            let time = if self.timestamps { time(at) } else { String::new() };
            format!("{time}{line}\n")
        });
        let text: String = lines.collect();
        let most = self.most_bytes.unwrap_or(text.len());
        text.char_indices()
            .take_while(|(at, letter)| at + letter.len_utf8() <= most)
            .map(|(_, letter)| letter)
            .collect()
    }
}

/// The container that is meant.
fn container<'a>(pod: &'a Value, asked: &'a str) -> Result<&'a str, Refusal> {
    let main = pod.items("/spec/containers");
    let all = pod.items("/spec/initContainers").iter().chain(main);
    let names: Vec<&str> = all.chain(pod.items("/spec/ephemeralContainers")).map(|held| held.text("/name")).collect();
    match (asked, main) {
        ("", [only]) => Ok(only.text("/name")),
        ("", _) => Err(Refusal::bad_request(&format!(
            "a container name must be specified for pod {}, choose one of: [{}]",
            pod.name(),
            names.join(" ")
        ))),
        _ if names.contains(&asked) => Ok(asked),
        _ => Err(Refusal::bad_request(&format!("container {asked} is not valid for pod {}", pod.name()))),
    }
}

/// The run whose lines are asked for: that which is or was, or the one before.
fn run<'a>(pod: &'a Value, container: &str, previous: bool) -> Result<Run<'a>, String> {
    let statuses = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let mut held = statuses.iter().flat_map(|list| pod.items(list)).filter(|held| held["name"] == container);
    let called = format!("container {container:?} in pod {:?}", pod.name());
    let Some(status) = held.next() else { return Err(format!("{called} is not available")) };
    let over = |ended: &'a Value| {
        let started = ended.instant("/startedAt").or_else(|| ended.instant("/finishedAt"))?;
        Some(Run { started, ended: Some(ended) })
    };
    let last = over(&status["lastState"]["terminated"]);
    if previous {
        return last.ok_or_else(|| format!("previous terminated {called} not found"));
    }
    let running = status.instant("/state/running/startedAt").map(|started| Run { started, ended: None });
    running.or_else(|| over(&status["state"]["terminated"])).or(last).ok_or_else(|| {
        let why = match status.text("/state/waiting/reason") {
            "ErrImagePull" => "image can't be pulled",
            "ImagePullBackOff" => "trying and failing to pull image",
            other => other,
        };
        format!("{called} is waiting to start: {why}")
    })
}

/// What the run wrote, and when.
fn lines(pod: &Value, container: &str, run: &Run<'_>) -> Vec<(Timestamp, String)> {
    let mut lines: Vec<(Timestamp, String)> = match pod.annotation(LOGS) {
        Some(told) => told.lines().map(|line| (run.started, line.to_owned())).collect(),
        None => vec![(run.started, format!("{container}: started in the sandbox, where nothing runs"))],
    };
    if let Some(ended) = run.ended {
        let code = ended.number("/exitCode").unwrap_or(0);
        let at = ended.instant("/finishedAt").unwrap_or(run.started);
        lines.push((at, format!("{container}: exits with code {code}")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod() -> Value {
        let ended = |start: &str, end: &str, code: i64| json!({"terminated": {"exitCode": code, "startedAt": format!("2026-01-01T00:{start}Z"), "finishedAt": format!("2026-01-01T00:{end}Z")}});
        json!({
            "metadata": {"name": "web-0"},
            "spec": {"containers": [{"name": "main"}, {"name": "new"}]},
            "status": {"containerStatuses": [
                {"name": "main", "state": {"running": {"startedAt": "2026-01-01T00:05:00Z"}}, "lastState": ended("00:00", "04:00", 3)},
                {"name": "new", "state": {"waiting": {"reason": "ImagePullBackOff"}}, "lastState": {}},
            ]},
        })
    }

    fn shown(query: &str) -> String {
        let pod = pod();
        let now = "2026-01-01T00:06:00Z".parse().unwrap();
        let options = Options::parse(query, "web-0", now).unwrap();
        let run = run(&pod, container(&pod, "main").unwrap(), options.previous).unwrap();
        options.shown(&lines(&pod, "main", &run))
    }

    #[test]
    fn each_run_has_its_lines_and_the_query_says_which() {
        let first = "main: started in the sandbox, where nothing runs\n";
        assert_eq!(shown(""), first);
        assert_eq!(shown("previous=true"), format!("{first}main: exits with code 3\n"));
        assert_eq!(shown("previous=true&tailLines=1"), "main: exits with code 3\n");
        assert_eq!(shown("previous=true&tailLines=0"), "");
        assert_eq!(shown("previous=true&sinceTime=2026-01-01T00:01:00Z"), "main: exits with code 3\n");
        assert_eq!(shown("sinceSeconds=10"), "");
        assert_eq!(shown("limitBytes=5"), "main:");
        assert!(shown("timestamps=true").starts_with("2026-01-01T00:05:00.000000000Z main: "));
    }

    #[test]
    fn what_has_not_run_has_no_log() {
        let pod = pod();
        let refused = |container: &str, previous: bool| run(&pod, container, previous).err();
        let expected = "container \"new\" in pod \"web-0\" is waiting to start: trying and failing to pull image";
        assert_eq!(refused("new", false).as_deref(), Some(expected));
        let expected = "previous terminated container \"new\" in pod \"web-0\" not found";
        assert_eq!(refused("new", true).as_deref(), Some(expected));
        assert!(refused("gone", false).is_some());
    }

    #[test]
    fn an_annotation_says_what_is_in_the_log() {
        let mut pod = pod();
        pod["metadata"]["annotations"] = json!({LOGS: "ready\nto serve"});
        let run = run(&pod, "main", false).unwrap();
        let lines: Vec<String> = lines(&pod, "main", &run).into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["ready", "to serve"]);
    }
}
