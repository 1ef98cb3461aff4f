//! What can go wrong with the catalog. The library turns it into its own `Fault`; no product's words here.

/// The things that rows are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// A tenant.
    Tenant,
    /// A user.
    User,
    /// A folder.
    Folder,
    /// An asset, its versions and bytes.
    Asset,
    /// An upload under way.
    Upload,
    /// A collection.
    Collection,
    /// A token.
    Token,
    /// A link.
    Link,
    /// A rendition.
    Rendition,
    /// A job.
    Job,
    /// A record.
    Record,
}

crate::assets::words!(
    Noun,
    "noun",
    Tenant = "tenant",
    User = "user",
    Folder = "folder",
    Asset = "asset",
    Upload = "upload",
    Collection = "collection",
    Token = "token",
    Link = "link",
    Rendition = "rendition",
    Job = "job",
    Record = "record",
);

/// Rules of the tree and of the schema that a call would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Folders would be nested deeper than [`crate::folders::MAX_DEPTH`].
    TooDeep,
    /// More folders than one call may copy.
    TooManyFolders,
    /// A folder would come to lie inside itself.
    IntoItself,
    /// The root stays as it is.
    Root,
    /// What lies above it is in the trash: it has to come back first.
    ParentInTrash,
    /// Its time is over.
    Expired,
    /// A virus was found in it.
    Infected,
    /// Something that is in use points at it.
    InUse,
    /// More than the tenant may keep.
    OverQuota,
    /// More bytes than a row can count.
    TooManyBytes,
    /// The database's URL is of neither engine.
    DatabaseUrl,
}

/// Why a catalog call did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing that the call names does not exist (any more).
    #[error("{0:?} not found")]
    Missing(Noun),
    /// Something unique is taken already.
    #[error("{0:?} is taken")]
    Taken(Noun),
    /// The call would break a rule.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// A row holds what this version cannot read.
    #[error("unreadable row: {0}")]
    Corrupt(String),
    /// The database is out of reach.
    #[error("the database is out of reach")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused.
    #[error("database")]
    Database(#[source] sqlx::Error),
    /// The group of writes that this one was committed with could not be made durable.
    #[error("commit failed: {0}")]
    Commit(String),
    /// The database's schema could not be brought up to date.
    #[error("migration")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => Self::Unavailable(error),
            E::Database(database) if database.code().is_some_and(|code| is_passing(&code)) => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}

/// Codes of a database that is there and can not do its work now: SQLite's busy, locked, read-only, I/O error, full and
/// can not open (the primary code is the low byte), PostgreSQL's connection, resource, operator and system errors.
fn is_passing(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 8 | 10 | 13 | 14),
        _ => ["08", "53", "57", "58"].iter().any(|class| code.len() == 5 && code.starts_with(class)),
    }
}

impl Error {
    /// Whether it is certain that nothing was changed. A connection that breaks while a commit is under way tells nothing:
    /// bytes that may have a row must not be removed.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        match self {
            Self::Missing(_) | Self::Taken(_) | Self::Refused(_) => true,
            Self::Corrupt(_) | Self::Unavailable(_) | Self::Database(_) | Self::Commit(_) | Self::Migration(_) => false,
        }
    }

    /// Why a row was refused, in terms of what it is about: `taken` has its key already, or `missing`, which it points
    /// at, is not there.
    pub(crate) fn of_row(error: sqlx::Error, taken: Noun, missing: Noun) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.is_unique_violation() => Self::Taken(taken),
            sqlx::Error::Database(database) if database.is_foreign_key_violation() => Self::Missing(missing),
            _ => error.into(),
        }
    }
}

/// What catalog calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
