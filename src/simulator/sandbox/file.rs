//! The log itself: created whole, appended to, read on where others appended,
//! and now and then replaced by a shorter one that says the same.

mod found;
mod read;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::error::OpenError;
use super::folder::{folder_of, make_private_folder, replace, sync_folder};
use super::line::{Clock, FORMAT, Header, Line, Written};
use super::lock::{Held, Lock};
use crate::simulator::options::Waiter;
use crate::simulator::seed;
use crate::simulator::store::Commit;
use crate::simulator::world::World;

/// A log with more lines than this beyond its objects is compacted when opened.
const LONG: usize = 4_000;
/// So is one of more bytes than this, if that is several times what its objects take.
const LARGE: u64 = 64 * 1024 * 1024;
const TIMES: u64 = 4;
/// How often the clock of a sandbox that stays open is written.
const OFTEN: SignedDuration = SignedDuration::from_secs(1);

pub use self::read::{Beginning, beginning_of};

/// The file of one sandbox.
pub struct Sandbox {
    path: PathBuf,
    lock: Lock,
    waiter: Option<Box<dyn Waiter>>,
    epoch: u64,
    /// Bytes and lines of the log that the world has taken in.
    offset: u64,
    lines: usize,
    /// The bytes of the log up to its last whole object: what it takes when it is written anew.
    compact: u64,
    /// The clock as the log has it.
    clock: Timestamp,
    /// When the sandbox was last opened, in real time.
    real: Option<Timestamp>,
    /// Since then it stayed open until now, which the log is to say as well.
    stays_open: bool,
    /// When the clock was last written by itself, while it stays open.
    chimed: Timestamp,
    /// It was replaced, and the folder may not know yet.
    is_renamed: bool,
}

impl Sandbox {
    /// Opens or creates a sandbox. Gives its world, and how much real time has
    /// passed since it was last opened.
    pub fn open(
        path: &Path,
        now_real: Timestamp,
        waiter: Option<Box<dyn Waiter>>,
    ) -> Result<(Self, World, Duration), OpenError> {
        let mut sandbox = Self::at(path, now_real, waiter)?;
        let _held = sandbox.take_lock()?;
        let exists = path.try_exists().map_err(OpenError::io("look for", path))?;
        // A sandbox begins at the real time; an older one has a clock of its own.
        let begin = if exists { Timestamp::UNIX_EPOCH } else { now_real };
        let mut world = World::new(0, begin, Vec::new());
        if exists {
            sandbox.reload(&mut world)?;
        } else {
            world.seed = seed_at(now_real);
            seed::fill(&mut world);
            sandbox.rewrite(&world)?;
        }
        let elapsed = sandbox.real.map_or(Duration::ZERO, |real| {
            let passed = real.duration_until(now_real);
            if passed.is_positive() { passed.unsigned_abs() } else { Duration::ZERO }
        });
        sandbox.real = Some(now_real);
        if sandbox.is_long(&world) {
            sandbox.rewrite(&world)?;
        } else {
            sandbox.write_lines(&[Line::Clock(Clock { now: world.now, real: Some(now_real) })])?;
        }
        Ok((sandbox, world, elapsed))
    }

    /// It is open and its clock goes on: time until now has been let pass.
    pub fn is_open_at(&mut self, real: Timestamp) {
        self.real = Some(real);
        self.stays_open = true;
    }

    /// Compacts a log that has grown long while it was open. Where that cannot
    /// be done the long one says the same, so it is no trouble.
    pub fn shorten(&mut self, world: &World) {
        if self.is_long(world) {
            let _ = self.rewrite(world);
        }
    }

    fn is_long(&self, world: &World) -> bool {
        // Objects are counted only where their number can matter.
        let is_over = || self.lines > world.store.everything().count().saturating_add(LONG);
        self.is_large() || self.lines > LONG && is_over()
    }

    fn is_large(&self) -> bool {
        self.offset > LARGE.max(self.compact.saturating_mul(TIMES))
    }

    /// A place that nothing was read from yet.
    fn at(path: &Path, now_real: Timestamp, waiter: Option<Box<dyn Waiter>>) -> Result<Self, OpenError> {
        let folder = folder_of(path);
        make_private_folder(folder).map_err(OpenError::io("create", folder))?;
        let lock = Lock::beside(path)?;
        Ok(Self {
            path: path.to_owned(),
            lock,
            waiter,
            epoch: 0,
            offset: 0,
            lines: 0,
            compact: 0,
            clock: now_real,
            real: None,
            stays_open: false,
            chimed: Timestamp::UNIX_EPOCH,
            is_renamed: false,
        })
    }

    fn take_lock(&mut self) -> Result<Held, OpenError> {
        self.lock.take(self.waiter.as_deref_mut())
    }

