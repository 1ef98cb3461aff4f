//! Maps a whole blob into memory. The one place of this crate that needs `unsafe`; knows nothing but files.

use std::{fs::File, io};

use bytes::Bytes;
use memmap2::{Mmap, MmapOptions};

/// The first `len` bytes of `file`, mapped and read in, so that no later reader waits for the disk. Waits for the disk itself.
/// The caller has checked that the file is that long; `len` is not 0.
pub(super) fn map(file: &File, len: usize) -> io::Result<Bytes> {
    Ok(Bytes::from_owner(map_file(file, len)?))
}

#[expect(unsafe_code, reason = "a mapping is as safe as its file is immutable, which only we can promise")]
fn map_file(file: &File, len: usize) -> io::Result<Mmap> {
    // SAFETY: the bytes behind a mapping must neither change nor be cut off while it lives. A blob is written under a staging name,
    // by which it is never mapped, and takes its final name by a rename; under that name no code of ours opens it for writing,
    // truncates it or puts another file in its place but one of the same bytes, and its name is never used again. Removing the name, or renaming the file to
    // where it is held and back, leaves the mapped inode as it is. The folders are private to the server's user (mode 0700), so that nobody else has a way to it either.
    unsafe { MmapOptions::new().len(len).populate().map(file) }
}
