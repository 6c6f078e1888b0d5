//! The folder that a sandbox's file stands in.

use std::fs::{DirBuilder, File};
use std::path::Path;

/// Makes the rename itself durable; where that cannot be done the old file
/// comes back after a power cut, which is whole as well.
pub fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Makes a folder and its missing parents, closed to others.
pub fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}
