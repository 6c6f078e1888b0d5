//! The journal of a run: one JSON line before each effect (`intent`, with what
//! would undo it) and one after it (`done` or `failed`), each synced to disk
//! before work goes on; or `already`, when there was nothing to write.
//! Every line carries the digest of the one before, which finds damage; it
//! proves nothing against somebody who can write the file.
//!
//! No intent on disk, no effect. Room for the last lines is reserved when the
//! journal is made, so that a full disk still ends with a named state.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::pen::Pen;
use super::places::{private_file, sync_folder};

/// Bytes kept back for the lines that must still be written on a full disk.
const RESERVE: usize = 64 * 1024;

/// On lines about what was done after a stop.
const ASIDE: &str = "aside";

/// Whether a line is about what was done after a stop: who goes on with the run
/// comes to its end once more, and does it again.
#[must_use]
pub fn is_aside(line: &Value) -> bool {
    line[ASIDE] == true
}

/// An open journal.
pub struct Journal {
    file: File,
    pen: Pen,
    reserve: Option<PathBuf>,
    previous: String,
    count: u64,
    /// Bytes of whole lines.
    length: u64,
    /// Whether what is written belongs to no resume.
    is_aside: bool,
}

impl Journal {
    /// Makes `journal.jsonl` in the run's folder.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let reserve = folder.join("reserve");
        let mut filler = private_file(&reserve)?;
        filler.write_all(&vec![b'.'; RESERVE])?;
        filler.sync_data()?;
        let file = private_file(&folder.join("journal.jsonl"))?;
        mine_alone(&file)?;
        sync_folder(folder)?;
        Ok(Self {
            file,
            pen: Pen::default(),
            reserve: Some(reserve),
            previous: String::new(),
            count: 0,
            length: 0,
            is_aside: false,
        })
    }

    /// Opens the journal of a run that goes on: whole lines stay, a torn last one goes.
    ///
    /// # Errors
    /// See `read`.
    pub fn reopen(folder: &Path) -> Result<Self, JournalError> {
        let path = folder.join("journal.jsonl");
        let mut file = fs::OpenOptions::new().write(true).open(&path)?;
        mine_alone(&file)?;
        let lines = read(folder)?;
        let text = fs::read(&path)?;
        let length = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let previous =
            text[..length].split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).map_or_else(String::new, digest);
        file.set_len(length as u64)?;
        file.seek(SeekFrom::Start(length as u64))?;
        let reserve = folder.join("reserve");
        if !reserve.exists() {
            private_file(&reserve)?.write_all(&vec![b'.'; RESERVE])?;
        }
        let count = lines.iter().filter_map(|line| line["n"].as_u64()).max().unwrap_or(0);
        let pen = Pen::default();
        Ok(Self { file, pen, reserve: Some(reserve), previous, count, length: length as u64, is_aside: false })
    }

    /// Writes with this pen from here on.
    #[must_use]
    pub fn written_with(self, pen: &Pen) -> Self {
        Self { pen: pen.clone(), ..self }
    }

    /// Keeps everybody else from going on with a run, as long as the file is open.
    ///
    /// # Errors
    /// Another process is at work on it.
    pub fn hold(folder: &Path) -> io::Result<File> {
        let file = fs::OpenOptions::new().write(true).open(folder.join("journal.jsonl"))?;
        mine_alone(&file)?;
        Ok(file)
    }

    /// From here on lines are about what is done after a stop: see `is_aside`.
    pub fn goes_aside(&mut self) {
        self.is_aside = true;
    }

    /// What was done aside is taken back: from here on the run itself goes on.
    pub fn goes_on(&mut self) {
        self.is_aside = false;
    }

    /// Number for the next effect.
    pub fn next_number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// Writes that effect `number` is about to happen; `what` describes it
    /// without any secret value, `undo` is what would undo it.
    pub fn intent(&mut self, number: u64, at: Timestamp, what: &Value, undo: &Value) -> io::Result<()> {
        let line = json!({ "n": number, "t": at.to_string(), "state": "intent", "effect": what, "undo": undo });
        self.line(line, false)
    }

    /// Writes that an effect that takes another one back is about to happen.
    pub fn intent_to_undo(&mut self, number: u64, at: Timestamp, what: &Value) -> io::Result<()> {
        self.line(json!({ "n": number, "t": at.to_string(), "state": "undoing", "effect": what }), false)
    }

    /// Writes that effect `number` is taken back.
    pub fn undone(&mut self, number: u64, at: Timestamp) -> io::Result<()> {
        self.line(json!({ "t": at.to_string(), "state": "undone", "of": number }), true)
    }

    /// Writes that an undo leaves out what was said in line `number`, as somebody wants it.
    pub fn left_out(&mut self, number: u64, at: Timestamp) -> io::Result<()> {
        self.line(json!({ "t": at.to_string(), "state": "left-out", "of": number }), true)
    }

    /// Writes a call that changes nothing, with its answer.
    pub fn call(&mut self, number: u64, at: Timestamp, call: &Value, answer: &Value) -> io::Result<()> {
        self.line(json!({ "n": number, "t": at.to_string(), "state": "call", "call": call, "answer": answer }), false)
    }

    /// Writes that the goal of effect `number` holds already: nothing is sent.
    pub fn already(&mut self, number: u64, at: Timestamp, what: &Value, outcome: &Value) -> io::Result<()> {
        let line = json!({ "n": number, "t": at.to_string(), "state": "already", "effect": what, "outcome": outcome });
        self.line(line, false)
    }

    /// Writes what effect `number` came to, with the UID of what it created.
    pub fn done(&mut self, number: u64, at: Timestamp, outcome: &Value, uid: Option<&str>) -> io::Result<()> {
        self.line(json!({ "n": number, "t": at.to_string(), "state": "done", "outcome": outcome, "uid": uid }), true)
    }

    /// Writes that effect `number` was refused or its answer was lost.
    pub fn failed(&mut self, number: u64, at: Timestamp, why: &Value) -> io::Result<()> {
        self.line(json!({ "n": number, "t": at.to_string(), "state": "failed", "why": why }), true)
    }

    /// Writes that what is left was planned anew and approved.
    pub fn replanned(&mut self, at: Timestamp) -> io::Result<()> {
        self.line(json!({ "t": at.to_string(), "state": "replanned" }), false)
    }

    /// Writes how the run ended and gives the reserved room back.
    pub fn ended(&mut self, at: Timestamp, how: &str) -> io::Result<()> {
        self.is_aside = false;
        self.line(json!({ "t": at.to_string(), "state": "ended", "how": how }), true)?;
        self.release().map(drop)
    }

    /// The same of a run that stopped before its end, with the reason.
    pub fn stopped(&mut self, at: Timestamp, code: &str, why: &str) -> io::Result<()> {
        self.is_aside = false;
        let line = json!({ "t": at.to_string(), "state": "ended", "how": "stopped", "code": code, "why": why });
        self.line(line, true)?;
        self.release().map(drop)
    }

    /// Appends a line, whole or not at all. `reserved` lines may use the room
    /// that was kept back: intents may not, since what they announce would
    /// then be left without its outcome.
    fn line(&mut self, mut line: Value, reserved: bool) -> io::Result<()> {
        if self.is_aside {
            line[ASIDE] = json!(true);
        }
        line["prev"] = json!(self.previous);
        let mut text = line.to_string();
        let next = digest(text.as_bytes());
        text.push('\n');
        match self.append(text.as_bytes()) {
            Err(error) if reserved && is_full(&error) && self.release()? => self.append(text.as_bytes())?,
            result => result?,
        }
        self.previous = next;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.pen.write(&mut self.file, bytes);
        if written.is_err() {
            // A torn line in the middle would make the rest unreadable.
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return written;
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Gives the reserved room back; says whether there was any left to give.
    fn release(&mut self) -> io::Result<bool> {
        match self.reserve.take() {
            Some(path) => fs::remove_file(path).map(|()| true),
            None => Ok(false),
        }
    }
}

/// One process at a time works on a run; the lock ends with its process.
fn mine_alone(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|why| match why {
        fs::TryLockError::WouldBlock => io::Error::new(io::ErrorKind::WouldBlock, "another process is at work on it"),
        fs::TryLockError::Error(why) => why,
    })
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether there is one; what cannot be told counts as yes.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join("journal.jsonl").try_exists().unwrap_or(true)
}

