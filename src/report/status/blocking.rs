//! The member that keeps a set from being ready, on a few lines below the tree.

use jiff::Timestamp;

use crate::facts::age::age;
use crate::facts::blocking::{BlockedClaim, BlockedContainer, Blocking, Log};
use crate::facts::overview::NodeOverview;
use crate::facts::pod::Exit;
use crate::report::escape::escape;
use crate::report::style::{Style, Tint};
use crate::report::wrap::wrap;

/// Columns of the labels.
const LABEL: usize = 12;

/// The block, with the last newline.
pub(super) fn block(blocking: &Blocking, now: Timestamp, style: &Style) -> String {
    let why = blocking
        .container_in_the_way()
        .map_or_else(|| blocking.why.clone(), |container| format!("its {}", container.title()));
    let how = if blocking.ready { "is ready, and what it has is at stake" } else { "is in the way" };
    let head = format!("{} {how}: ", escape(&blocking.pod));
    let plain = |text: &str| escape(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned();
    let mut lines = wrap(&format!("{head}{}", plain(&why)), style.width, "");
    if let Some(first) = lines.first_mut() {
        *first = style.paint(Tint::Strong, first);
    }
    let mut add = |label: &str, text: &str| {
        lines.extend(wrap(&plain(text), style.width, &format!("  {label:LABEL$}")));
    };
    for container in &blocking.containers {
        add(if container.init { "init" } else { "container" }, &state(container));
        if let Some(exit) = &container.last_exit {
            add("last exit", &ended(exit, now));
        }
        match &container.log {
            Log::None | Log::Wanted { .. } => {}
            Log::Lines(log) if log.is_empty() => add("log", "(empty)"),
            Log::Lines(log) => {
                log.iter()
                    .enumerate()
                    .for_each(|(row, line)| add(if row == 0 { "log" } else { "" }, &format!("| {line}")));
            }
            Log::Unknown(why) => add("log", &format!("unknown: {why}")),
        }
    }
    match &blocking.node {
        Some(node) => add("node", &place(node)),
        None => add("node", "none yet"),
    }
    match &blocking.claims {
        None => add("claims", "unknown"),
        Some(claims) => claims.iter().for_each(|one| add("claim", &claim(one))),
    }
    let arrow = if style.unicode { "→" } else { "->" };
    if !blocking.remedy.is_empty() {
        lines.extend(wrap(&plain(&blocking.remedy), style.width, &format!("  {arrow} ")));
    }
    if let Some(command) = &blocking.command {
        // A whole line, so that it can be copied.
        lines.push(format!("    {}", escape(command)));
    }
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn state(container: &BlockedContainer) -> String {
    let state = match &container.waiting {
        Some((reason, message)) if message.is_empty() => format!("waits: {}", known(reason)),
        Some((reason, message)) => format!("waits: {}: {message}", known(reason)),
        None if container.last_exit.is_some() => "does not keep running".to_owned(),
        None if container.init => "runs and has not ended".to_owned(),
        None => "runs and is not ready".to_owned(),
    };
    format!("{} {state}, {} restarts", container.name, container.restarts)
}

fn known(reason: &str) -> &str {
    if reason.is_empty() { "no reason given" } else { reason }
}

fn ended(exit: &Exit, now: Timestamp) -> String {
    let reason = if exit.reason.is_empty() { String::new() } else { format!(" ({})", exit.reason) };
    let when = exit.at.map(|at| format!(" {} ago", age(at, now))).unwrap_or_default();
    let message = if exit.message.is_empty() { String::new() } else { format!(": {}", exit.message) };
    format!("code {}{reason}{when}{message}", exit.code)
}

fn place(node: &NodeOverview) -> String {
    let Some(facts) = &node.facts else { return format!("{}, state unknown", node.name) };
    let zone = facts.zone.as_deref().map(|zone| format!(" in {zone}")).unwrap_or_default();
    let state = match (facts.exists, facts.ready) {
        (false, _) => "does not exist",
        (true, false) => "not ready",
        (true, true) => "ready",
    };
    format!("{}{zone}, {state}", node.name)
}

fn claim(claim: &BlockedClaim) -> String {
    let Some(phase) = &claim.phase else { return format!("{} does not exist", claim.name) };
    let Some(volume) = &claim.volume else { return format!("{} {}", claim.name, phase.as_str()) };
    let attached = match claim.attached_to.as_deref() {
        None => " attachment unknown".to_owned(),
        Some([]) if !claim.attachable => String::new(),
        Some([]) => " attached nowhere".to_owned(),
        Some(nodes) => format!(" attached to {}", nodes.join(", ")),
    };
    format!("{} {}, volume {volume}{attached}", claim.name, phase.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::overview::NodeFacts;
    use crate::facts::samples::now;
    use crate::facts::words::ClaimPhase;

    fn blocking() -> Blocking {
        let container = BlockedContainer {
            name: "app".to_owned(),
            init: false,
            waiting: Some(("CrashLoopBackOff".to_owned(), "back-off 40s".to_owned())),
            last_exit: Some(Exit {
                code: 137,
                reason: "OOMKilled".to_owned(),
                message: String::new(),
                at: "2026-03-13T11:56:00Z".parse().ok(),
            }),
            restarts: 4,
            log: Log::Lines(vec!["reading".to_owned(), "evil \u{1b}[2J".to_owned()]),
        };
        let facts = NodeFacts { exists: true, ready: true, zone: Some("eu-1a".to_owned()), address: None };
        Blocking {
            pod: "web-1".to_owned(),
            ready: false,
            why: "container `app` waits: CrashLoopBackOff: back-off 40s".to_owned(),
            code: "container-fails",
            remedy: "read what it wrote before it ended, and mend it".to_owned(),
            command: Some("kubectl logs web-1 -c app --previous".to_owned()),
            containers: vec![container],
            node: Some(NodeOverview { name: "node-a".to_owned(), facts: Some(facts) }),
            claims: Some(vec![BlockedClaim {
                name: "data-web-1".to_owned(),
                phase: Some(ClaimPhase::Bound),
                volume: Some("disk".to_owned()),
                attached_to: Some(vec!["node-a".to_owned()]),
                attachable: true,
            }]),
        }
    }

    #[test]
    fn all_that_is_known_stands_on_a_few_lines() {
        let style = Style { unicode: true, ..Style::PLAIN };
        insta::assert_snapshot!(block(&blocking(), now(), &style), @r"
        web-1 is in the way: its container `app`
          container   app waits: CrashLoopBackOff: back-off 40s, 4 restarts
          last exit   code 137 (OOMKilled) 4m ago
          log         | reading
                      | evil \u{1b}[2J
          node        node-a in eu-1a, ready
          claim       data-web-1 Bound, volume disk attached to node-a
          → read what it wrote before it ended, and mend it
            kubectl logs web-1 -c app --previous
        ");
    }

    #[test]
    fn a_volume_that_is_never_attached_is_not_said_to_be_attached_nowhere() {
        let mut blocked = blocking();
        let claim = &mut blocked.claims.as_mut().unwrap()[0];
        claim.attached_to = Some(Vec::new());
        assert!(super::claim(claim).ends_with("volume disk attached nowhere"));
        claim.attachable = false;
        assert!(super::claim(claim).ends_with("volume disk"));
    }

    #[test]
    fn what_may_not_be_read_is_unknown() {
        let mut blocked = blocking();
        blocked.containers[0].log = Log::Unknown("no right to read pods/log".to_owned());
        blocked.node.as_mut().unwrap().facts = None;
        blocked.claims.as_mut().unwrap()[0].attached_to = None;
        let told = block(&blocked, now(), &Style::PLAIN);
        for part in ["unknown: no right to read pods/log", "node-a, state unknown", "volume disk attachment unknown"] {
            assert!(told.contains(part), "{told}");
        }
        blocked.claims = None;
        assert!(block(&blocked, now(), &Style::PLAIN).contains("claims      unknown"));
    }
}
