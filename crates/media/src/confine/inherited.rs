//! Descriptors that a worker got without asking: whatever the programs above it left open. It knows no confinement.

#![expect(unsafe_code, reason = "closing by number has no safe form")]

use std::io;

/// The first that is not one of the three standard ones.
const FIRST: libc::c_uint = 3;

/// Closes everything but the standard streams. To be called before anything is opened.
///
/// # Errors
/// When the kernel (before 5.9) has no such call; nothing may be decoded then.
pub(crate) fn close_inherited() -> io::Result<()> {
    // SAFETY: nothing in this process owns a descriptor yet but the standard streams, which stay.
    let done = unsafe { libc::close_range(FIRST, libc::c_uint::MAX, 0) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
