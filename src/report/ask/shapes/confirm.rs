//! Yes or no: `y` and `n` answer at once, Enter takes what is shown.

use super::asked::{Asked, Next};
use super::layout;
use crate::report::ask::keys::Key;
use crate::report::ask::look::Look;
use crate::report::frame::{Size, View};
use crate::wizard::question::Reply;

pub struct Confirm<'a> {
    prompt: &'a str,
    help: &'a str,
    value: bool,
}

impl<'a> Confirm<'a> {
    pub fn new(prompt: &'a str, help: &'a str, default: bool) -> Self {
        Self { prompt, help, value: default }
    }
}

impl Asked for Confirm<'_> {
    fn key(&mut self, key: &Key) -> Next {
        match key {
            Key::Enter => return Next::Done(Reply::Yes(self.value)),
            Key::Char('y' | 'Y') => return Next::Done(Reply::Yes(true)),
            Key::Char('n' | 'N') => return Next::Done(Reply::Yes(false)),
            Key::Left | Key::Right | Key::Up | Key::Down | Key::Tab => self.value = !self.value,
            Key::Char(_)
            | Key::Paste(_)
            | Key::Escape
            | Key::Interrupt
            | Key::End
            | Key::Backspace
            | Key::Delete
            | Key::Home
            | Key::Last
            | Key::PageUp
            | Key::PageDown
            | Key::EraseLine
            | Key::EraseWord
            | Key::Unknown => {}
        }
        Next::Stay
    }

    fn view(&self, look: &Look, size: Size) -> View {
        let (mut lines, cursor) = layout::head(&look.confirm(self.prompt, self.value), 0, size);
        lines.extend(layout::footer(None, self.help, look, size));
        View { lines, cursor }
    }

    fn answered(&self, look: &Look, reply: &Reply) -> String {
        match reply {
            Reply::Yes(value) => look.answered(self.prompt, if *value { "yes" } else { "no" }),
            Reply::Text(_) | Reply::Picked(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_y_n_and_enter_answer() {
        let answer = |default: bool, keys: &[Key]| {
            let mut confirm = Confirm::new("Apply?", "", default);
            keys.iter().map(|key| confirm.key(key)).find(|next| *next != Next::Stay)
        };
        let done = |value| Some(Next::Done(Reply::Yes(value)));
        assert_eq!(answer(false, &[Key::Char('y')]), done(true));
        assert_eq!(answer(true, &[Key::Char('N')]), done(false));
        assert_eq!(answer(false, &[Key::Enter]), done(false));
        assert_eq!(answer(false, &[Key::Right, Key::Enter]), done(true));
        assert_eq!(answer(true, &[Key::Char('x'), Key::Paste("y".into()), Key::Unknown]), None);
    }
}
