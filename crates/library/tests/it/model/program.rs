//! Programs: what is done to a library, step by step.

use std::fmt;

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
};

/// A name, and what is to become of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// As given.
    pub given: &'static str,
    /// As kept and shown; none for what can be no name.
    pub kept: Option<&'static str>,
    /// The slug of a file of that name, before and from its extension.
    pub of_file: (&'static str, &'static str),
    /// The slug of a folder of that name.
    pub of_folder: &'static str,
}

/// Equal ones, such as differ by case only, and such as look like numbered ones.
pub const NAMES: &[Name] = &[
    Name { given: "a", kept: Some("a"), of_file: ("a", ""), of_folder: "a" },
    Name { given: "a.txt", kept: Some("a.txt"), of_file: ("a", ".txt"), of_folder: "a-txt" },
    Name { given: "A.txt", kept: Some("A.txt"), of_file: ("a", ".txt"), of_folder: "a-txt" },
    Name { given: "a-2", kept: Some("a-2"), of_file: ("a-2", ""), of_folder: "a-2" },
    Name { given: " a-2.txt ", kept: Some("a-2.txt"), of_file: ("a-2", ".txt"), of_folder: "a-2-txt" },
    Name { given: "Größe", kept: Some("Größe"), of_file: ("groesse", ""), of_folder: "groesse" },
    Name { given: "日本", kept: Some("日本"), of_file: ("untitled", ""), of_folder: "untitled" },
    Name { given: "b", kept: Some("b"), of_file: ("b", ""), of_folder: "b" },
    Name { given: "a/b", kept: None, of_file: ("", ""), of_folder: "" },
];

/// Bytes to upload, by how many there are.
pub const BYTES: &[usize] = &[0, 1, 7, 1_500];

/// What is searched for.
const TERMS: &[&str] = &["", "a", "A.T", "größ", "本", "2", "a.txt", "nothing"];

const SECOND_MS: i64 = 1_000;
const HOUR_MS: i64 = 3_600 * SECOND_MS;

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.given, f)
    }
}

/// What to restore or purge.
#[derive(Debug, Clone, Copy)]
pub enum Pick {
    /// Anything.
    Any(usize),
    /// Of what was put in the trash itself, the latest first; anything when there is none.
    InTrash(usize),
}

/// One step. What the numbers of folders and files mean, [`place`] tells; bytes are a place among [`BYTES`].
#[derive(Debug, Clone)]
pub enum Step {
    MakeFolder {
        parent: usize,
        name: Name,
    },
    /// Files that come together.
    Upload {
        folder: usize,
        files: Vec<(Name, usize)>,
    },
    Replace {
        file: usize,
        bytes: usize,
    },
    ChangeFile {
        file: usize,
        name: Option<Name>,
        folder: Option<usize>,
    },
    ChangeFolder {
        folder: usize,
        name: Option<Name>,
        parent: Option<usize>,
    },
    TrashFile(usize),
    TrashFolder(usize),
    RestoreFile(Pick),
    RestoreFolder(Pick),
    PurgeFile(Pick),
    PurgeFolder(Pick),
    /// So many downloads, and the end so far from now.
    Limit {
        file: usize,
        downloads: Option<i64>,
        lasts_ms: Option<i64>,
    },
    Download(usize),
    Pass {
        ms: i64,
    },
    RunJobs,
    Collect {
        dry_run: bool,
    },
    Search {
        term: &'static str,
        under: Option<usize>,
        trashed: bool,
    },
    /// Everything that can be seen is compared.
    Look,
}

/// Folders that are there from the start: a root, a space, a plain one, and another tenant's. From here on, numbers mean
/// those that were made, the latest first.
pub const GIVEN_FOLDERS: usize = 4;
/// Another tenant's file; from here on, those that were uploaded, the latest first.
pub const GIVEN_FILES: usize = 1;

/// The place of a thing in the order in which things were made, of which there are so many.
pub fn place(number: usize, given: usize, things: usize) -> usize {
    if number < given { number } else { (things - 1).saturating_sub(number - given) }
}

fn folder() -> impl Strategy<Value = usize> {
    prop_oneof![1 => 0..GIVEN_FOLDERS, 3 => GIVEN_FOLDERS..10]
}

fn file() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0), 20 => GIVEN_FILES..8]
}

fn pick(any: impl Strategy<Value = usize>) -> impl Strategy<Value = Pick> {
    prop_oneof![1 => any.prop_map(Pick::Any), 3 => (0..4_usize).prop_map(Pick::InTrash)]
}

fn name() -> impl Strategy<Value = Name> {
    select(NAMES)
}

fn maybe<T: Clone + fmt::Debug>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop_oneof![Just(None), some.prop_map(Some)]
}

fn one_file() -> impl Strategy<Value = (Name, usize)> {
    (name(), 0..BYTES.len())
}

fn step() -> impl Strategy<Value = Step> {
    let uploaded = prop_oneof![1 => vec(one_file(), 0..1), 9 => vec(one_file(), 1..4)];
    let limits = (file(), maybe(-1..3_i64), maybe(select(&[-SECOND_MS, 0, SECOND_MS, HOUR_MS, 4 * HOUR_MS])));
    prop_oneof![
        8 => (folder(), name()).prop_map(|(parent, name)| Step::MakeFolder { parent, name }),
        12 => (folder(), uploaded).prop_map(|(folder, files)| Step::Upload { folder, files }),
        3 => (file(), 0..BYTES.len()).prop_map(|(file, bytes)| Step::Replace { file, bytes }),
        6 => (file(), maybe(name()), maybe(folder()))
            .prop_map(|(file, name, folder)| Step::ChangeFile { file, name, folder }),
        6 => (folder(), maybe(name()), maybe(folder()))
            .prop_map(|(folder, name, parent)| Step::ChangeFolder { folder, name, parent }),
        8 => file().prop_map(Step::TrashFile),
        6 => folder().prop_map(Step::TrashFolder),
        5 => pick(file()).prop_map(Step::RestoreFile),
        5 => pick(folder()).prop_map(Step::RestoreFolder),
        5 => pick(file()).prop_map(Step::PurgeFile),
        4 => pick(folder()).prop_map(Step::PurgeFolder),
        3 => limits.prop_map(|(file, downloads, lasts_ms)| Step::Limit { file, downloads, lasts_ms }),
        3 => file().prop_map(Step::Download),
        4 => select(&[1, SECOND_MS, HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS]).prop_map(|ms| Step::Pass { ms }),
        3 => Just(Step::RunJobs),
        2 => any::<bool>().prop_map(|dry_run| Step::Collect { dry_run }),
        2 => (select(TERMS), maybe(folder()), any::<bool>())
            .prop_map(|(term, under, trashed)| Step::Search { term, under, trashed }),
        1 => Just(Step::Look),
    ]
}

/// Programs of 40 to 60 steps.
pub fn programs() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 40..=60)
}
