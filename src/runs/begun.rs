//! How far earlier undos came with what a script says for them: what was begun of
//! it, and what was brought to its end.

use std::collections::BTreeMap;

use serde_json::Value;

use super::call::Call;
use crate::effects::Effect;

/// How far an earlier undo came with one effect of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Done,
    /// It was begun, and nobody heard its end.
    Unheard,
}

/// How far earlier undos came: by the number of the line and the place of the effect in it.
pub(super) type Stands = BTreeMap<(u64, u64), Stand>;

/// What earlier undos have begun of all that.
pub(super) fn stands(lines: &[Value]) -> Stands {
    let goals = goals(lines);
    let (mut stands, mut begun) = (Stands::new(), BTreeMap::new());
    for line in lines {
        let Some(number) = line["n"].as_u64() else { continue };
        let key = (line["effect"]["takesBack"].as_u64(), line["effect"]["part"].as_u64());
        match (line["state"].as_str().unwrap_or_default(), key) {
            ("undoing", (Some(of), Some(part))) => {
                // Members go one at a time: only the last of them is the end.
                let goal = goals.get(&(of, part));
                let is_last = goal.is_none() || goal == replicas_asked(line).as_ref();
                begun.insert(number, ((of, part), is_last));
                stands.insert((of, part), Stand::Unheard);
            }
            ("done", _) => {
                let ended = begun.get(&number).filter(|(_, is_last)| *is_last);
                stands.extend(ended.map(|(key, _)| (*key, Stand::Done)));
            }
            // A refusal, or a code.
            ("failed", _) if line["why"]["ran"].is_null() || line["why"]["ran"]["exitCode"].is_i64() => {
                begun.get(&number).map(|(key, _)| stands.remove(key));
            }
            _ => {}
        }
    }
    stands
}

/// The numbers of replicas that said scales are to come to.
fn goals(lines: &[Value]) -> BTreeMap<(u64, u64), u64> {
    let of_line = |line: &Value| {
        let number = line["n"].as_u64()?;
        let Ok(Call::Undo { effects, .. }) = serde_json::from_value(line["call"].clone()) else { return None };
        let goal = move |(effect, part): (Effect, u64)| match effect {
            Effect::Scale(scale) => Some(((number, part), scale.to)),
            _ => None,
        };
        Some(effects.into_iter().zip(0_u64..).filter_map(goal))
    };
    lines.iter().filter(|line| line["call"]["call"] == "undo").filter_map(of_line).flatten().collect()
}

/// The number of replicas that this line is about to ask for.
fn replicas_asked(line: &Value) -> Option<u64> {
    match serde_json::from_value(line["effect"]["call"].clone()) {
        Ok(Call::Effect { effect: Effect::Scale(scale) }) => Some(scale.to),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::effects::Target;
    use crate::effects::scale::Scale;

    #[test]
    fn a_command_stands_as_begun_until_its_end_or_its_refusal_is_written() {
        let begun =
            |n: u64, part: u64| json!({ "n": n, "state": "undoing", "effect": { "takesBack": 1, "part": part } });
        let failed = |n: u64, why: Value| json!({ "n": n, "state": "failed", "why": why });
        let ran = |code: Value| json!({ "ran": { "exitCode": code, "printed": "" } });
        let lines = [
            begun(5, 0),
            json!({ "n": 5, "state": "done" }),
            begun(6, 1),
            begun(7, 2),
            failed(7, ran(Value::Null)),
            begun(8, 3),
            failed(8, ran(json!(1))),
            begun(9, 4),
            failed(9, json!("refused with 403 Forbidden")),
        ];
        let expected = [((1, 0), Stand::Done), ((1, 1), Stand::Unheard), ((1, 2), Stand::Unheard)];
        assert_eq!(stands(&lines), expected.into());
    }

    #[test]
    fn a_scale_that_takes_members_away_one_at_a_time_ends_with_the_last_of_them() {
        let set =
            Target { object: super::super::reads::reference("StatefulSet", "default", "web"), uid: "u".to_owned() };
        let scale = |to: u64, from: Option<u64>| Effect::Scale(Scale { set: set.clone(), to, from });
        let said = Call::Undo { label: "back".to_owned(), effects: vec![scale(1, None)] };
        let step = |n: u64, to: u64| {
            let call = Call::Effect { effect: scale(to, Some(to + 1)) };
            let begun = json!({ "call": call, "takesBack": 1, "part": 0 });
            [json!({ "n": n, "state": "undoing", "effect": begun }), json!({ "n": n, "state": "done" })]
        };
        let first = [&[json!({ "n": 1, "state": "call", "call": said })][..], &step(5, 2)].concat();
        assert_eq!(stands(&first), [((1, 0), Stand::Unheard)].into());
        assert_eq!(stands(&[&first[..], &step(6, 1)].concat()), [((1, 0), Stand::Done)].into());
    }
}
