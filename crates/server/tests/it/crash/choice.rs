//! What a client does next: something at random that must succeed by what it was told.

use super::{
    dice::{Dice, Filling},
    ledger::{Ledger, Operation},
};

/// More folders are not made.
const MOST_FOLDERS: usize = 12;

/// What there is to choose from.
pub struct Choice<'a> {
    ledger: &'a Ledger,
    dice: &'a mut Dice,
    folders: Vec<i64>,
    /// Those that may move: all but the client's own.
    inner: Vec<i64>,
    trash: Vec<i64>,
    files: Vec<i64>,
    /// In the trash by themselves, their folder not.
    restorable: Vec<i64>,
    /// In the trash, one way or the other.
    shut: Vec<i64>,
    /// A number that nothing else has.
    fresh: u64,
}

impl<'a> Choice<'a> {
    pub fn of(ledger: &'a Ledger, dice: &'a mut Dice, fresh: u64) -> Self {
        let folders = |wanted: &dyn Fn(i64) -> bool| ledger.folders.keys().copied().filter(|id| wanted(*id)).collect();
        let files = |wanted: &dyn Fn(bool, bool) -> bool| {
            let wanted = ledger.files.iter().filter(|(_, file)| wanted(file.trashed, ledger.folder_lives(file.folder)));
            wanted.map(|(id, _)| *id).collect()
        };
        Self {
            folders: folders(&|id| ledger.folder_lives(id)),
            inner: folders(&|id| id != ledger.top && ledger.folder_lives(id)),
            trash: folders(&|id| ledger.folders[&id].trashed),
            files: files(&|trashed, shown| !trashed && shown),
            restorable: files(&|trashed, shown| trashed && shown),
            shut: files(&|trashed, shown| trashed || !shown),
            ledger,
            dice,
            fresh,
        }
    }

    /// None when there is nothing to do it to.
    pub fn roll(mut self) -> Option<Operation> {
        Some(match self.dice.roll(100) {
            0..26 => self.upload()?,
            26..38 => Operation::Replace { file: self.dice.pick(&self.files)?, filling: self.filling(0) },
            38..44 => Operation::RenameFile { file: self.dice.pick(&self.files)?, name: self.name(0) },
            44..47 => Operation::RenameFolder { folder: self.dice.pick(&self.inner)?, name: self.name(0) },
            47..53 => Operation::MoveFile { file: self.dice.pick(&self.files)?, to: self.dice.pick(&self.folders)? },
            53..56 => self.move_folder()?,
            56..62 => self.create_folder()?,
            62..72 => Operation::TrashFile { file: self.dice.pick(&self.files)? },
            72..75 => Operation::TrashFolder { folder: self.dice.pick(&self.inner)? },
            75..79 => Operation::RestoreFile { file: self.dice.pick(&self.restorable)? },
            79..82 => self.restore_folder()?,
            82..91 => Operation::PurgeFile { file: self.dice.pick(&self.shut)? },
            91..93 => Operation::PurgeFolder { folder: self.dice.pick(&self.trash)? },
            _ => Operation::Read { file: self.dice.pick(&self.files)? },
        })
    }

    fn upload(&mut self) -> Option<Operation> {
        let folder = self.dice.pick(&self.folders)?;
        let parts = if self.dice.happens(25) { 2 } else { 1 };
        let files = (0..parts).map(|part| (self.name(part), self.filling(part))).collect();
        Some(Operation::Upload { folder, files })
    }

    fn move_folder(&mut self) -> Option<Operation> {
        let (folder, to) = (self.dice.pick(&self.inner)?, self.dice.pick(&self.folders)?);
        (!self.ledger.is_inside(to, folder)).then_some(Operation::MoveFolder { folder, to })
    }

    fn create_folder(&mut self) -> Option<Operation> {
        let parent = self.dice.pick(&self.folders)?;
        let operation = Operation::CreateFolder { parent, name: self.name(0) };
        (self.folders.len() < MOST_FOLDERS).then_some(operation)
    }

    fn restore_folder(&mut self) -> Option<Operation> {
        let folder = self.dice.pick(&self.trash)?;
        let parent = self.ledger.folders[&folder].parent?;
        self.ledger.folder_lives(parent).then_some(Operation::RestoreFolder { folder })
    }

    fn name(&self, part: u64) -> String {
        format!("{:x}-{part}.bin", self.fresh)
    }

    fn filling(&mut self, part: u64) -> Filling {
        Filling::at_random(self.dice, self.fresh << 2 | part)
    }
}
