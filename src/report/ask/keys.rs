//! Keys, and where they come from: the bytes of a terminal (`decode`), or on
//! Windows the console, which hands out keys.

use std::io;

use crate::report::terminal::guard::Standing;

/// One key, or what acts like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    /// All of a bracketed paste, newlines included.
    Paste(String),
    Enter,
    Escape,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    End,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    Last,
    PageUp,
    PageDown,
    Tab,
    /// Ctrl-U: everything before the cursor goes.
    EraseLine,
    /// Ctrl-W.
    EraseWord,
    Unknown,
}

/// Where keys come from: the terminal, or a test.
pub trait Source {
    fn key(&mut self) -> io::Result<Key>;

    /// Drops what was typed and not read.
    fn drain(&mut self);
}

impl Source for Standing {
    fn key(&mut self) -> io::Result<Key> {
        read(self)
    }

    fn drain(&mut self) {
        Standing::drain(self);
    }
}

#[cfg(unix)]
fn read(standing: &Standing) -> io::Result<Key> {
    super::decode::decode(&mut &*standing)
}

/// Windows hands out keys instead of bytes.
#[cfg(not(unix))]
fn read(_: &Standing) -> io::Result<Key> {
    use console::Key as Raw;
    Ok(match console::Term::stderr().read_key_raw()? {
        Raw::Char('\u{3}') | Raw::CtrlC => Key::Interrupt,
        Raw::Char('\u{4}') => Key::End,
        Raw::Char('\u{15}') => Key::EraseLine,
        Raw::Char('\u{17}') => Key::EraseWord,
        Raw::Char(character) if !character.is_control() => Key::Char(character),
        Raw::Enter => Key::Enter,
        Raw::Escape => Key::Escape,
        Raw::Backspace => Key::Backspace,
        Raw::Del => Key::Delete,
        Raw::ArrowLeft => Key::Left,
        Raw::ArrowRight => Key::Right,
        Raw::ArrowUp => Key::Up,
        Raw::ArrowDown => Key::Down,
        Raw::Home => Key::Home,
        Raw::End => Key::Last,
        Raw::PageUp => Key::PageUp,
        Raw::PageDown => Key::PageDown,
        Raw::Tab => Key::Tab,
        _ => Key::Unknown,
    })
}
