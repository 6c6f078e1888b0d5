//! Who answers: a person at this terminal, or nobody. One loop serves every
//! shape of question; here Esc, Ctrl-C, Ctrl-D and a lost terminal leave it.

use std::io::{self, IsTerminal as _, Write};

use super::dumb;
use super::keys::{Key, Source};
use super::look::Look;
use super::shapes::{Next, start};
use crate::report::frame::{Frame, Size};
use crate::report::style::{Stream, Style};
use crate::report::terminal::guard::Standing;
use crate::wizard::question::{Abandoned, Ask, Question, Reply};

/// The person at standard input and stderr, if these are terminals.
#[derive(Clone, Copy)]
pub struct Person {
    style: Style,
    present: bool,
}

impl Person {
    /// Looks at the streams of this process. `TERM=dumb` can ask too, in lines.
    #[must_use]
    pub fn here() -> Self {
        Self { style: Style::of(Stream::Stderr), present: io::stdin().is_terminal() && io::stderr().is_terminal() }
    }
}

impl Ask for Person {
    fn can_ask(&self) -> bool {
        self.present
    }

    fn ask(&self, question: &Question<'_>) -> Result<Reply, Abandoned> {
        if !self.present {
            return Err(Abandoned);
        }
        // A terminal that cannot be read any more is a person who left.
        self.converse(question).ok().flatten().ok_or(Abandoned)
    }
}

impl Person {
    fn converse(&self, question: &Question<'_>) -> io::Result<Option<Reply>> {
        let mut standing = Standing::begin(self.style.redraws)?;
        let mut out = io::stderr();
        if self.style.redraws {
            let look = Look::new(self.style);
            draw(&mut standing, &mut out, question, &look, &Size::of_terminal)
        } else {
            dumb::ask(&mut standing, &mut out, question)
        }
    }
}

/// Draws, reads a key, draws again; `None` when the question was left.
fn draw(
    keys: &mut dyn Source,
    out: &mut dyn Write,
    question: &Question<'_>,
    look: &Look,
    size: &dyn Fn() -> Size,
) -> io::Result<Option<Reply>> {
    let mut asked = start(question);
    let mut frame = Frame::default();
    loop {
        let room = size();
        frame.draw(out, &asked.view(look, room), room)?;
        let key = keys.key()?;
        if matches!(key, Key::Escape | Key::Interrupt | Key::End) {
            frame.close(out, &look.left(question.prompt))?;
            return Ok(None);
        }
        if let Next::Done(reply) = asked.key(&key) {
            frame.close(out, &asked.answered(look, &reply))?;
            return Ok(Some(reply));
        }
        if key == Key::Enter {
            // The lines after the first of a paste are no answer to what is
            // asked next.
            keys.drain();
        }
    }
}

/// For runs without a terminal and for tests: every question stays unasked.
pub struct Nobody;

impl Ask for Nobody {
    fn can_ask(&self) -> bool {
        false
    }

    fn ask(&self, _: &Question<'_>) -> Result<Reply, Abandoned> {
        Err(Abandoned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ask::decode::Script;
    use crate::wizard::question::Shape;

    #[test]
    fn esc_ctrl_c_and_ctrl_d_leave_every_shape_and_close_its_frame() {
        let check = |_: &str| Ok(());
        for way_out in ["ab\u{1b}", "\u{3}", "\u{4}", ""] {
            let shapes = [
                Shape::Line { default: None, check: &check },
                Shape::Pick { choices: &[], default: 0 },
                Shape::Confirm { default: true },
                Shape::Hidden,
            ];
            for shape in shapes {
                let question = Question { prompt: "What", help: "", shape };
                let mut out = Vec::new();
                let size = || Size { rows: 10, columns: 39 };
                let look = Look::new(Style::PLAIN);
                let left = draw(&mut Script::typed(way_out), &mut out, &question, &look, &size);
                if way_out.is_empty() {
                    assert!(left.is_err(), "a lost terminal must be an error");
                } else {
                    assert_eq!(left.unwrap(), None);
                    assert!(out.ends_with(b"\x1b[Jx What\r\n"), "{}", String::from_utf8_lossy(&out));
                }
            }
        }
    }

    #[test]
    fn nobody_is_never_asked() {
        assert!(!Nobody.can_ask());
    }
}
