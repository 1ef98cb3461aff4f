//! The way out for a server without mail: a folder of `.eml` files that the operator opens. A file is there whole or not at all.

use std::{
    fs::DirBuilder,
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::Failure;

/// The folder, made when the first mail comes.
pub(crate) struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes `<id>.eml`, in place of one that is there. The id has been checked to be a file's name.
    pub(crate) async fn write(&self, id: &str, message: Vec<u8>) -> Result<(), Failure> {
        let folder = self.folder.clone();
        let path = folder.join(format!("{id}.eml"));
        let written = tokio::task::spawn_blocking(move || write(&folder, &path, &message)).await;
        // The path would say where the server keeps its files.
        let written = written.map_err(io::Error::other).and_then(|result| result);
        written.map_err(|error| Failure::Later(format!("cannot write to the outbox: {}", error.kind())))
    }
}

fn write(folder: &Path, path: &Path, message: &[u8]) -> io::Result<()> {
    // Mails let people in, so that only the server's own user may read them.
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(message)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
