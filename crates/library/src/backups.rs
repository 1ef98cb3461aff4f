//! Backups: all of a library in a folder of its own, and the way back into an empty place. Only the command line may ask for either.

use store::{
    Catalog,
    backups::{self, Error as BackupError, Made, Manifest, OnStep, Restored, Shelf},
    blobs::Blobs,
};

use crate::{Actor, Fault, Library};

/// Why a backup was not made, or was not brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupFault {
    /// Who asked may not, or the library is out of order.
    #[error(transparent)]
    Library(#[from] Fault),
    /// The backup itself.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// There is nothing to back up.
    #[error("there is no tenant in this library: is it the right one?")]
    Empty,
}

impl Library {
    /// Makes a backup, consistent at one moment, while others go on writing; of those in the folder the newest `keep` stay, if that is said.
    ///
    /// # Errors
    /// As for [`Shelf::add`]; `Denied` for all but the command line, `Empty` for a library without tenants.
    pub async fn back_up(
        &self,
        actor: &Actor,
        shelf: &Shelf,
        keep: Option<usize>,
        on_step: &OnStep,
    ) -> Result<Made, BackupFault> {
        actor.expect_system()?;
        let (catalog, blobs) = (&self.inner.catalog, &self.inner.blobs);
        // A disk that is not there, a folder that was mistyped: a backup of nothing would take the place of another.
        if catalog.tenants(1).await.map_err(Fault::from)?.is_empty() {
            return Err(BackupFault::Empty);
        }
        let shelf = shelf.for_library(hex::encode(self.lasting_key("backups").await?));
        let made = shelf.add((catalog, blobs), keep, || self.now_ms(), on_step).await?;
        tracing::info!(catalog = made.manifest.name, copied = made.copied, "a backup was made");
        Ok(made)
    }
}

/// Brings a backup back into an empty database and an empty store, of which no library has been made yet. `now_ms` is the time, for what
/// is written down of uploads that were under way: those end with it.
///
/// # Errors
/// As for [`backups::restore`]; `Denied` for all but the command line.
pub async fn restore(
    actor: &Actor,
    (shelf, manifest): (&Shelf, Manifest),
    place: (&Catalog, &Blobs),
    now_ms: i64,
    on_step: &OnStep,
) -> Result<Restored, BackupFault> {
    actor.expect_system()?;
    Ok(backups::restore(shelf, manifest, place, now_ms, on_step).await?)
}
