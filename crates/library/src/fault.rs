//! Why a verb refused or failed, in no product's words. Each dialect says each of these in its own.

use std::sync::Arc;

pub use store::Noun;

/// What was wrong with what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// A name is empty, too long, or holds what a name can not hold.
    Name,
    /// An address is no e-mail address.
    Email,
    /// Folders would be nested too deep.
    TooDeep,
    /// A folder would be moved or copied into itself.
    IntoItself,
    /// A root, space or inbox stays as it is for everybody but its own dialect.
    FixedFolder,
    /// More items than one call may name.
    TooManyItems,
    /// There is nothing to do it with.
    Empty,
    /// What lies above it is in the trash: that has to be restored first.
    ParentInTrash,
    /// Access rules that let nobody in.
    LocksOut,
    /// More access rules than one thing may have.
    TooManyRules,
    /// A rule names a token that there is not.
    UnknownToken,
    /// A list continues behind something that is not there.
    Page,
    /// Other bytes came than were announced.
    Length,
    /// An address to call is none, or leads nowhere that calls go to.
    Address,
    /// Anything else, in plain words.
    Other(&'static str),
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Other(words) => f.write_str(words),
            other => write!(f, "invalid: {other:?}"),
        }
    }
}

/// Why a verb did not do what it was asked. Matched in full by every dialect: no wildcard arms.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// There is no valid key.
    #[error("not authenticated")]
    Unauthenticated,
    /// The key does not allow it.
    #[error("denied")]
    Denied,
    /// There is no such thing, or it is another tenant's, or it is in the trash.
    #[error("{0:?} not found")]
    NotFound(Noun),
    /// Something in the way.
    #[error("{0:?} conflicts")]
    Conflict(Noun),
    /// A condition that the caller set does not hold.
    #[error("precondition failed")]
    Precondition,
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(Invalid),
    /// More bytes than allowed.
    #[error("larger than {max_bytes} bytes")]
    TooLarge {
        /// The most that is allowed.
        max_bytes: u64,
    },
    /// A type of file that is not taken or can not be shown.
    #[error("unsupported type")]
    Unsupported,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// It was used as often as allowed.
    #[error("exhausted")]
    Exhausted,
    /// The tenant's share of the store is used up.
    #[error("over quota")]
    Quota,
    /// A virus was found in it.
    #[error("quarantined")]
    Quarantined,
    /// Too many requests.
    #[error("throttled for {retry_after_s} s")]
    Throttled {
        /// When to come back, in seconds.
        retry_after_s: u32,
    },
    /// More work than can be queued.
    #[error("busy")]
    Busy,
    /// A part that the request needs is out of order: its name.
    #[error("{0} is unavailable")]
    Unavailable(&'static str),
    /// The bytes stopped coming: the client went away or broke its own framing.
    #[error("the upload was interrupted")]
    Interrupted,
    /// Our own mistake.
    #[error("internal error")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Fault {
    /// Wraps what should not have happened.
    pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Arc::new(error))
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Self {
        use store::{Error, Refusal};
        match error {
            Error::Missing(noun) => Self::NotFound(noun),
            Error::Taken(noun) => Self::Conflict(noun),
            Error::Refused(Refusal::TooDeep) => Self::Invalid(Invalid::TooDeep),
            Error::Refused(Refusal::TooManyFolders) => Self::Invalid(Invalid::TooManyItems),
            Error::Refused(Refusal::IntoItself) => Self::Invalid(Invalid::IntoItself),
            Error::Refused(Refusal::Root) => Self::Invalid(Invalid::FixedFolder),
            Error::Refused(Refusal::ParentInTrash) => Self::Invalid(Invalid::ParentInTrash),
            Error::Refused(Refusal::Expired) => Self::Expired,
            Error::Refused(Refusal::Infected) => Self::Quarantined,
            Error::Refused(Refusal::OverQuota) => Self::Quota,
            Error::Refused(Refusal::InUse) => Self::Conflict(Noun::Token),
            error @ (Error::Unavailable(_) | Error::Commit(_)) => {
                tracing::error!(error = &error as &(dyn std::error::Error + 'static), "the database is out of order");
                Self::Unavailable("database")
            }
            error => Self::internal(error),
        }
    }
}
