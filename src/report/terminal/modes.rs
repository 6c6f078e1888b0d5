//! The terminal's input modes. On Unix: termios of standard input. Elsewhere
//! there is nothing to keep, since `console` sets the mode for each key.

#[cfg(unix)]
pub use unix::{Modes, drain, enter, next, put_back, soon};

#[cfg(not(unix))]
pub use other::{Modes, drain, enter, put_back};

#[cfg(unix)]
mod unix {
    use std::io::{self, stdin};

    use rustix::io::{Errno, ioctl_fionread, read};
    use rustix::termios::{OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcsetattr};

    /// Modes as they were found, and the raw ones made of them.
    pub struct Modes {
        found: Termios,
        raw: Termios,
    }

    /// Keys come one by one, without echo and without signals; output keeps its
    /// newlines. What was typed before is dropped: it was no answer to a
    /// question that nobody had seen.
    pub fn enter() -> io::Result<Modes> {
        let found = tcgetattr(stdin())?;
        let mut raw = found.clone();
        raw.make_raw();
        raw.output_modes = found.output_modes;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(stdin(), OptionalActions::Flush, &raw)?;
        Ok(Modes { found, raw })
    }

    /// Also drops what is left of a paste, so that a shell does not run it.
    pub fn put_back(modes: &Modes) -> io::Result<()> {
        Ok(tcsetattr(stdin(), OptionalActions::Flush, &modes.found)?)
    }

    /// Drops what was typed and not read.
    pub fn drain() -> io::Result<()> {
        Ok(tcflush(stdin(), QueueSelector::IFlush)?)
    }

    /// The next byte, however long it takes.
    pub fn next() -> io::Result<u8> {
        one()?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The next byte if it comes within a tenth of a second. The terminal's own
    /// timer does that: on macOS a terminal cannot be polled.
    pub fn soon(modes: &Modes) -> io::Result<Option<u8>> {
        if ioctl_fionread(stdin())? > 0 {
            return one();
        }
        let mut hasty = modes.raw.clone();
        hasty.special_codes[SpecialCodeIndex::VMIN] = 0;
        hasty.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(stdin(), OptionalActions::Now, &hasty)?;
        let byte = one();
        tcsetattr(stdin(), OptionalActions::Now, &modes.raw)?;
        byte
    }

    fn one() -> io::Result<Option<u8>> {
        let mut byte = [0];
        loop {
            match read(stdin(), &mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(byte[0])),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(not(unix))]
mod other {
    use std::io;

    pub struct Modes;

    pub fn enter() -> io::Result<Modes> {
        Ok(Modes)
    }

    pub fn put_back(_: &Modes) -> io::Result<()> {
        Ok(())
    }

    pub fn drain() -> io::Result<()> {
        Ok(())
    }
}
