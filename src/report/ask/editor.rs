//! One line of text being typed. Pure: it knows keys and columns, and neither
//! the terminal nor what the text is for.

use console::measure_text_width;

use super::keys::Key;
use crate::report::escape::escape;

/// The text and where in it the cursor stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Editor {
    text: Vec<char>,
    /// Between 0 and the number of characters.
    cursor: usize,
}

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The text is another.
    Changed,
    /// Only the cursor moved, or nothing happened.
    Same,
    /// Of a paste of several lines only the first was kept.
    Shortened,
}

impl Editor {
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keys that are not about editing do nothing.
    pub fn key(&mut self, key: &Key) -> Edit {
        let before = self.text.len();
        match key {
            Key::Char(character) => self.insert(*character),
            Key::Paste(pasted) => return self.paste(pasted),
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete if self.cursor < self.text.len() => drop(self.text.remove(self.cursor)),
            Key::EraseLine => drop(self.text.drain(..std::mem::take(&mut self.cursor))),
            Key::EraseWord => self.erase_word(),
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home => self.cursor = 0,
            Key::Last => self.cursor = self.text.len(),
            Key::Backspace
            | Key::Delete
            | Key::Enter
            | Key::Escape
            | Key::Interrupt
            | Key::End
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown
            | Key::Tab
            | Key::Unknown => {}
        }
        if self.text.len() == before { Edit::Same } else { Edit::Changed }
    }

    /// The same where the text cannot be seen, or the cursor not be moved: at its
    /// end only.
    pub fn key_at_end(&mut self, key: &Key) -> Edit {
        match key {
            Key::Char(_) | Key::Paste(_) | Key::Backspace | Key::EraseLine => self.key(key),
            Key::Enter
            | Key::Escape
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
        }
    }

    fn insert(&mut self, character: char) {
        self.text.insert(self.cursor, character);
        self.cursor += 1;
    }

    fn paste(&mut self, pasted: &str) -> Edit {
        let text = pasted.trim_end_matches(['\r', '\n']);
        let first = text.split(['\r', '\n']).next().unwrap_or_default();
        first.chars().for_each(|character| self.insert(character));
        if first.len() < text.len() { Edit::Shortened } else { Edit::Changed }
    }

    fn erase_word(&mut self) {
        let is_space = |at: usize| self.text.get(at).is_some_and(|character| character.is_whitespace());
        let mut start = self.cursor;
        while start > 0 && is_space(start - 1) {
            start -= 1;
        }
        while start > 0 && !is_space(start - 1) {
            start -= 1;
        }
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    /// The part of the text around the cursor that fits `columns`, escaped, and
    /// the column of the cursor in it.
    pub fn visible(&self, columns: usize) -> (String, usize) {
        let shown: Vec<String> =
            self.text.iter().map(|character| escape(&character.to_string()).into_owned()).collect();
        let width = |from: usize, to: usize| -> usize {
            shown.get(from..to).unwrap_or_default().iter().map(|one| measure_text_width(one)).sum()
        };
        let mut start = self.cursor;
        // One column is left for the cursor behind the text.
        while start > 0 && width(start - 1, self.cursor) < columns {
            start -= 1;
        }
        let mut end = self.cursor;
        while end < shown.len() && width(start, end + 1) < columns {
            end += 1;
        }
        (shown.get(start..end).unwrap_or_default().concat(), width(start, self.cursor))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(keys: &[Key]) -> Editor {
        let mut editor = Editor::default();
        for key in keys {
            editor.key(key);
        }
        editor
    }

    fn chars(text: &str) -> Vec<Key> {
        text.chars().map(Key::Char).collect()
    }

    #[test]
    fn keys_edit_at_the_cursor() {
        let edited = |more: &[Key]| typed(&[chars("web one"), more.to_vec()].concat()).text();
        assert_eq!(edited(&[Key::Backspace]), "web on");
        assert_eq!(edited(&[Key::Home, Key::Delete, Key::Char('W')]), "Web one");
        assert_eq!(edited(&[Key::Left, Key::Left, Key::Char('x')]), "web oxne");
        assert_eq!(edited(&[Key::Left, Key::EraseLine]), "e");
        assert_eq!(edited(&[Key::EraseWord, Key::EraseWord]), "");
        assert_eq!(edited(&[Key::Home, Key::Last, Key::Char('!')]), "web one!");
    }

    #[test]
    fn a_paste_keeps_its_first_line() {
        let mut editor = Editor::default();
        assert_eq!(editor.key(&Key::Paste("one\r\nrm -rf /\r\n".into())), Edit::Shortened);
        assert_eq!(editor.key(&Key::Paste(" more\n".into())), Edit::Changed);
        assert_eq!(editor.text(), "one more");
    }

    #[test]
    fn what_is_shown_scrolls_with_the_cursor() {
        let mut editor = typed(&chars("abcdefghij"));
        assert_eq!(editor.visible(5), ("ghij".to_owned(), 4));
        editor.key(&Key::Home);
        assert_eq!(editor.visible(5), ("abcd".to_owned(), 0));
    }

    fn any_key() -> impl Strategy<Value = Key> {
        prop_oneof![
            4 => any::<char>().prop_map(Key::Char),
            1 => ".*".prop_map(Key::Paste),
            3 => prop::sample::select(vec![
                Key::Backspace, Key::Delete, Key::Left, Key::Right, Key::Home, Key::Last, Key::EraseLine, Key::EraseWord,
            ]),
        ]
    }

    proptest! {
        #[test]
        fn the_visible_part_always_fits(keys in prop::collection::vec(any_key(), 0..60), columns in 8usize..60) {
            let editor = typed(&keys);
            let (shown, cursor) = editor.visible(columns);
            prop_assert!(editor.cursor <= editor.text.len());
            prop_assert!(measure_text_width(&shown) < columns && cursor < columns, "{shown:?} {cursor}");
            prop_assert!(!shown.contains(char::is_control));
        }
    }
}
