//! A secret: typed without echo, twice. Nothing on the screen tells its
//! length.

use super::asked::{Asked, Next};
use super::layout;
use crate::report::ask::editor::{Edit, Editor};
use crate::report::ask::keys::Key;
use crate::report::ask::look::Look;
use crate::report::frame::{Size, View};
use crate::wizard::question::Reply;

const EMPTY: &str = "must not be empty";
const DIFFERENT: &str = "the two were not the same; type it again";
const SHORTENED: &str = "only the first line was kept";

/// A secret counts when it was typed the same twice, whoever reads the keys.
#[derive(Default)]
pub struct Twice(Option<String>);

impl Twice {
    pub fn prompt(&self, prompt: &str) -> String {
        if self.0.is_some() { format!("{prompt} (again)") } else { prompt.to_owned() }
    }

    /// The secret after the second time; nothing after the first.
    ///
    /// # Errors
    /// Why it begins anew.
    pub fn take(&mut self, typed: String) -> Result<Option<String>, &'static str> {
        match self.0.take() {
            None if typed.is_empty() => Err(EMPTY),
            None => {
                self.0 = Some(typed);
                Ok(None)
            }
            Some(first) if first == typed => Ok(Some(typed)),
            Some(_) => Err(DIFFERENT),
        }
    }
}

pub struct Hidden<'a> {
    prompt: &'a str,
    help: &'a str,
    twice: Twice,
    editor: Editor,
    wrong: Option<&'static str>,
}

impl<'a> Hidden<'a> {
    pub fn new(prompt: &'a str, help: &'a str) -> Self {
        Self { prompt, help, twice: Twice::default(), editor: Editor::default(), wrong: None }
    }

    fn submit(&mut self) -> Next {
        let typed = self.editor.text();
        self.editor.clear();
        match self.twice.take(typed) {
            Ok(Some(secret)) => return Next::Done(Reply::Text(secret)),
            Ok(None) => self.wrong = None,
            Err(wrong) => self.wrong = Some(wrong),
        }
        Next::Stay
    }
}

impl Asked for Hidden<'_> {
    fn key(&mut self, key: &Key) -> Next {
        if *key == Key::Enter {
            return self.submit();
        }
        // Moving about in what cannot be seen would only surprise.
        let edit = self.editor.key_at_end(key);
        match edit {
            Edit::Changed => self.wrong = None,
            Edit::Shortened => self.wrong = Some(SHORTENED),
            Edit::Same => {}
        }
        Next::Stay
    }

    fn view(&self, look: &Look, size: Size) -> View {
        let (mut lines, cursor) = layout::head(&look.line(&self.twice.prompt(self.prompt), None), 0, size);
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