    /// Takes the lock and what others wrote meanwhile; says whether they wrote.
    pub fn enter(&mut self, world: &mut World) -> Result<(Held, bool), OpenError> {
        let held = self.take_lock()?;
        let mut file = self.open_log()?;
        let length = file.metadata().map_err(OpenError::io("read", &self.path))?.len();
        let mut reader = BufReader::new(&mut file);
        let header = self.read_header(&mut reader)?;
        // The seed tells a compacted log from the one of another sandbox, which
        // began after this one was thrown away.
        if header.seed != world.seed {
            return Err(OpenError::Gone { path: self.path.clone() });
        }
        if header.epoch != self.epoch {
            self.reload(world)?;
            self.settle_rename()?;
            return Ok((held, true));
        }
        if length == self.offset {
            return Ok((held, false));
        }
        let before = world.store.revision();
        self.read_on(&mut file, world)?;
        Ok((held, world.store.revision() != before))
    }

    fn open_log(&self) -> Result<File, OpenError> {
        match OpenOptions::new().read(true).write(true).open(&self.path) {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(OpenError::Gone { path: self.path.clone() })
            }
            Err(error) => Err(OpenError::io("open", &self.path)(error)),
        }
    }

    fn damaged(&self, line: usize, why: impl Into<String>) -> OpenError {
        OpenError::Damaged { path: self.path.clone(), line, why: why.into() }
    }

    /// Puts commits and the clock on disk.
    pub fn append(&mut self, commits: &[Commit], now: Timestamp) -> Result<(), OpenError> {
        let mut lines: Vec<Line> = commits.iter().map(|commit| Line::Commit(Written::of(commit))).collect();
        let last = commits.last().map_or(self.clock, |commit| commit.at);
        // While it stays open its clock follows the real one, and need not say so
        // with each request.
        let is_due = if self.stays_open { now.duration_since(self.chimed) >= OFTEN } else { now != last };
        if is_due {
            lines.push(Line::Clock(Clock { now, real: self.real.filter(|_| self.stays_open) }));
        }
        if !lines.is_empty() {
            self.write_lines(&lines)?;
            self.clock = if is_due { now } else { last };
            self.chimed = if is_due { now } else { self.chimed };
        }
        Ok(())
    }

    fn write_lines(&mut self, lines: &[Line]) -> Result<(), OpenError> {
        self.settle_rename()?;
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line).map_err(|error| self.damaged(0, error.to_string()))?;
            text.push(b'\n');
        }
        let mut file = self.open_log()?;
        let wrote = file.seek(SeekFrom::Start(self.offset)).and_then(|_| file.write_all(&text));
        // A clock that only ticked may be lost; commits may not.
        let only_clock = lines.iter().all(|line| matches!(line, Line::Clock(_)));
        let synced = wrote.and_then(|()| if only_clock { Ok(()) } else { file.sync_data() });
        if let Err(error) = synced {
            // Half a line must not stay: the next one would end up behind it.
            let _ = file.set_len(self.offset);
            return Err(OpenError::io("write", &self.path)(error));
        }
        self.offset = self.offset.saturating_add(u64::try_from(text.len()).unwrap_or(0));
        self.lines = self.lines.saturating_add(lines.len());
        Ok(())
    }

    /// Replaces the log by a snapshot, all at once.
    fn rewrite(&mut self, world: &World) -> Result<(), OpenError> {
        let epoch = self.epoch.saturating_add(1);
        let (seed, revision, origin) = (world.seed, world.store.revision(), world.origin.clone());
        let header = Header { sandbox: FORMAT, seed, epoch, revision, origin };
        let clock = Line::Clock(Clock { now: world.now, real: self.real.or(Some(world.now)) });
        let bad = |error: serde_json::Error| self.damaged(0, error.to_string());
        let mut text = serde_json::to_vec(&header).map_err(bad)?;
        text.push(b'\n');
        let mut lines = 2;
        for object in world.store.everything() {
            serde_json::to_writer(&mut text, &Line::Object(Value::clone(object))).map_err(bad)?;
            text.push(b'\n');
            lines += 1;
        }
        let compact = text.len();
        serde_json::to_writer(&mut text, &clock).map_err(bad)?;
        text.push(b'\n');
        replace(&self.path, &text)?;
        self.is_renamed = true;
        self.epoch = epoch;
        self.offset = u64::try_from(text.len()).unwrap_or(0);
        self.compact = u64::try_from(compact).unwrap_or(0);
        self.lines = lines;
        self.clock = world.now;
        self.settle_rename()
    }

    /// What is acknowledged after a rename is in the new file alone, so the old
    /// one must not come back with a power cut.
    fn settle_rename(&mut self) -> Result<(), OpenError> {
        if self.is_renamed {
            let folder = folder_of(&self.path);
            sync_folder(folder).map_err(OpenError::io("sync", folder))?;
            self.is_renamed = false;
        }
        Ok(())
    }
}

/// What the names that a sandbox makes up derive from.
fn seed_at(now: Timestamp) -> u64 {
    u64::try_from(now.as_nanosecond().unsigned_abs() & u128::from(u64::MAX)).unwrap_or(0)
}
