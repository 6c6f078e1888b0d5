//! Questions on a terminal that knows no escape codes (`TERM=dumb`): lines
//! only, lists by number. Keys still come one by one, so that Esc and Ctrl-C
//! leave a question here as well.

use std::io::{self, Write};

use console::measure_text_width;

use super::editor::Editor;
use super::keys::{Key, Source};
use super::shapes::{Twice, rows};
use crate::report::escape::escape;
use crate::report::style::{Mark, Style};
use crate::wizard::question::{Question, Reply, Shape};

/// Asks until there is an answer; `None` when the question was left.
pub fn ask(keys: &mut dyn Source, out: &mut dyn Write, question: &Question<'_>) -> io::Result<Option<Reply>> {
    if !question.help.is_empty() {
        write!(out, "{}\r\n", escape(question.help))?;
    }
    if let Shape::Pick { choices, .. } = &question.shape {
        for (index, row) in rows(choices).iter().enumerate() {
            write!(out, "  {}) {row}\r\n", index + 1)?;
        }
    }
    let prompt = prompt(question);
    loop {
        let typed = match &question.shape {
            Shape::Hidden => twice(keys, out, question.prompt)?,
            Shape::Line { .. } | Shape::Pick { .. } | Shape::Confirm { .. } => read(keys, out, &prompt, true)?.map(Ok),
        };
        let Some(typed) = typed else { return Ok(None) };
        match typed.and_then(|typed| reply(question, typed)) {
            Ok(reply) => return Ok(Some(reply)),
            Err(wrong) => {
                // What was typed ahead is no answer to what is said now.
                keys.drain();
                write!(out, "{} {}\r\n", Style::PLAIN.sign(Mark::Bad), escape(&wrong))?;
            }
        }
    }
}

fn prompt(question: &Question<'_>) -> String {
    let prompt = escape(question.prompt);
    match &question.shape {
        Shape::Line { default: Some(default), .. } if default.is_empty() => format!("{prompt} (optional): "),
        Shape::Line { default: Some(default), .. } => format!("{prompt} [{}]: ", escape(default)),
        Shape::Line { default: None, .. } | Shape::Hidden => format!("{prompt}: "),
        Shape::Pick { default, .. } => {
            let between = if prompt.ends_with('?') { " Number" } else { ", number" };
            format!("{prompt}{between} [{}]: ", default + 1)
        }
        Shape::Confirm { default } => format!("{prompt} [{}]: ", if *default { "Y/n" } else { "y/N" }),
    }
}

fn reply(question: &Question<'_>, typed: String) -> Result<Reply, String> {
    match &question.shape {
        Shape::Hidden => Ok(Reply::Text(typed)),
        Shape::Line { default, check } => {
            let answer = match default {
                Some(default) if typed.is_empty() => default.clone(),
                Some(_) | None => typed,
            };
            check(&answer).map(|()| Reply::Text(answer))
        }
        Shape::Pick { choices, default } => {
            let number = if typed.is_empty() { default + 1 } else { typed.trim().parse().unwrap_or(0) };
            match number.checked_sub(1) {
                Some(index) if index < choices.len() => Ok(Reply::Picked(index)),
                Some(_) | None => Err(format!("must be a number from 1 to {}", choices.len())),
            }
        }
        Shape::Confirm { default } => match typed.trim().to_lowercase().as_str() {
            "" => Ok(Reply::Yes(*default)),
            "y" | "yes" => Ok(Reply::Yes(true)),
            "n" | "no" => Ok(Reply::Yes(false)),
            _ => Err("must be `y` or `n`".to_owned()),
        },
    }
}

/// A secret, typed the same twice; the inner error says why it is none.
fn twice(keys: &mut dyn Source, out: &mut dyn Write, prompt: &str) -> io::Result<Option<Result<String, String>>> {
    let prompt = escape(prompt);
    let mut twice = Twice::default();
    loop {
        let Some(typed) = read(keys, out, &format!("{}: ", twice.prompt(&prompt)), false)? else { return Ok(None) };
        match twice.take(typed) {
            Ok(Some(secret)) => return Ok(Some(Ok(secret))),
            Ok(None) => keys.drain(),
            Err(wrong) => return Ok(Some(Err(wrong.to_owned()))),
        }
    }
}

