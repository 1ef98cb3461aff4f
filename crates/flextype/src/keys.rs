//! The tokens of this dialect: one kind opens files, one folders, and one, beside either, lets change things. Contract section 4.

use library::{Rights, TokenWish, hex_key_32};

/// What a token is for. The same text may be a token of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The routes for files.
    Files,
    /// The routes for folders.
    Folders,
    /// All changes, beside one of the others.
    Access,
}

impl TokenKind {
    /// What its tokens are kept under.
    pub(crate) const fn realm(self) -> &'static str {
        match self {
            Self::Files => "flextype files",
            Self::Folders => "flextype folders",
            Self::Access => "flextype access",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Folders => "folders",
            Self::Access => "access",
        }
    }
}

/// A token to make, as the reference server's are: 32 hexadecimal digits.
#[must_use]
pub fn token_wish(kind: TokenKind, tenant_id: i64, user_id: i64, folder_id: Option<i64>, name: &str) -> TokenWish {
    TokenWish {
        tenant_id,
        user_id,
        realm: kind.realm().to_owned(),
        kind: kind.word().to_owned(),
        name: name.to_owned(),
        prefix: String::new(),
        rights: Rights::CHANGE,
        folder_id,
        call_limit: None,
        secret: Some(hex_key_32()),
        expires_at: None,
    }
}
