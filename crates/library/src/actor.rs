//! Who asks, what they may, and where they asked from. Only a dialect's `auth.rs`, the command line and the job runner
//! make actors.

use std::{net::IpAddr, sync::Arc};

use store::{folders::Folder, tokens::Token};

use crate::{Fault, Noun};

/// One thing that may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// See names and bytes.
    Read,
    /// Make folders and upload.
    Create,
    /// Rename, move, describe, replace.
    Update,
    /// Put in the trash and purge.
    Delete,
    /// Make keys and people, change rules.
    Manage,
}

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// Nothing at all.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self =
        Self::NONE.with(Right::Read).with(Right::Create).with(Right::Update).with(Right::Delete).with(Right::Manage);
    /// Looking only.
    pub const READ: Self = Self::NONE.with(Right::Read);

    /// These rights and one more.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | 1 << right as u8)
    }

    /// Whether the right is among them.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    pub(crate) const fn bits(self) -> i64 {
        self.0 as i64
    }

    pub(crate) const fn from_bits(bits: i64) -> Self {
        Self((bits & 0x1f) as u8)
    }
}

/// Where a request came from, for the audit.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address of the peer, if it came over a network.
    pub address: Option<IpAddr>,
    /// The id that the request's log line carries.
    pub request_id: Option<Arc<str>>,
}

/// Somebody who asks.
#[derive(Debug, Clone)]
pub struct Actor {
    who: Who,
    origin: Origin,
}

#[derive(Debug, Clone)]
enum Who {
    System,
    Anonymous,
    Holder(Arc<Holder>),
}

/// The holder of a token, worked out once and kept in memory with it.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) token: Token,
    pub(crate) rights: Rights,
    /// `/7/` for a token confined to folder 7.
    scope: Option<String>,
}

impl Holder {
    pub(crate) fn new(token: Token) -> Self {
        let scope = token.folder_id.map(|id| format!("/{id}/"));
        Self { rights: Rights::from_bits(token.rights), scope, token }
    }
}

impl Actor {
    /// The server itself: the job runner and the command line.
    #[must_use]
    pub const fn system(origin: Origin) -> Self {
        Self { who: Who::System, origin }
    }

    /// Somebody without a key.
    #[must_use]
    pub const fn anonymous(origin: Origin) -> Self {
        Self { who: Who::Anonymous, origin }
    }

    pub(crate) const fn holder(holder: Arc<Holder>, origin: Origin) -> Self {
        Self { who: Who::Holder(holder), origin }
    }

    /// Where the request came from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the actor has no key. Such a one is not told what exists.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        matches!(self.who, Who::Anonymous)
    }

    /// The token that the actor holds, if any.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        match &self.who {
            Who::Holder(holder) => Some(&holder.token),
            Who::System | Who::Anonymous => None,
        }
    }

    /// The tenant whose library the actor sees.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub fn tenant_id(&self) -> Result<i64, Fault> {
        self.token().map(|token| token.tenant_id).ok_or(Fault::Unauthenticated)
    }

    /// Whom what the actor makes belongs to.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub(crate) fn user_id(&self) -> Result<i64, Fault> {
        self.token().map(|token| token.user_id).ok_or(Fault::Unauthenticated)
    }

    /// Whether the actor may do this with what lies in `folder`; another tenant's folders do not exist.
    pub(crate) fn expect(&self, right: Right, folder: &Folder) -> Result<(), Fault> {
        match &self.who {
            Who::System => Ok(()),
            Who::Anonymous if right == Right::Read && folder.public_read => Ok(()),
            Who::Anonymous => Err(Fault::Unauthenticated),
            Who::Holder(holder) if holder.token.tenant_id != folder.tenant_id => Err(Fault::NotFound(Noun::Folder)),
            Who::Holder(holder) => {
                let inside = holder.scope.as_deref().is_none_or(|scope| folder.path.contains(scope));
                if inside && holder.rights.has(right) { Ok(()) } else { Err(Fault::Denied) }
            }
        }
    }

    /// Whether the actor may do this anywhere at all.
    pub(crate) fn expect_somewhere(&self, right: Right) -> Result<(), Fault> {
        match &self.who {
            Who::System => Ok(()),
            Who::Anonymous => Err(Fault::Unauthenticated),
            Who::Holder(holder) if holder.rights.has(right) => Ok(()),
            Who::Holder(_) => Err(Fault::Denied),
        }
    }

    /// Whether the actor may run the tenant's affairs.
    pub(crate) fn expect_manager(&self, tenant_id: i64) -> Result<(), Fault> {
        match &self.who {
            Who::System => Ok(()),
            Who::Anonymous => Err(Fault::Unauthenticated),
            Who::Holder(holder) if holder.token.tenant_id != tenant_id => Err(Fault::NotFound(Noun::Tenant)),
            Who::Holder(holder) if holder.scope.is_none() && holder.rights.has(Right::Manage) => Ok(()),
            Who::Holder(_) => Err(Fault::Denied),
        }
    }

    /// Only the command line founds tenants.
    pub(crate) fn expect_system(&self) -> Result<(), Fault> {
        match self.who {
            Who::System => Ok(()),
            Who::Anonymous => Err(Fault::Unauthenticated),
            Who::Holder(_) => Err(Fault::Denied),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_a_set() {
        let rights = Rights::NONE.with(Right::Read).with(Right::Delete);
        assert!(rights.has(Right::Read) && rights.has(Right::Delete) && !rights.has(Right::Create));
        assert_eq!(Rights::from_bits(rights.bits()), rights);
        assert!(Rights::ALL.has(Right::Manage));
    }
}
