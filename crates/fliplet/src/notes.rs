//! What a file carries that only this dialect knows of, kept in its fields: the checksum that a client sent, and a flag.

use std::collections::HashMap;

use library::{Actor, Asset, Fault, Folder, Library};

use crate::views::Notes;

/// The field that keeps the checksum which the upload agent sends and later looks for.
pub(crate) const CLIENT_CHECKSUM: &str = "fliplet.clientChecksum";
/// The field that keeps `isOrganizationMedia` where somebody has set it.
pub(crate) const IS_ORGANIZATION_MEDIA: &str = "fliplet.isOrganizationMedia";

/// The notes of many files, read at once.
#[derive(Debug, Default)]
pub(crate) struct AllNotes {
    notes: HashMap<i64, Notes>,
    scans: bool,
}

impl AllNotes {
    /// Those of every file directly inside a folder.
    pub(crate) async fn of_folder(library: &Library, actor: &Actor, folder: &Folder) -> Result<Self, Fault> {
        let checksums = library.folder_field(actor, folder, CLIENT_CHECKSUM).await?;
        let flags = library.folder_field(actor, folder, IS_ORGANIZATION_MEDIA).await?;
        Ok(Self::put_together(library, checksums, flags))
    }

    /// Those of some files.
    pub(crate) async fn of(library: &Library, actor: &Actor, assets: &[Asset]) -> Result<Self, Fault> {
        let checksums = library.field_of_assets(actor, assets, CLIENT_CHECKSUM).await?;
        let flags = library.field_of_assets(actor, assets, IS_ORGANIZATION_MEDIA).await?;
        Ok(Self::put_together(library, checksums, flags))
    }

    fn put_together(library: &Library, checksums: Vec<(i64, String)>, flags: Vec<(i64, String)>) -> Self {
        let mut all: HashMap<i64, Notes> = HashMap::new();
        for (id, checksum) in checksums {
            all.entry(id).or_default().client_checksum = Some(checksum);
        }
        for (id, flag) in flags {
            all.entry(id).or_default().is_organization_media = Some(flag == "true");
        }
        Self { notes: all, scans: library.scans() }
    }

    /// One file's, which nobody asks for twice.
    pub(crate) fn take(&mut self, asset_id: i64) -> Notes {
        Notes { scans: self.scans, ..self.notes.remove(&asset_id).unwrap_or_default() }
    }
}