/// One line; rubbing out is all the editing there is. `None`: left.
fn read(keys: &mut dyn Source, out: &mut dyn Write, prompt: &str, echo: bool) -> io::Result<Option<String>> {
    write!(out, "{prompt}")?;
    out.flush()?;
    let mut editor = Editor::default();
    let end = loop {
        let key = keys.key()?;
        if key == Key::Enter {
            break Some(editor.text());
        }
        if matches!(key, Key::Escape | Key::Interrupt | Key::End) {
            break None;
        }
        let before = editor.text();
        editor.key_at_end(&key);
        if echo {
            let after = editor.text();
            let width = |text: Option<&str>| measure_text_width(&escape(text.unwrap_or_default()));
            write!(out, "{}", "\u{8} \u{8}".repeat(width(before.get(after.len()..))))?;
            write!(out, "{}", escape(after.get(before.len()..).unwrap_or_default()))?;
        }
        out.flush()?;
    };
    write!(out, "\r\n")?;
    out.flush()?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ask::decode::Script;
    use crate::wizard::parameter::Choice;

    fn asked(shape: Shape<'_>, typed: &str) -> (Option<Reply>, String) {
        let mut out = Vec::new();
        let question = Question { prompt: "What", help: "", shape };
        let reply = ask(&mut Script::typed(typed), &mut out, &question).unwrap();
        (reply, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_list_is_answered_by_number() {
        let choices = [("fast", "ssd"), ("slow", "")].map(|(v, l)| Choice { value: v.into(), label: l.into() });
        let (reply, shown) = asked(Shape::Pick { choices: &choices, default: 0 }, "7\r2\r");
        assert_eq!(reply, Some(Reply::Picked(1)));
        assert_eq!(
            shown,
            "  1) fast   ssd\r\n  2) slow\r\nWhat, number [1]: 7\r\n\
             x must be a number from 1 to 2\r\nWhat, number [1]: 2\r\n"
        );
        assert_eq!(asked(Shape::Pick { choices: &choices, default: 1 }, "\r").0, Some(Reply::Picked(1)));
    }

    #[test]
    fn a_secret_is_never_echoed() {
        let (reply, shown) = asked(Shape::Hidden, "uno\rdos\r\runo\runo\r");
        assert_eq!(reply, Some(Reply::Text("uno".to_owned())));
        assert!(!shown.contains("uno") && !shown.contains("dos"), "{shown}");
        assert!(shown.contains("must not be empty") && shown.contains("not the same"), "{shown}");
    }

    #[test]
    fn lines_are_checked_and_rubbed_out() {
        let check = |text: &str| if text == "web" { Ok(()) } else { Err("not web".to_owned()) };
        let (reply, shown) = asked(Shape::Line { default: None, check: &check }, "x\rweä\u{7f}b\r");
        assert_eq!(reply, Some(Reply::Text("web".to_owned())));
        assert_eq!(shown, "What: x\r\nx not web\r\nWhat: weä\u{8} \u{8}b\r\n");
    }

    #[test]
    fn esc_and_ctrl_c_leave_every_shape() {
        let check = |_: &str| Ok(());
        for way_out in ["a\u{1b}", "\u{3}", "\u{4}"] {
            assert_eq!(asked(Shape::Line { default: None, check: &check }, way_out).0, None);
            assert_eq!(asked(Shape::Pick { choices: &[], default: 0 }, way_out).0, None);
            assert_eq!(asked(Shape::Confirm { default: true }, way_out).0, None);
            assert_eq!(asked(Shape::Hidden, way_out).0, None);
        }
        assert_eq!(asked(Shape::Hidden, "one\r\u{3}").0, None);
    }

    #[test]
    fn yes_and_no_are_words_or_letters() {
        let answer = |typed| asked(Shape::Confirm { default: false }, typed).0;
        assert_eq!(answer("yes\r"), Some(Reply::Yes(true)));
        assert_eq!(answer("\r"), Some(Reply::Yes(false)));
        assert_eq!(answer("si\rN\r"), Some(Reply::Yes(false)));
    }
}