/// Reads a journal back. A torn last line, left by a kill in mid-write, is
/// dropped; a line that does not follow from the one before is damage.
pub fn read(folder: &Path) -> Result<Vec<Value>, JournalError> {
    let bytes = fs::read(folder.join("journal.jsonl"))?;
    let mut lines = Vec::new();
    let mut previous = String::new();
    // A torn tail may end inside of a character.
    let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let whole = String::from_utf8_lossy(&bytes[..end]);
    for (index, line) in whole.lines().enumerate() {
        let damaged = || JournalError::Damaged { line: index + 1 };
        let value: Value = serde_json::from_str(line).map_err(|_| damaged())?;
        if value["prev"] != json!(previous) {
            return Err(damaged());
        }
        previous = digest(line.as_bytes());
        lines.push(value);
    }
    Ok(lines)
}

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("line {line} of the journal is damaged")]
    Damaged { line: usize },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal_of_two(folder: &Path) {
        let mut journal = Journal::create(folder).unwrap();
        let number = journal.next_number();
        journal.intent(number, Timestamp::UNIX_EPOCH, &json!({"apply": "Service/web"}), &json!("delete it")).unwrap();
        journal.done(number, Timestamp::UNIX_EPOCH, &json!("created"), Some("51f0")).unwrap();
    }

    #[test]
    fn lines_are_read_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        journal_of_two(folder.path());
        let states: Vec<_> = read(folder.path()).unwrap().iter().map(|line| line["state"].clone()).collect();
        assert_eq!(states, ["intent", "done"]);
    }

    #[test]
    fn a_torn_last_line_is_dropped_and_a_changed_one_is_found() {
        let folder = tempfile::tempdir().unwrap();
        journal_of_two(folder.path());
        let path = folder.path().join("journal.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}{{\"n\":2,\"sta")).unwrap();
        assert_eq!(read(folder.path()).unwrap().len(), 2);
        fs::write(&path, whole.replace("Service/web", "Service/wob")).unwrap();
        assert!(matches!(read(folder.path()), Err(JournalError::Damaged { line: 2 })));
    }

    #[test]
    fn one_process_at_a_time_goes_on_with_a_journal() {
        let folder = tempfile::tempdir().unwrap();
        journal_of_two(folder.path());
        let mut first = Journal::reopen(folder.path()).unwrap();
        assert!(Journal::reopen(folder.path()).is_err());
        let number = first.next_number();
        first.call(number, Timestamp::UNIX_EPOCH, &json!("read"), &json!(1)).unwrap();
        drop(first);
        assert_eq!((number, read(folder.path()).unwrap().len()), (2, 3));
        assert!(Journal::reopen(folder.path()).is_ok());
    }

    #[test]
    fn the_reserved_room_is_given_back_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(folder.path()).unwrap();
        assert_eq!(folder.path().join("reserve").metadata().unwrap().len(), RESERVE as u64);
        journal.ended(Timestamp::UNIX_EPOCH, "done").unwrap();
        assert!(!folder.path().join("reserve").exists());
    }
}
