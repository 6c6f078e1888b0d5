//! A secret: typed without echo, twice. Nothing on the screen tells its
//! length.

use super::asked::{Asked, Next};
use super::layout;
use crate::report::ask::editor::{Edit, Editor};
use crate::report::ask::frame::{Size, View};
use crate::report::ask::keys::Key;
use crate::report::ask::look::Look;
use crate::wizard::question::Reply;

pub const EMPTY: &str = "must not be empty";
pub const DIFFERENT: &str = "the two were not the same; type it again";
const SHORTENED: &str = "only the first line was kept";

pub struct Hidden<'a> {
    prompt: &'a str,
    help: &'a str,
    first: Option<String>,
    editor: Editor,
    wrong: Option<&'static str>,
}

impl<'a> Hidden<'a> {
    pub fn new(prompt: &'a str, help: &'a str) -> Self {
        Self { prompt, help, first: None, editor: Editor::default(), wrong: None }
    }

    fn submit(&mut self) -> Next {
        let typed = self.editor.text();
        self.editor.clear();
        self.wrong = None;
        match self.first.take() {
            None if typed.is_empty() => self.wrong = Some(EMPTY),
            None => self.first = Some(typed),
            Some(first) if first == typed => return Next::Done(Reply::Text(typed)),
            Some(_) => self.wrong = Some(DIFFERENT),
        }
        Next::Stay
    }
}

/// The prompt of the second time.
pub fn again(prompt: &str) -> String {
    format!("{prompt} (again)")
}

impl Asked for Hidden<'_> {
    fn key(&mut self, key: &Key) -> Next {
        let edit = match key {
            Key::Enter => return self.submit(),
            Key::Char(_) | Key::Paste(_) | Key::Backspace | Key::EraseLine => self.editor.key(key),
            // Moving about in what cannot be seen would only surprise.
            Key::Escape
            | Key::Interrupt
            | Key::End
            | Key::Delete
            | Key::Left
            | Key::Right
            | Key::Up
            | Key::Down
            | Key::Home
            | Key::Last
            | Key::PageUp
            | Key::PageDown
            | Key::Tab
            | Key::EraseWord
            | Key::Unknown => Edit::Same,
        };
        match edit {
            Edit::Changed => self.wrong = None,
            Edit::Shortened => self.wrong = Some(SHORTENED),
            Edit::Same => {}
        }
        Next::Stay
    }

    fn view(&self, look: &Look, size: Size) -> View {
        let prompt = if self.first.is_some() { again(self.prompt) } else { self.prompt.to_owned() };
        let (mut lines, cursor) = layout::head(&look.line(&prompt, None), 0, size);
        lines.extend(layout::footer(self.wrong, self.help, look, size));
        View { lines, cursor }
    }

    fn answered(&self, look: &Look, _: &Reply) -> String {
        look.hidden(self.prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::Style;

    fn enter(hidden: &mut Hidden<'_>, typed: &str) -> Next {
        for character in typed.chars() {
            hidden.key(&Key::Char(character));
        }
        hidden.key(&Key::Enter)
    }

    #[test]
    fn it_must_be_typed_twice_the_same_and_not_be_empty() {
        let mut hidden = Hidden::new("Password", "");
        assert_eq!(enter(&mut hidden, ""), Next::Stay);
        assert_eq!(hidden.wrong, Some(EMPTY));
        assert_eq!(enter(&mut hidden, "s3cret"), Next::Stay);
        assert_eq!(enter(&mut hidden, "other"), Next::Stay);
        assert_eq!(hidden.wrong, Some(DIFFERENT));
        assert_eq!(enter(&mut hidden, "s3cret"), Next::Stay);
        assert_eq!(enter(&mut hidden, "s3cret"), Next::Done(Reply::Text("s3cret".to_owned())));
    }

    #[test]
    fn no_view_holds_what_was_typed_or_its_length() {
        let look = Look::new(Style::PLAIN);
        let size = Size { rows: 10, columns: 60 };
        let mut hidden = Hidden::new("Password", "");
        let before = hidden.view(&look, size);
        hidden.key(&Key::Paste("s3cret".to_owned()));
        assert_eq!(hidden.view(&look, size), before);
        assert_eq!(hidden.answered(&look, &Reply::Text("s3cret".into())), "ok Password - ********");
    }
}
