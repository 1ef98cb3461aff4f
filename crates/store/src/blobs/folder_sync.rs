//! Makes the names in a folder durable, one sync for all who wait at the same time. Knows not what the names are for.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

/// A folder whose changes of names are made durable together.
pub(super) struct FolderSync {
    path: PathBuf,
    /// The round that a change made now belongs to.
    open: Mutex<Arc<Round>>,
    /// Held while the folder is synced.
    turn: Mutex<()>,
}

/// Changes that one sync covers, and how it went.
#[derive(Default)]
struct Round(OnceLock<Result<(), Failure>>);

/// An [`io::Error`] that everybody of a round can have.
#[derive(Clone)]
struct Failure(io::ErrorKind, Arc<str>);

impl FolderSync {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, open: Mutex::default(), turn: Mutex::default() }
    }

    /// Returns when every change made to the folder before this call is durable. Waits for the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.sync_by(|path| File::open(path)?.sync_all())
    }

    fn sync_by(&self, sync: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let round = Arc::clone(&self.open.lock().expect("nothing panics under this lock"));
        let _turn = self.turn.lock().unwrap_or_else(|poisoned| {
            self.turn.clear_poison();
            poisoned.into_inner()
        });
        let outcome = round.0.get_or_init(|| {
            // Whoever comes from here on may have changed the folder after the sync began: theirs is the next round.
            *self.open.lock().expect("nothing panics under this lock") = Arc::default();
            sync(&self.path).map_err(|error| Failure(error.kind(), error.to_string().into()))
        });
        outcome.clone().map_err(|Failure(kind, text)| io::Error::new(kind, &*text))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::*;

    #[test]
    fn those_who_wait_share_one_sync_that_began_after_they_came() {
        let folder = FolderSync::new(PathBuf::from("unused"));
        let (syncs, joined) = (AtomicUsize::new(0), Barrier::new(9));
        let (began, release) = (mpsc::channel(), mpsc::channel::<()>());
        let count = || syncs.fetch_add(1, Ordering::SeqCst);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                let (began, release) = (began.0, release.1);
                folder.sync_by(move |_| {
                    count();
                    began.send(()).unwrap();
                    release.recv().unwrap();
                    Ok(())
                })
            });
            began.1.recv().unwrap();
            // The first sync has begun: these eight are too late for it, and share the second.
            let round = Arc::clone(&folder.open.lock().unwrap());
            let late: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        joined.wait();
                        folder.sync_by(|_| {
                            count();
                            Err(io::ErrorKind::StorageFull.into())
                        })
                    })
                })
                .collect();
            joined.wait();
            while Arc::strong_count(&round) < 10 {
                std::thread::yield_now();
            }
            assert_eq!(syncs.load(Ordering::SeqCst), 1);
            release.0.send(()).unwrap();
            assert!(first.join().unwrap().is_ok());
            for outcome in late {
                assert_eq!(outcome.join().unwrap().unwrap_err().kind(), io::ErrorKind::StorageFull);
            }
        });
        assert_eq!(syncs.load(Ordering::SeqCst), 2);
        // A failure belongs to its round only.
        folder.sync_by(|_| Ok(())).unwrap();
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        FolderSync::new(root.path().to_owned()).sync().unwrap();
        assert!(FolderSync::new(root.path().join("gone")).sync().is_err());
    }
}
