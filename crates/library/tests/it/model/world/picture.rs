//! What the model shows to somebody who looks at everything, and what it finds.

use library::{Fault, Noun};

use super::{Kind, NO_FOLDER, Said, World};

impl World {
    /// All that can be seen, line by line.
    pub fn picture(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for at in 0..self.folders.len() {
            self.picture_folder(at, &mut lines);
        }
        for at in 0..self.files.len() {
            lines.push(match self.seen_file(at) {
                Ok(()) => format!("file {at}: {:?} times {}", self.first_byte(at), self.bytes_of(at)),
                Err(fault) => format!("file {at}: {fault:?}"),
            });
        }
        lines.push(format!("trash: folders {:?} files {:?}", self.trashed_folders(), self.trashed_files()));
        lines.push(self.search("", None, false).unwrap());
        let in_space = self.files_by_number(|at| self.knows_file(at) && self.file_lives(at) && self.is_in_space(at));
        let bytes: usize = in_space.into_iter().map(|at| self.bytes_of(at)).sum();
        lines.push(format!("{bytes} bytes in the space"));
        lines.push(format!("stored: {:?}", self.stored()));
        lines
    }

    /// The folders that were put in the trash themselves, the latest first.
    pub fn trashed_folders(&self) -> Vec<usize> {
        let mut trashed = self.by_number(|at| self.knows_folder(at) && self.folders[at].deleted_at.is_some());
        trashed.sort_by_key(|at| self.folders[*at].deleted_at);
        trashed.reverse();
        trashed
    }

    /// The files that were put in the trash themselves, the latest first.
    pub fn trashed_files(&self) -> Vec<usize> {
        let mut trashed = self.files_by_number(|at| self.knows_file(at) && self.files[at].deleted_at.is_some());
        trashed.sort_by_key(|at| self.files[*at].deleted_at);
        trashed.reverse();
        trashed
    }

    fn picture_folder(&self, at: usize, lines: &mut Vec<String>) {
        if !self.knows_folder(at) {
            lines.push(format!("folder {at}: {NO_FOLDER:?}"));
            return;
        }
        lines.push(format!("folder {at}"));
        let mut inner = self.by_number(|inner| {
            let folder = &self.folders[inner];
            folder.parent == Some(at)
                && folder.kind == Kind::Plain
                && folder.deleted_at.is_none()
                && self.knows_folder(inner)
        });
        inner.sort_by_key(|inner| self.folders[*inner].name.to_lowercase());
        for inner in inner {
            let folder = &self.folders[inner];
            lines.push(format!("  folder {inner} {:?} {}", folder.name, folder.slug));
        }
        let mut files = self.files_by_number(|file| {
            self.files[file].folder == at
                && self.files[file].deleted_at.is_none()
                && self.knows_file(file)
                && !self.is_over(file)
        });
        files.sort_by_key(|file| self.files[*file].name.to_lowercase());
        for at in files {
            let file = &self.files[at];
            lines.push(format!(
                "  file {at} {:?} {} version {} of {} bytes, {} downloads of {:?} until {:?}",
                file.name,
                file.slug,
                self.version_of(at),
                self.bytes_of(at),
                file.downloads,
                file.limit,
                file.expires_at,
            ));
        }
    }

    /// What a search finds: folders by name only, files, and of all of a tenant's files how many they are.
    pub fn search(&self, term: &str, under: Option<usize>, trashed: bool) -> Said {
        if let Some(under) = under {
            self.known_folder(under).map_err(|_| Fault::NotFound(Noun::Folder))?;
        }
        let term = term.to_lowercase();
        let fits = |name: &str| name.to_lowercase().contains(&term);
        let inside = |folder| under.is_none_or(|under| self.holds(under, folder));
        let mut folders = self.by_number(|at| {
            let folder = &self.folders[at];
            let is_here = self.knows_folder(at) && folder.kind == Kind::Plain && inside(at) && under != Some(at);
            !term.is_empty() && is_here && self.folder_lives(at) != trashed && fits(&folder.name)
        });
        let mut files = self.files_by_number(|at| {
            let file = &self.files[at];
            let wanted = if trashed { !self.file_lives(at) } else { self.file_lives(at) && !self.is_over(at) };
            self.knows_file(at) && wanted && inside(file.folder) && fits(&file.name)
        });
        folders.reverse();
        files.reverse();
        let (folders, files): (Vec<_>, Vec<_>) =
            (folders.into_iter().map(Some).collect(), files.into_iter().map(Some).collect());
        // What is over is counted until somebody has put it in the trash. The top of a tree is no narrower than all of it.
        let of_all = term.is_empty() && under.is_none_or(|under| under == 0) && !trashed;
        let total = self.files_by_number(|at| self.knows_file(at) && self.file_lives(at)).len() as u64;
        Ok(format!("folders {folders:?} files {files:?} of {:?}", of_all.then_some(total)))
    }

    fn is_in_space(&self, file: usize) -> bool {
        self.holds(1, self.files[file].folder)
    }

    fn by_number(&self, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.folders.len()).filter(|at| keep(*at)).collect()
    }

    fn files_by_number(&self, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.files.len()).filter(|at| keep(*at)).collect()
    }
}
