//! What one client was told: its folders and files as they must be, however often the server dies. It knows what the verbs
//! mean, and nothing of servers.

use std::collections::{BTreeMap, BTreeSet};

use super::dice::{Filling, Hash};

#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    pub name: String,
    /// None for the one that the client began with.
    pub parent: Option<i64>,
    /// Put in the trash by itself.
    pub trashed: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct File {
    pub name: String,
    pub folder: i64,
    pub trashed: bool,
    pub hash: Hash,
}

#[derive(Debug, Clone)]
pub struct Ledger {
    pub top: i64,
    pub folders: BTreeMap<i64, Folder>,
    pub files: BTreeMap<i64, File>,
    pub ended_folders: BTreeSet<i64>,
    pub ended_files: BTreeSet<i64>,
}

/// Something to ask of the server.
#[derive(Debug, Clone)]
pub enum Operation {
    Upload { folder: i64, files: Vec<(String, Filling)> },
    CreateFolder { parent: i64, name: String },
    Replace { file: i64, filling: Filling },
    RenameFile { file: i64, name: String },
    RenameFolder { folder: i64, name: String },
    MoveFile { file: i64, to: i64 },
    MoveFolder { folder: i64, to: i64 },
    TrashFile { file: i64 },
    TrashFolder { folder: i64 },
    RestoreFile { file: i64 },
    RestoreFolder { folder: i64 },
    PurgeFile { file: i64 },
    PurgeFolder { folder: i64 },
    Read { file: i64 },
}

/// What can be seen of a file or folder.
#[derive(Debug, PartialEq)]
pub enum Sight {
    Gone,
    File {
        name: String,
        folder: i64,
        /// It is in the trash, or in a folder that is.
        trashed: bool,
        /// Of the bytes, where they can be had.
        hash: Option<Hash>,
    },
    Folder {
        name: String,
        parent: Option<i64>,
        trashed: bool,
    },
}

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Subject {
    File(i64),
    Folder(i64),
    /// Things that come to be, and whose ids are not known before.
    New {
        parent: i64,
    },
}

impl Operation {
    pub fn subject(&self) -> Subject {
        match self {
            Self::Upload { folder: parent, .. } | Self::CreateFolder { parent, .. } => Subject::New { parent: *parent },
            Self::Replace { file, .. }
            | Self::RenameFile { file, .. }
            | Self::MoveFile { file, .. }
            | Self::TrashFile { file }
            | Self::RestoreFile { file }
            | Self::PurgeFile { file }
            | Self::Read { file } => Subject::File(*file),
            Self::RenameFolder { folder, .. }
            | Self::MoveFolder { folder, .. }
            | Self::TrashFolder { folder }
            | Self::RestoreFolder { folder }
            | Self::PurgeFolder { folder } => Subject::Folder(*folder),
        }
    }

    /// The names of what it makes.
    pub fn new_names(&self) -> Vec<&str> {
        match self {
            Self::Upload { files, .. } => files.iter().map(|(name, _)| name.as_str()).collect(),
            Self::CreateFolder { name, .. } => vec![name],
            _ => Vec::new(),
        }
    }
}

impl Ledger {
    pub fn new(top: i64, name: &str) -> Self {
        let folder = Folder { name: name.to_owned(), parent: None, trashed: false };
        Self {
            top,
            folders: BTreeMap::from([(top, folder)]),
            files: BTreeMap::new(),
            ended_folders: BTreeSet::new(),
            ended_files: BTreeSet::new(),
        }
    }

    /// The folders from one up to the top.
    fn chain(&self, folder: i64) -> impl Iterator<Item = (i64, &Folder)> {
        std::iter::successors(Some(folder), |id| self.folders[id].parent).map(|id| (id, &self.folders[&id]))
    }

    pub fn is_inside(&self, folder: i64, outer: i64) -> bool {
        self.chain(folder).any(|(id, _)| id == outer)
    }

