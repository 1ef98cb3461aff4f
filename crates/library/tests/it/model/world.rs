//! A library as one would tell it to a child: lists of folders and files, who sees them, and how they are numbered.

mod care;
mod files;
mod folders;
mod picture;

use std::collections::HashMap;

use library::{Fault, Invalid, Noun};

use super::program::{BYTES, GIVEN_FILES, GIVEN_FOLDERS, Pick, place};

/// What a verb says: some text, or why not.
pub type Said = Result<String, Fault>;

/// How long things are kept, as for the library beside it.
pub struct Ages {
    pub trash_ms: i64,
    pub garbage_ms: i64,
    pub holding_ms: i64,
    pub tend_every_ms: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Root,
    Space,
    Plain,
    Foreign,
}

pub struct Folder {
    pub kind: Kind,
    pub parent: Option<usize>,
    pub name: String,
    pub slug: String,
    /// When it was put in the trash itself.
    pub deleted_at: Option<i64>,
    /// Nobody sees it any more, nor what lies below it.
    purged: bool,
}

pub struct File {
    foreign: bool,
    pub folder: usize,
    pub name: String,
    wish: (&'static str, &'static str),
    pub slug: String,
    /// By their place among `BYTES`, the last being the one that is seen.
    versions: Vec<usize>,
    pub limit: Option<i64>,
    pub expires_at: Option<i64>,
    pub downloads: i64,
    pub deleted_at: Option<i64>,
    /// Its row is gone.
    erased: bool,
}

pub struct World {
    pub folders: Vec<Folder>,
    pub files: Vec<File>,
    pub now_ms: i64,
    ages: Ages,
    /// The next number of a slug that was taken before.
    counters: HashMap<(usize, String), i64>,
    /// Bytes that died, by when, and bytes that are held, by since when.
    dead: Vec<(i64, u64)>,
    held: Vec<(i64, u64)>,
    tend_queued_at: Option<i64>,
}

const NO_FILE: Fault = Fault::NotFound(Noun::Asset);
const NO_FOLDER: Fault = Fault::NotFound(Noun::Folder);
const BAD_NAME: Fault = Fault::Invalid(Invalid::Name);
const IN_TRASH: Fault = Fault::Invalid(Invalid::ParentInTrash);

impl World {
    /// A root, a space in it, a folder in it, and another tenant's folder and file.
    pub fn new(now_ms: i64, ages: Ages) -> Self {
        let folder = |kind, parent, name: &str, slug: &str| Folder {
            kind,
            parent,
            name: name.to_owned(),
            slug: slug.to_owned(),
            deleted_at: None,
            purged: false,
        };
        let folders = vec![
            folder(Kind::Root, None, "Tenant", ""),
            folder(Kind::Space, Some(0), "Space", "space"),
            folder(Kind::Plain, Some(0), "Things", "things"),
            folder(Kind::Foreign, None, "", ""),
        ];
        let foreign = File {
            foreign: true,
            folder: 3,
            name: String::new(),
            wish: ("", ""),
            slug: String::new(),
            versions: Vec::new(),
            limit: None,
            expires_at: None,
            downloads: 0,
            deleted_at: None,
            erased: false,
        };
        Self {
            folders,
            files: vec![foreign],
            now_ms,
            ages,
            counters: HashMap::new(),
            dead: Vec::new(),
            held: Vec::new(),
            tend_queued_at: None,
        }
    }

    // What is where.

    /// Whether the library still knows the folder.
    pub fn knows_folder(&self, at: usize) -> bool {
        self.folders[at].kind != Kind::Foreign && !self.folders[at].purged
    }

    /// Whether the library still knows the file, in the trash or not.
    pub fn knows_file(&self, at: usize) -> bool {
        let file = &self.files[at];
        !file.foreign && !file.erased && !self.folders[file.folder].purged
    }

    pub fn folder_lives(&self, at: usize) -> bool {
        self.folders[at].deleted_at.is_none() && self.folders[at].parent.is_none_or(|parent| self.folder_lives(parent))
    }

