//! The folder of a sandbox and what stands in it: closed to others, and
//! replaced all at once.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::error::OpenError;

/// The folder that a file stands in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts this in the place of a file, all at once. The caller holds a lock, so
/// that nobody else does: what a killed process left half-written is written over.
pub fn replace(path: &Path, text: &[u8]) -> Result<(), OpenError> {
    let beside = path.with_added_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    private(&mut options);
    let written = options.open(&beside).and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()));
    written.map_err(OpenError::io("write", &beside))?;
    fs::rename(&beside, path).map_err(OpenError::io("replace", path))
}

/// Files of a sandbox are for their owner alone.
#[cfg(unix)]
pub fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
pub fn private(_: &mut OpenOptions) {}

/// Makes a rename itself durable. Until that is done the old file comes back
/// after a power cut, without what was written to the new one.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    // Windows opens no folder as a file, and needs none of this.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Makes a folder and its missing parents, closed to others, and durable.
pub fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)?;
    missing.into_iter().try_for_each(|made| sync_folder(folder_of(made)))
}
