//! A line of text. Enter on nothing takes the default; Tab brings the default
//! in to be edited.

use super::asked::{Asked, Next};
use super::layout;
use crate::report::ask::editor::{Edit, Editor};
use crate::report::ask::keys::Key;
use crate::report::ask::look::Look;
use crate::report::frame::{Size, View};
use crate::wizard::question::Reply;

/// Fewer columns than this behind the prompt, and the answer goes below it.
const ROOM: usize = 16;

pub struct Line<'a> {
    prompt: &'a str,
    help: &'a str,
    default: Option<&'a str>,
    check: &'a dyn Fn(&str) -> Result<(), String>,
    editor: Editor,
    wrong: Option<String>,
}

impl<'a> Line<'a> {
    pub fn new(
        prompt: &'a str,
        help: &'a str,
        default: Option<&'a str>,
        check: &'a dyn Fn(&str) -> Result<(), String>,
    ) -> Self {
        Self { prompt, help, default, check, editor: Editor::default(), wrong: None }
    }

    fn submit(&mut self) -> Next {
        let answer = match self.default {
            Some(default) if self.editor.is_empty() => default.to_owned(),
            Some(_) | None => self.editor.text(),
        };
        match (self.check)(&answer) {
            Ok(()) => Next::Done(Reply::Text(answer)),
            Err(wrong) => {
                self.wrong = Some(wrong);
                Next::Stay
            }
        }
    }
}

impl Asked for Line<'_> {
    fn key(&mut self, key: &Key) -> Next {
        if *key == Key::Enter {
            return self.submit();
        }
        let edit = match (key, self.default) {
            (Key::Tab, Some(default)) if self.editor.is_empty() => self.editor.key(&Key::Paste(default.to_owned())),
            _ => self.editor.key(key),
        };
        match edit {
            Edit::Changed => self.wrong = None,
            Edit::Shortened => self.wrong = Some("only the first line was kept".to_owned()),
            Edit::Same => {}
        }
        Next::Stay
    }

    fn view(&self, look: &Look, size: Size) -> View {
        let (mut lines, (row, column)) = layout::head(&look.line(self.prompt, self.default), ROOM, size);
        let (shown, cursor) = self.editor.visible(size.columns.saturating_sub(column).max(2));
        if let Some(last) = lines.last_mut() {
            let gap = column.saturating_sub(console::measure_text_width(last));
            last.push_str(&" ".repeat(gap));
            last.push_str(&shown);
        }
        lines.extend(layout::footer(self.wrong.as_deref(), self.help, look, size));
        View { lines, cursor: (row, column + cursor) }
    }

    fn answered(&self, look: &Look, reply: &Reply) -> String {
        match reply {
            Reply::Text(text) if text.is_empty() && self.default.is_some() => look.left_out(self.prompt),
            Reply::Text(text) if text.is_empty() => look.answered(self.prompt, "-"),
            Reply::Text(text) => look.answered(self.prompt, text),
            Reply::Picked(_) | Reply::Yes(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::Style;

    fn check(answer: &str) -> Result<(), String> {
        if answer.len() > 3 { Err("at most 3 characters".to_owned()) } else { Ok(()) }
    }

    fn line(default: Option<&'static str>) -> Line<'static> {
        Line::new("Name", "Help.", default, &check)
    }

    fn done(text: &str) -> Next {
        Next::Done(Reply::Text(text.to_owned()))
    }

    #[test]
    fn enter_takes_what_was_typed_or_the_default() {
        assert_eq!(line(Some("web")).key(&Key::Enter), done("web"));
        assert_eq!(line(None).key(&Key::Enter), done(""));
        let mut typed = line(Some("web"));
        typed.key(&Key::Char('x'));
        assert_eq!(typed.key(&Key::Enter), done("x"));
    }

    #[test]
    fn an_answer_that_may_be_left_out_says_so_before_and_after() {
        let look = Look::new(Style::PLAIN);
        let mut line = line(Some(""));
        assert_eq!(line.view(&look, Size { rows: 10, columns: 79 }).lines, ["? Name (optional) > ", "  Help."]);
        assert_eq!(line.key(&Key::Enter), done(""));
        assert_eq!(line.answered(&look, &Reply::Text(String::new())), "ok Name - left out");
    }

    #[test]
    fn tab_brings_the_default_in() {
        let mut line = line(Some("web"));
        line.key(&Key::Tab);
        line.key(&Key::Backspace);
        assert_eq!(line.key(&Key::Enter), done("we"));
    }

    #[test]
    fn a_wrong_answer_is_explained_until_it_is_edited() {
        let look = Look::new(Style::PLAIN);
        let size = Size { rows: 10, columns: 79 };
        let mut line = line(None);
        line.key(&Key::Paste("long".to_owned()));
        assert_eq!(line.key(&Key::Enter), Next::Stay);
        assert_eq!(line.view(&look, size).lines, ["? Name > long", "  x at most 3 characters"]);
        line.key(&Key::Backspace);
        assert_eq!(
            line.view(&look, size),
            View { lines: vec!["? Name > lon".into(), "  Help.".into()], cursor: (0, 12) }
        );
        assert_eq!(line.key(&Key::Enter), done("lon"));
    }
}