    /// Whether the file is in nobody's trash; it may be over all the same.
    pub fn file_lives(&self, at: usize) -> bool {
        self.files[at].deleted_at.is_none() && self.folder_lives(self.files[at].folder)
    }

    pub fn is_over(&self, at: usize) -> bool {
        self.files[at].expires_at.is_some_and(|end| end <= self.now_ms)
    }

    /// Whether `inner` is `outer` or lies below it.
    pub fn holds(&self, outer: usize, inner: usize) -> bool {
        inner == outer || self.folders[inner].parent.is_some_and(|parent| self.holds(outer, parent))
    }

    pub fn bytes_of(&self, file: usize) -> usize {
        self.files[file].versions.last().map_or(0, |bytes| BYTES[*bytes])
    }

    /// What all bytes of the file are.
    pub fn first_byte(&self, file: usize) -> Option<u8> {
        let kind = *self.files[file].versions.last()?;
        (BYTES[kind] > 0).then(|| b'0' + u8::try_from(kind).unwrap())
    }

    pub fn version_of(&self, file: usize) -> usize {
        self.files[file].versions.len()
    }

    /// How many files' bytes there are: living ones each once, dead ones, and those that are held.
    pub fn stored(&self) -> (usize, usize) {
        (self.wanted(None).len() + self.dead.len(), self.held.len())
    }

    // Which thing a number means.

    pub fn folder_at(&self, number: usize) -> usize {
        place(number, GIVEN_FOLDERS, self.folders.len())
    }

    pub fn file_at(&self, number: usize) -> usize {
        place(number, GIVEN_FILES, self.files.len())
    }

    pub fn picked_folder(&self, pick: Pick) -> usize {
        match pick {
            Pick::Any(number) => self.folder_at(number),
            Pick::InTrash(number) => {
                let trash = self.trashed_folders();
                trash.get(number % trash.len().max(1)).copied().unwrap_or_else(|| self.folder_at(number))
            }
        }
    }

    pub fn picked_file(&self, pick: Pick) -> usize {
        match pick {
            Pick::Any(number) => self.file_at(number),
            Pick::InTrash(number) => {
                let trash = self.trashed_files();
                trash.get(number % trash.len().max(1)).copied().unwrap_or_else(|| self.file_at(number))
            }
        }
    }

    // What may be done.

    fn seen_file(&self, at: usize) -> Result<(), Fault> {
        let seen = self.knows_file(at) && self.file_lives(at) && !self.is_over(at);
        if seen { Ok(()) } else { Err(NO_FILE) }
    }

    pub fn known_folder(&self, at: usize) -> Result<(), Fault> {
        if self.knows_folder(at) { Ok(()) } else { Err(NO_FOLDER) }
    }

    pub fn living_folder(&self, at: usize) -> Result<(), Fault> {
        if self.knows_folder(at) && self.folder_lives(at) { Ok(()) } else { Err(NO_FOLDER) }
    }

    fn plain_folder(&self, at: usize) -> Result<(), Fault> {
        self.living_folder(at)?;
        if self.folders[at].kind == Kind::Plain { Ok(()) } else { Err(Fault::Invalid(Invalid::FixedFolder)) }
    }

    // Slugs.

    fn is_taken(&self, folder: usize, slug: &str) -> bool {
        let here = |child: &Folder| {
            child.parent == Some(folder) && !child.purged && child.deleted_at.is_none() && child.slug == slug
        };
        let file_here =
            |file: &File| !file.erased && file.folder == folder && file.deleted_at.is_none() && file.slug == slug;
        self.folders.iter().any(here) || self.files.iter().any(file_here)
    }

    /// The slug wished for, or the next of its numbers that is free. Who asks must have let go of its old one.
    fn slug(&mut self, folder: usize, (stem, extension): (&str, &str)) -> String {
        let plain = format!("{stem}{extension}");
        let mut slug = plain.clone();
        while self.is_taken(folder, &slug) {
            let number = self.counters.entry((folder, plain.clone())).or_insert(1);
            *number += 1;
            slug = format!("{stem}-{number}{extension}");
        }
        slug
    }
}
