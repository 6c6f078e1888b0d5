//! A program in a pseudo-terminal, seen through an emulator. Waiting means
//! waiting for the screen: a reader thread feeds the emulator and wakes
//! whoever waits for a text, so nothing here sleeps.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::termios::LocalModes;

/// How long a text may take to appear before the test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// What to start, and in what kind of terminal.
pub struct Setup<'a> {
    pub program: &'a Path,
    pub arguments: &'a [&'a str],
    pub rows: u16,
    pub columns: u16,
    /// All of the program's environment.
    pub variables: &'a [(&'a str, &'a str)],
    /// Where it starts.
    pub folder: &'a Path,
}

/// The running program and its screen.
pub struct Screen {
    master: Box<dyn MasterPty + Send>,
    keyboard: Keyboard,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Seen>,
}

type Keyboard = Arc<Mutex<Box<dyn Write + Send>>>;

struct Seen {
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    emulator: vt100::Parser,
    /// Everything that the program wrote.
    bytes: Vec<u8>,
    closed: bool,
    /// Keys to press as soon as a text was written.
    waiting: Option<(String, String)>,
}

impl Screen {
    pub fn start(setup: &Setup<'_>) -> Self {
        let size = PtySize { rows: setup.rows, cols: setup.columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(setup.program);
        command.args(setup.arguments);
        command.cwd(setup.folder);
        command.env_clear();
        for (name, value) in setup.variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let emulator =
            vt100::Parser::new(size.rows.try_into().expect("rows"), size.cols.try_into().expect("columns"), 0);
        let state = Mutex::new(State { emulator, bytes: Vec::new(), closed: false, waiting: None });
        let seen = Arc::new(Seen { state, news: Condvar::new() });
        let reader = pair.master.try_clone_reader().expect("a reader");
        let keyboard: Keyboard = Arc::new(Mutex::new(pair.master.take_writer().expect("a keyboard")));
        let (watched, fingers) = (Arc::clone(&seen), Arc::clone(&keyboard));
        thread::spawn(move || watch(reader, &watched, &fingers));
        Self { master: pair.master, keyboard, child, seen }
    }

    /// Presses keys, as the bytes that a terminal would send.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.lock().expect("the keyboard").write_all(keys.as_bytes()).expect("keys are taken");
    }

    /// Presses keys as soon as the program has written `text`, before anything
    /// more of its output is taken.
    pub fn press_at(&self, text: &str, keys: &str) {
        self.seen.state.lock().expect("state").waiting = Some((text.to_owned(), keys.to_owned()));
    }

    /// Waits until the screen shows `text` and gives back the screen.
    pub fn shows(&self, text: &str) -> String {
        self.until(text, |state| state.emulator.screen().contents().contains(text))
    }

    /// Waits until the screen shows `text` no more.
    pub fn hides(&self, text: &str) -> String {
        self.until(&format!("no {text}"), |state| !state.emulator.screen().contents().contains(text))
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.process_id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        rustix::process::kill_process(id.expect("a process"), signal).expect("the signal is sent");
    }

    /// Waits for the end and checks that the terminal is as it was found:
    /// cursor, echo, signals, pasting.
    pub fn ends(mut self) -> End {
        self.until("the end", |state| state.closed);
        let code = self.child.wait().expect("the program ends").exit_code();
        let state = self.seen.state.lock().expect("state");
        let screen = state.emulator.screen();
        assert!(!screen.hide_cursor(), "the cursor is hidden:\n{}", screen.contents());
        assert!(!screen.bracketed_paste(), "pasting is still marked");
        let (contents, bytes) = (screen.contents(), String::from_utf8_lossy(&state.bytes).into_owned());
        drop(state);
        assert!(self.cooked(), "echo, line or signal mode is off:\n{contents}");
        End { code, contents, bytes }
    }

    /// Whether the terminal echoes, edits lines and makes signals of Ctrl-C.
    fn cooked(&self) -> bool {
        let modes = self.master.get_termios().expect("modes").local_flags.bits();
        let wanted = (LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG).bits();
        modes & wanted == wanted
    }

    fn until(&self, what: &str, reached: impl Fn(&State) -> bool) -> String {
        let state = self.seen.state.lock().expect("state");
        let waited = self.seen.news.wait_timeout_while(state, DEADLINE, |state| !reached(state) && !state.closed);
        let (state, _) = waited.expect("state");
        let contents = state.emulator.screen().contents();
        assert!(reached(&state), "waited for {what}, closed: {}; the screen:\n{contents}", state.closed);
        contents
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind; after `ends` it is gone.
        let _ = self.child.kill();
    }
}

/// How a program ended.
pub struct End {
    pub code: u32,
    /// What the screen showed at last.
    pub contents: String,
    /// Everything that was written, escape codes included.
    pub bytes: String,
}

fn watch(mut reader: Box<dyn Read + Send>, seen: &Seen, keyboard: &Keyboard) {
    let mut buffer = [0; 4096];
    loop {
        let count = match reader.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            // A terminal whose last program has gone is an error to read.
            read => read.unwrap_or(0),
        };
        let mut state = seen.state.lock().expect("state");
        state.emulator.process(&buffer[..count]);
        state.bytes.extend_from_slice(&buffer[..count]);
        state.closed = count == 0;
        if state.waiting.as_ref().is_some_and(|(text, _)| contains(&state.bytes, text))
            && let Some((_, keys)) = state.waiting.take()
        {
            // A program that has ended needs no keys.
            let _ = keyboard.lock().expect("the keyboard").write_all(keys.as_bytes());
        }
        seen.news.notify_all();
        if count == 0 {
            return;
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
