//! One of several. A list that is higher than the terminal scrolls.

use console::{measure_text_width, pad_str, truncate_str};

use super::asked::{Asked, Next};
use super::layout;
use crate::report::ask::keys::Key;
use crate::report::ask::look::Look;
use crate::report::escape::escape;
use crate::report::frame::{Size, View};
use crate::wizard::parameter::Choice;
use crate::wizard::question::Reply;

/// How far Page Up and Page Down go.
const PAGE: usize = 5;
/// The mark before each row and the space after it.
const MARK: usize = 2;

pub struct Pick<'a> {
    prompt: &'a str,
    help: &'a str,
    choices: &'a [Choice],
    active: usize,
}

impl<'a> Pick<'a> {
    pub fn new(prompt: &'a str, help: &'a str, choices: &'a [Choice], default: usize) -> Self {
        Self { prompt, help, choices, active: default.min(choices.len().saturating_sub(1)) }
    }
}

/// Value and label of each choice as two columns, escaped.
pub fn rows(choices: &[Choice]) -> Vec<String> {
    let widest = choices.iter().map(|choice| measure_text_width(&escape(&choice.value))).max().unwrap_or(0);
    choices
        .iter()
        .map(|choice| {
            let (value, label) = (escape(&choice.value), escape(&choice.label));
            if value.is_empty() {
                label.into_owned()
            } else if label.is_empty() || label == value {
                value.into_owned()
            } else {
                format!("{}   {label}", pad_str(&value, widest, console::Alignment::Left, None))
            }
        })
        .collect()
}

/// What names a choice after it was made.
pub fn name(choice: &Choice) -> &str {
    if choice.value.is_empty() { &choice.label } else { &choice.value }
}

impl Asked for Pick<'_> {
    fn key(&mut self, key: &Key) -> Next {
        let Some(last) = self.choices.len().checked_sub(1) else { return Next::Stay };
        self.active = match key {
            Key::Enter => return Next::Done(Reply::Picked(self.active)),
            Key::Up | Key::Char('k') => self.active.checked_sub(1).unwrap_or(last),
            Key::Down | Key::Char('j') | Key::Tab if self.active == last => 0,
            Key::Down | Key::Char('j') | Key::Tab => self.active + 1,
            Key::PageUp => self.active.saturating_sub(PAGE),
            Key::PageDown => (self.active + PAGE).min(last),
            Key::Home => 0,
            Key::Last => last,
            Key::Char(_)
            | Key::Paste(_)
            | Key::Escape
            | Key::Interrupt
            | Key::End
            | Key::Backspace
            | Key::Delete
            | Key::Left
            | Key::Right
            | Key::EraseLine
            | Key::EraseWord
            | Key::Unknown => self.active,
        };
        Next::Stay
    }

    fn view(&self, look: &Look, size: Size) -> View {
        let rows = rows(self.choices);
        let width = size.columns.saturating_sub(MARK);
        // What is cut off the row under the cursor is said below the list.
        let cut = rows.get(self.active).is_some_and(|row| measure_text_width(row) > width);
        let label = self.choices.get(self.active).filter(|_| cut).map(|choice| choice.label.as_str());
        let mut lines = layout::prompt(&look.pick(self.prompt), size);
        let nothing = self.choices.is_empty().then_some("there is nothing to choose from");
        let mut footer = layout::footer(nothing, label.unwrap_or(self.help), look, size);
        footer.truncate(size.rows.saturating_sub(lines.len() + 1));
        let count = self.choices.len();
        let mut room = size.rows.saturating_sub(lines.len() + footer.len()).max(1);
        if count > room && room > 1 {
            footer.insert(0, look.quiet(&format!("  {} of {count}", self.active + 1)));
            room -= 1;
        }
        let first = self.active.saturating_sub(room / 2).min(count.saturating_sub(room));
        let cursor = (lines.len() + self.active - first, 0);
        for (index, row) in rows.iter().enumerate().skip(first).take(room) {
            let row = truncate_str(row, width, look.ellipsis());
            lines.push(look.item(&row, index == self.active));
        }
        lines.extend(footer);
        View { lines, cursor }
    }

    fn answered(&self, look: &Look, reply: &Reply) -> String {
        match reply {
            Reply::Picked(index) => look.answered(self.prompt, self.choices.get(*index).map_or("", name)),
            Reply::Text(_) | Reply::Yes(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::style::Style;

    fn choices(count: usize) -> Vec<Choice> {
        (1..=count)
            .map(|number| Choice { value: format!("c{number}"), label: "class with a long label ".repeat(3) })
            .collect()
    }

    fn pressed(count: usize, default: usize, keys: &[Key]) -> Next {
        let choices = choices(count);
        let mut pick = Pick::new("Class", "", &choices, default);
        for key in keys {
            pick.key(key);
        }
        pick.key(&Key::Enter)
    }

    #[test]
    fn arrows_move_and_wrap_around() {
        let picked = |index| Next::Done(Reply::Picked(index));
        assert_eq!(pressed(3, 1, &[]), picked(1));
        assert_eq!(pressed(3, 1, &[Key::Down, Key::Down]), picked(0));
        assert_eq!(pressed(3, 0, &[Key::Up]), picked(2));
        assert_eq!(pressed(12, 0, &[Key::PageDown, Key::PageDown, Key::PageDown]), picked(11));
        assert_eq!(pressed(12, 5, &[Key::Home, Key::Last, Key::Up]), picked(10));
        assert_eq!(pressed(3, 99, &[]), picked(2));
        assert_eq!(pressed(0, 0, &[Key::Down]), Next::Stay);
    }

    #[test]
    fn values_and_labels_are_columns_and_an_empty_value_shows_its_label() {
        let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into() };
        let rows = rows(&[choice("fast", "(ebs, Retain)"), choice("standard", "\u{1b}c"), choice("", "by hand")]);
        assert_eq!(rows, ["fast       (ebs, Retain)", "standard   \\u{1b}c", "by hand"]);
    }

    #[test]
    fn what_is_cut_off_the_row_under_the_cursor_stands_below_the_list() {
        let choices = choices(2);
        let pick = Pick::new("Class", "Where the data lives.", &choices, 0);
        let shown = |columns| pick.view(&Look::new(Style::PLAIN), Size { rows: 12, columns }).lines.split_off(3);
        assert_eq!(shown(100), ["  Where the data lives."]);
        assert_eq!(shown(40).join(" ").split_whitespace().collect::<Vec<_>>().join(" "), choices[0].label.trim());
    }

    proptest! {
        #[test]
        fn the_active_row_is_always_on_the_screen(
            count in 1usize..60, active in 0usize..60, rows in 2usize..30, columns in 20usize..100
        ) {
            let choices = choices(count);
            let pick = Pick::new("Class of the volumes", "Where the data lives.", &choices, active);
            let view = pick.view(&Look::new(Style::PLAIN), Size { rows, columns });
            let shown = view.lines.get(view.cursor.0).cloned().unwrap_or_default();
            let wanted = format!("> c{} ", pick.active + 1);
            prop_assert!(view.lines.len() <= rows, "{:?}", view.lines);
            prop_assert!(shown.starts_with(&wanted), "{shown:?} is not {wanted:?}");
            prop_assert!(view.lines.iter().all(|line| measure_text_width(line) <= columns));
        }
    }
}