    pub fn folder_lives(&self, folder: i64) -> bool {
        self.chain(folder).all(|(_, folder)| !folder.trashed)
    }

    pub fn file_lives(&self, file: &File) -> bool {
        !file.trashed && self.folder_lives(file.folder)
    }

    /// What must be seen of it.
    pub fn sight(&self, subject: Subject) -> Sight {
        match subject {
            Subject::File(id) => self.files.get(&id).map_or(Sight::Gone, |file| Sight::File {
                name: file.name.clone(),
                folder: file.folder,
                trashed: !self.file_lives(file),
                hash: self.file_lives(file).then_some(file.hash),
            }),
            Subject::Folder(id) => self.folders.get(&id).map_or(Sight::Gone, |folder| Sight::Folder {
                name: folder.name.clone(),
                parent: folder.parent,
                trashed: !self.folder_lives(id),
            }),
            Subject::New { .. } => unreachable!("what has no id yet is looked for by its name"),
        }
    }

    /// The names that a listing of a living folder shows, sorted.
    pub fn names_in(&self, parent: i64) -> Vec<String> {
        let folders = self.folders.values().filter(|folder| folder.parent == Some(parent) && !folder.trashed);
        let files = self.files.values().filter(|file| file.folder == parent && !file.trashed);
        let names = folders.map(|folder| &folder.name).chain(files.map(|file| &file.name));
        let mut names: Vec<String> = names.cloned().collect();
        names.sort();
        names
    }

    /// It is done; `ids` are those of what is new.
    pub fn enter(&mut self, operation: &Operation, ids: &[i64]) {
        match operation {
            Operation::Upload { folder, files } => {
                assert_eq!(ids.len(), files.len());
                for (id, (name, filling)) in ids.iter().zip(files) {
                    let file = File { name: name.clone(), folder: *folder, trashed: false, hash: filling.hash() };
                    assert!(
                        self.files.insert(*id, file).is_none() && !self.ended_files.contains(id),
                        "an id came twice"
                    );
                }
            }
            Operation::CreateFolder { parent, name } => {
                let folder = Folder { name: name.clone(), parent: Some(*parent), trashed: false };
                assert!(self.folders.insert(ids[0], folder).is_none() && !self.ended_folders.contains(&ids[0]));
            }
            Operation::Replace { file, filling } => self.file(*file).hash = filling.hash(),
            Operation::RenameFile { file, name } => self.file(*file).name.clone_from(name),
            Operation::RenameFolder { folder, name } => self.folder(*folder).name.clone_from(name),
            Operation::MoveFile { file, to } => self.file(*file).folder = *to,
            Operation::MoveFolder { folder, to } => self.folder(*folder).parent = Some(*to),
            Operation::TrashFile { file } => self.file(*file).trashed = true,
            Operation::TrashFolder { folder } => self.folder(*folder).trashed = true,
            Operation::RestoreFile { file } => self.file(*file).trashed = false,
            Operation::RestoreFolder { folder } => self.folder(*folder).trashed = false,
            Operation::PurgeFile { file } => {
                self.files.remove(file);
                self.ended_files.insert(*file);
            }
            Operation::PurgeFolder { folder } => self.end_folder(*folder),
            Operation::Read { .. } => {}
        }
    }

    fn end_folder(&mut self, folder: i64) {
        let ended: BTreeSet<i64> = self.folders.keys().copied().filter(|id| self.is_inside(*id, folder)).collect();
        let files = self.files.iter().filter(|(_, file)| ended.contains(&file.folder));
        self.ended_files.extend(files.map(|(id, _)| *id));
        self.files.retain(|_, file| !ended.contains(&file.folder));
        self.folders.retain(|id, _| !ended.contains(id));
        self.ended_folders.extend(ended);
    }

    fn file(&mut self, id: i64) -> &mut File {
        self.files.get_mut(&id).unwrap()
    }

    fn folder(&mut self, id: i64) -> &mut Folder {
        self.folders.get_mut(&id).unwrap()
    }
}
