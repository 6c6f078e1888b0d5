//! The observer for people. On a terminal what is being waited for turns as a
//! status line below the finished lines; elsewhere each event is one line.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::wording::{Shown, word};
use crate::report::style::Style;
use crate::runs::event::{Event, Observer};

/// How often the status line turns.
const TICK: Duration = Duration::from_millis(120);

/// What is over sooner than this needs no status line.
const LONG: Duration = Duration::from_secs(1);

/// Shows events on one stream.
pub struct Display {
    style: Style,
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    /// What is being waited for, oldest first, with the last news of each.
    waits: Vec<(String, String)>,
    /// When what may take long was first told.
    begun: Option<Instant>,
    /// There is a bar only while something is being waited for on a terminal.
    bar: Option<ProgressBar>,
}

impl Display {
    /// `out` is stderr, or a test's buffer; the status line always goes to
    /// stderr, and only if `style` can redraw.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, style: Style) -> Self {
        Self { style, state: Mutex::new(State { out, waits: Vec::new(), begun: None, bar: None }) }
    }

    fn show(&self, state: &mut State, shown: Shown) {
        match shown {
            Shown::Line(line) => state.line(&line),
            Shown::Status { what, detail } => {
                if !self.style.redraws {
                    let colon = if detail.is_empty() { "" } else { ": " };
                    state.line(&format!("waiting for {what}{colon}{detail}"));
                }
                state.wait(what, detail);
            }
            Shown::Glance { what, detail } => {
                if state.begun.get_or_insert_with(Instant::now).elapsed() < LONG {
                    return;
                }
                state.wait(what.to_owned(), detail);
            }
            Shown::Past { what } => {
                state.begun = None;
                state.waits.retain(|(waited, _)| *waited != what);
            }
            Shown::Nothing => return,
            Shown::Over { what, line } => {
                state.waits.retain(|(waited, _)| *waited != what);
                state.line(&line);
            }
        }
        state.turn(&self.style);
    }
}

impl Observer for Display {
    fn event(&self, event: Event) {
        let shown = word(&event, &self.style);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.show(&mut state, shown);
    }
}

impl State {
    fn line(&mut self, line: &str) {
        let out = &mut self.out;
        // Nowhere is left to say that stderr cannot be written.
        let mut write = || drop(writeln!(out, "{line}").and_then(|()| out.flush()));
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn wait(&mut self, what: String, detail: String) {
        match self.waits.iter_mut().find(|(waited, _)| *waited == what) {
            Some((_, news)) => *news = detail,
            None => self.waits.push((what, detail)),
        }
    }

    /// Makes the status line say what is being waited for now.
    fn turn(&mut self, style: &Style) {
        let Some((what, detail)) = self.waits.last().filter(|_| style.redraws) else {
            if let Some(bar) = self.bar.take() {
                bar.finish_and_clear();
            }
            return;
        };
        let colon = if detail.is_empty() { "" } else { ": " };
        let others = self.waits.len() - 1;
        let others = if others == 0 { String::new() } else { format!(" (and {others} more)") };
        let message = format!("{what}{colon}{detail}{others}");
        self.bar.get_or_insert_with(|| bar(style)).set_message(message);
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(style: &Style) -> ProgressBar {
    let signs = if style.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "-\\|/ " };
    let look = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .tick_chars(signs);
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(look);
    bar.enable_steady_tick(TICK);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::captured::Captured;
    use crate::runs::event::Outcome;

    #[test]
    fn a_log_gets_one_plain_line_per_event() {
        let log = Captured::default();
        let display = Display::new(Box::new(log.clone()), Style::PLAIN);
        let claim = || "claim data-web-0".to_owned();
        display.event(Event::Effect { object: "Service/web".into(), outcome: Outcome::Created });
        display.event(Event::Waiting { what: claim() });
        display.event(Event::Progress { what: claim(), detail: "no volume yet".into() });
        display.event(Event::Reached { what: claim(), detail: "bound to pvc-1".into(), after: Duration::from_secs(2) });
        assert_eq!(
            log.text(),
            "Service/web created\n\
             waiting for claim data-web-0\n\
             waiting for claim data-web-0: no volume yet\n\
             claim data-web-0 bound to pvc-1 (2s)\n"
        );
    }

    #[test]
    fn how_far_a_plan_is_stands_in_the_status_line_alone_and_once_it_takes_long() {
        let log = Captured::default();
        let display = Display::new(Box::new(log.clone()), Style::PLAIN);
        let waits = || display.state.lock().unwrap().waits.clone();
        let planning = |at: &str| display.event(Event::Planning { at: at.to_owned() });
        planning("web-9");
        assert_eq!(waits(), []);
        display.state.lock().unwrap().begun = Instant::now().checked_sub(LONG);
        planning("web-8");
        assert_eq!(waits(), [("planning".to_owned(), "web-8".to_owned())]);
        display.event(Event::Planned);
        assert_eq!((waits(), log.text()), (vec![], String::new()));
        planning("web-9");
        assert_eq!(waits(), []);
    }
}
