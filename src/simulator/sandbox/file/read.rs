//! Takes a log in: whole, or on from where it was read to.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde_json::Value;

use super::Sandbox;
use crate::simulator::import::Origin;
use crate::simulator::sandbox::error::OpenError;
use crate::simulator::sandbox::line::{FORMAT, Header, Line};
use crate::simulator::store::Store;
use crate::simulator::world::World;

const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// How a sandbox began, as its first line tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    Fresh,
    CopyOf(Origin),
    /// There is none, or the line cannot be read, or by a newer version alone.
    Unknown,
}

impl Beginning {
    /// What it was copied from, if it was.
    #[must_use]
    pub fn origin(self) -> Option<Origin> {
        match self {
            Self::CopyOf(origin) => Some(origin),
            Self::Fresh | Self::Unknown => None,
        }
    }
}

/// How the sandbox with this log began; a glance that waits for nobody.
#[must_use]
pub fn beginning_of(log: &Path) -> Beginning {
    let mut first = Vec::new();
    let read = File::open(log).and_then(|file| BufReader::new(file).take(LONGEST_LINE).read_until(b'\n', &mut first));
    match read.ok().and_then(|_| serde_json::from_slice::<Header>(&first).ok()) {
        Some(Header { sandbox, origin, .. }) if sandbox <= FORMAT => origin.map_or(Beginning::Fresh, Beginning::CopyOf),
        Some(_) | None => Beginning::Unknown,
    }
}

impl Sandbox {
    /// The first line. The version is read first, by itself: a newer header
    /// may look different in everything else.
    pub(super) fn read_header(&self, from: &mut impl std::io::BufRead) -> Result<Header, OpenError> {
        let mut first = Vec::new();
        from.take(LONGEST_LINE).read_until(b'\n', &mut first).map_err(OpenError::io("read", &self.path))?;
        let header: Value = serde_json::from_slice(&first).map_err(|error| self.damaged(1, error.to_string()))?;
        let found = header["sandbox"].as_u64().ok_or_else(|| self.damaged(1, "no format version"))?;
        if found > FORMAT {
            return Err(OpenError::Newer { path: self.path.clone(), found, known: FORMAT });
        }
        serde_json::from_value(header).map_err(|error| self.damaged(1, error.to_string()))
    }

    /// Reads the whole log into a world that keeps its rights and request log.
    pub fn reload(&mut self, world: &mut World) -> Result<(), OpenError> {
        // Until it is read whole, whoever enters next reads it again.
        self.epoch = 0;
        // Whoever replaced it may have died before the folder knew.
        self.is_renamed = true;
        let mut file = self.open_log()?;
        let header = self.read_header(&mut BufReader::new(&mut file))?;
        world.store = Store::default();
        world.store.begin_at(header.revision);
        world.seed = header.seed;
        world.origin = header.origin;
        world.fresh.clear();
        self.offset = 0;
        self.lines = 0;
        self.compact = 0;
        self.clock = world.now;
        self.read_on(&mut file, world)?;
        self.epoch = header.epoch;
        Ok(())
    }

    /// Takes in the lines after `offset`. A last line without its end was
    /// never answered and is cut off.
    pub(super) fn read_on(&mut self, file: &mut File, world: &mut World) -> Result<(), OpenError> {
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
            let line = self.lines.saturating_add(1);
            if line > 1 {
                self.take_in(line, &text, world)?;
            }
            self.lines = line;
            self.offset = self.offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        }
        if torn {
            file.set_len(self.offset).map_err(OpenError::io("repair", &self.path))?;
        }
        world.now = world.now.max(self.clock);
        Ok(())
    }

    fn take_in(&mut self, line: usize, text: &[u8], world: &mut World) -> Result<(), OpenError> {
        let read = serde_json::from_slice(text).map_err(|error| self.damaged(line, error.to_string()))?;
        match read {
            Line::Object(object) => {
                let place = |name: &str| object[name].as_str().unwrap_or_default();
                let kind = world
                    .store
                    .kind_of(place("apiVersion"), place("kind"))
                    .ok_or_else(|| self.damaged(line, "an object of unknown kind"))?;
                world.store.restore(kind, object);
                let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
                self.compact = self.offset.saturating_add(bytes);
            }
            Line::Commit(written) => {
                self.clock = written.at;
                let commit = written
                    .commit(&world.store)
                    .filter(|commit| commit.revision == world.store.revision().saturating_add(1))
                    .ok_or_else(|| self.damaged(line, "a commit of unknown kind or out of order"))?;
                world.store.put(commit);
            }
            Line::Clock(clock) => {
                self.clock = clock.now;
                self.real = clock.real.or(self.real);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;

    use super::*;
    use crate::simulator::request::Raw;

    #[test]
    fn what_is_not_on_disk_did_not_happen_even_if_the_disk_cannot_be_read_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (path, away) = (folder.path().join("log"), folder.path().join("away"));
        let now = "2026-05-01T10:00:00Z".parse().unwrap();
        let (mut sandbox, mut world, _) = Sandbox::open(&path, now, None).unwrap();
        let maps = "/api/v1/namespaces/default/configmaps";
        let send = |world: &mut World, method: Method, path: &str, body: &'static str| {
            let (path, content_type) = (path.to_owned(), "application/json".to_owned());
            let body = Bytes::from_static(body.as_bytes());
            world.handle(&Raw { method, path, content_type, body, ..Raw::default() }).code
        };
        assert_eq!(send(&mut world, Method::POST, maps, r#"{"metadata": {"name": "lost"}}"#), 201);
        std::fs::rename(&path, &away).unwrap();
        let fresh = std::mem::take(&mut world.fresh);
        assert!(sandbox.append(&fresh, world.now).is_err());
        assert!(sandbox.reload(&mut world).is_err());
        std::fs::rename(&away, &path).unwrap();
        let (held, has_news) = sandbox.enter(&mut world).unwrap();
        assert!(has_news);
        assert_eq!(send(&mut world, Method::GET, &format!("{maps}/lost"), ""), 404);
        assert_eq!(send(&mut world, Method::POST, maps, r#"{"metadata": {"name": "kept"}}"#), 201);
        sandbox.append(&std::mem::take(&mut world.fresh), world.now).unwrap();
        drop(held);
        Sandbox::open(&path, now, None).expect("it is whole");
    }
}
