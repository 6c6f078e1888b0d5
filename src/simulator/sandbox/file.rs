//! The log itself: created whole, appended to, read on where others appended,
//! and now and then replaced by a shorter one that says the same.

mod found;

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::error::OpenError;
use super::folder::{make_private_folder, sync_folder};
use super::line::{Clock, FORMAT, Header, Line, Written};
use super::lock::{Held, Lock};
use crate::simulator::options::Waiter;
use crate::simulator::seed;
use crate::simulator::store::{Commit, kind_of};
use crate::simulator::world::World;

/// A log with more lines than this beyond its objects is compacted when opened.
const LONG: usize = 4_000;
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// The file of one sandbox.
pub struct Sandbox {
    path: PathBuf,
    lock: Lock,
    waiter: Option<Box<dyn Waiter>>,
    epoch: u64,
    /// Bytes and lines of the log that the world has taken in.
    offset: u64,
    lines: usize,
    /// The clock as the log has it.
    clock: Timestamp,
    /// When the sandbox was last opened, in real time.
    real: Option<Timestamp>,
    /// Since then it stayed open until now, which the log is to say as well.
    stays_open: bool,
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
        if self.lines > LONG && self.is_long(world) {
            let _ = self.rewrite(world);
        }
    }

    fn is_long(&self, world: &World) -> bool {
        self.lines > world.store.everything().count().saturating_add(LONG)
    }

    /// A place that nothing was read from yet.
    fn at(path: &Path, now_real: Timestamp, waiter: Option<Box<dyn Waiter>>) -> Result<Self, OpenError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make_private_folder(folder).map_err(OpenError::io("create", folder))?;
        let lock = Lock::beside(path)?;
        let path = path.to_owned();
        Ok(Self { path, lock, waiter, epoch: 0, offset: 0, lines: 0, clock: now_real, real: None, stays_open: false })
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

    /// The first line. The version is read first, by itself: a newer header
    /// may look different in everything else.
    fn read_header(&self, from: &mut impl std::io::BufRead) -> Result<Header, OpenError> {
        let mut first = Vec::new();
        from.take(4096).read_until(b'\n', &mut first).map_err(OpenError::io("read", &self.path))?;
        let header: Value = serde_json::from_slice(&first).map_err(|error| self.damaged(1, error.to_string()))?;
        let found = header["sandbox"].as_u64().ok_or_else(|| self.damaged(1, "no format version"))?;
        if found > FORMAT {
            return Err(OpenError::Newer { path: self.path.clone(), found, known: FORMAT });
        }
        serde_json::from_value(header).map_err(|error| self.damaged(1, error.to_string()))
    }

    /// Reads the whole log into a world that keeps its rights and request log.
    pub fn reload(&mut self, world: &mut World) -> Result<(), OpenError> {
        let mut file = self.open_log()?;
        let header = self.read_header(&mut BufReader::new(&mut file))?;
        world.store = crate::simulator::store::Store::default();
        world.store.begin_at(header.revision);
        world.seed = header.seed;
        world.origin = header.origin;
        world.fresh.clear();
        self.epoch = header.epoch;
        self.offset = 0;
        self.lines = 0;
        self.clock = world.now;
        self.read_on(&mut file, world)
    }

    /// Takes in the lines after `offset`. A last line without its end was
    /// never answered and is cut off.
    fn read_on(&mut self, file: &mut File, world: &mut World) -> Result<(), OpenError> {
        file.seek(SeekFrom::Start(self.offset)).map_err(OpenError::io("read", &self.path))?;
        let mut reader = BufReader::new(&mut *file);
        let mut text = Vec::new();
        let mut torn = false;
        loop {
            text.clear();
            let limited = &mut (&mut reader).take(LONGEST_LINE);
            let read = limited.read_until(b'\n', &mut text).map_err(OpenError::io("read", &self.path))?;
            if read == 0 {
                break;
            }
            if text.last() != Some(&b'\n') {
                torn = true;
                break;
            }
            self.lines = self.lines.saturating_add(1);
            if self.lines > 1 {
                self.take_in(&text, world)?;
            }
            self.offset = self.offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        }
        if torn {
            file.set_len(self.offset).map_err(OpenError::io("repair", &self.path))?;
        }
        world.now = world.now.max(self.clock);
        Ok(())
    }

    fn take_in(&mut self, text: &[u8], world: &mut World) -> Result<(), OpenError> {
        let line = serde_json::from_slice(text).map_err(|error| self.damaged(self.lines, error.to_string()))?;
        match line {
            Line::Object(object) => {
                let place = |name: &str| object[name].as_str().unwrap_or_default();
                let kind = kind_of(place("apiVersion"), place("kind"))
                    .ok_or_else(|| self.damaged(self.lines, "an object of unknown kind"))?;
                world.store.restore(kind, object);
            }
            Line::Commit(written) => {
                self.clock = written.at;
                let commit = written
                    .commit(&world.store)
                    .filter(|commit| commit.revision == world.store.revision().saturating_add(1))
                    .ok_or_else(|| self.damaged(self.lines, "a commit of unknown kind or out of order"))?;
                world.store.put(commit);
            }
            Line::Clock(clock) => {
                self.clock = clock.now;
                self.real = clock.real.or(self.real);
            }
        }
        Ok(())
    }

    /// Puts commits and the clock on disk.
    pub fn append(&mut self, commits: &[Commit], now: Timestamp) -> Result<(), OpenError> {
        let mut lines: Vec<Line> = commits.iter().map(|commit| Line::Commit(Written::of(commit))).collect();
        let last = commits.last().map_or(self.clock, |commit| commit.at);
        if now != last {
            lines.push(Line::Clock(Clock { now, real: self.real.filter(|_| self.stays_open) }));
        }
        if !lines.is_empty() {
            self.write_lines(&lines)?;
        }
        self.clock = now;
        Ok(())
    }

    fn write_lines(&mut self, lines: &[Line]) -> Result<(), OpenError> {
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
        let objects = world.store.everything().map(|object| Line::Object(Value::clone(object)));
        let mut lines = 1;
        for line in objects.chain([clock]) {
            serde_json::to_writer(&mut text, &line).map_err(bad)?;
            text.push(b'\n');
            lines += 1;
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(OpenError::io("write to", folder))?;
        temporary
            .write_all(&text)
            .and_then(|()| temporary.as_file().sync_all())
            .map_err(OpenError::io("write", &self.path))?;
        temporary.persist(&self.path).map_err(|error| OpenError::io("replace", &self.path)(error.error))?;
        sync_folder(folder);
        self.epoch = epoch;
        self.offset = u64::try_from(text.len()).unwrap_or(0);
        self.lines = lines;
        self.clock = world.now;
        Ok(())
    }
}

/// What the names that a sandbox makes up derive from.
fn seed_at(now: Timestamp) -> u64 {
    u64::try_from(now.as_nanosecond().unsigned_abs() & u128::from(u64::MAX)).unwrap_or(0)
}
