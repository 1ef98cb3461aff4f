//! Who asks, what they may, and where they asked from. Only a dialect's `auth.rs`, the command line and the job runner
//! make actors.

use std::{net::IpAddr, sync::Arc};

use store::{audit::Stamp, folders::Folder, tokens::Token, users::User};

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
    /// Put in the trash, restore and purge.
    Delete,
    /// Make keys and people, change rules; who may is held by no rule.
    Manage,
    /// Pass for the person whose key it is, where rules let people in who are signed in.
    Personal,
}

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// Nothing at all.
    pub const NONE: Self = Self(0);
    /// Everything that one can do to folders and files.
    pub const CHANGE: Self = Self::READ.with(Right::Create).with(Right::Update).with(Right::Delete);
    /// Everything.
    pub const ALL: Self = Self::CHANGE.with(Right::Manage).with(Right::Personal);
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

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn bits(self) -> i64 {
        self.0 as i64
    }

    pub(crate) const fn from_bits(bits: i64) -> Self {
        Self((bits & 0x3f) as u8)
    }
}

/// Where a request came from, for the audit, and how much it brings.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address of the peer, if it came over a network.
    pub address: Option<IpAddr>,
    /// The id that the request's log line carries.
    pub request_id: Option<Arc<str>>,
    /// How many bytes its body has, where it says so.
    pub body_bytes: Option<u64>,
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
    Guest(Arc<Guest>),
}

/// Somebody without an account whom a person has let in by a link to one folder.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) rights: Rights,
    /// Who let them in, and whom they act as.
    pub(crate) host: User,
    /// `/7/` for folder 7.
    scope: String,
}

/// The holder of a token, worked out once and kept in memory with it.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) token: Token,
    pub(crate) rights: Rights,
    /// Whom it acts as.
    pub(crate) user: User,
    /// `/7/` for a token confined to folder 7.
    scope: Option<String>,
}

/// Who decides, when the key has no objection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    /// Nobody else.
    Final,
    /// The rules that hold there, if there are any.
    Rules,
}

impl Guest {
    pub(crate) fn new(folder: &Folder, host: User, rights: Rights) -> Self {
        Self { rights, host, scope: format!("/{}/", folder.id) }
    }
}

impl Holder {
    pub(crate) fn new(token: Token, user: User) -> Self {
        let scope = token.folder_id.map(|id| format!("/{id}/"));
        Self { rights: Rights::from_bits(token.rights), scope, token, user }
    }

    fn restricted_to(&self, rights: Rights) -> Self {
        let (token, user, scope) = (self.token.clone(), self.user.clone(), self.scope.clone());
        Self { rights: self.rights.and(rights), token, user, scope }
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

    pub(crate) const fn guest(guest: Arc<Guest>, origin: Origin) -> Self {
        Self { who: Who::Guest(guest), origin }
    }

    /// The same with no more than these rights.
    #[must_use]
    pub fn restricted_to(&self, rights: Rights) -> Self {
        match &self.who {
            Who::Holder(holder) if holder.rights.and(rights) != holder.rights => {
                let holder = holder.restricted_to(rights);
                Self { who: Who::Holder(Arc::new(holder)), origin: self.origin.clone() }
            }
            Who::System | Who::Anonymous | Who::Holder(_) | Who::Guest(_) => self.clone(),
        }
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

    /// Whether the actor came by a link and has no key either: what a scan has not seen yet is not for them.
    pub(crate) const fn is_outsider(&self) -> bool {
        matches!(self.who, Who::Anonymous | Who::Guest(_))
    }

    /// Whether the actor was let in by a link.
    pub(crate) const fn is_guest(&self) -> bool {
        matches!(self.who, Who::Guest(_))
    }

    /// The person or service that the actor acts as, if any.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        match &self.who {
            Who::Holder(holder) => Some(&holder.user),
            Who::Guest(guest) => Some(&guest.host),
            Who::System | Who::Anonymous => None,
        }
    }

    /// What the actor's key allows at most; rules may allow less.
    #[must_use]
    pub fn rights(&self) -> Rights {
        match &self.who {
            Who::System => Rights::ALL,
            Who::Anonymous => Rights::NONE,
            Who::Holder(holder) => holder.rights,
            Who::Guest(guest) => guest.rights,
        }
    }

    pub(crate) fn holding(&self) -> Option<&Holder> {
        match &self.who {
            Who::Holder(holder) => Some(holder),
            Who::System | Who::Anonymous | Who::Guest(_) => None,
        }
    }

    /// What a change by this actor is put down to.
    pub(crate) fn stamp(&self, now_ms: i64) -> Stamp {
        let token = self.token();
        Stamp {
            now_ms,
            user_id: self.user().map(|user| user.id),
            token_id: token.map(|token| token.id),
            address: self.origin.address.map(|address| address.to_string()),
            request_id: self.origin.request_id.as_deref().map(str::to_owned),
        }
    }

    /// The same text for the same caller, as far as one can tell.
    pub(crate) fn caller(&self) -> String {
        match (self.token(), self.origin.address) {
            (Some(token), _) => format!("token {}", token.id),
            (None, Some(address)) => format!("address {address}"),
            (None, None) => "nobody".to_owned(),
        }
    }

    /// The token that the actor holds, if any.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.holding().map(|holder| &holder.token)
    }

    /// The tenant whose library the actor sees.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub fn tenant_id(&self) -> Result<i64, Fault> {
        match &self.who {
            Who::Holder(holder) => Ok(holder.token.tenant_id),
            Who::Guest(guest) => Ok(guest.host.tenant_id),
            Who::System | Who::Anonymous => Err(Fault::Unauthenticated),
        }
    }

    /// Whether the actor's key, if there is one, allows this with what lies in `folder`; another tenant's folders do not
    /// exist. Tells whether rules have a say too. For `Library::expect` only.
    pub(crate) fn key_allows(&self, right: Right, folder: &Folder) -> Result<Say, Fault> {
        match &self.who {
            Who::System => Ok(Say::Final),
            Who::Anonymous => Ok(Say::Rules),
            Who::Guest(guest) if guest.host.tenant_id != folder.tenant_id => Err(Fault::NotFound(Noun::Folder)),
            Who::Guest(guest) if !folder.path.contains(&guest.scope) => Err(Fault::NotFound(Noun::Folder)),
            // Who let them in answers for it; no rule was made with them in mind.
            Who::Guest(guest) if guest.rights.has(right) => Ok(Say::Final),
            Who::Guest(_) => Err(Fault::Denied),
            Who::Holder(holder) if holder.token.tenant_id != folder.tenant_id => Err(Fault::NotFound(Noun::Folder)),
            Who::Holder(holder) => {
                let inside = holder.scope.as_deref().is_none_or(|scope| folder.path.contains(scope));
                match inside && holder.rights.has(right) {
                    false => Err(Fault::Denied),
                    true if holder.rights.has(Right::Manage) => Ok(Say::Final),
                    true => Ok(Say::Rules),
                }
            }
        }
    }

    /// Whether the actor may do this anywhere at all, as far as one can tell without a place.
    pub(crate) fn expect_somewhere(&self, right: Right) -> Result<(), Fault> {
        match &self.who {
            Who::System => Ok(()),
            Who::Anonymous => Err(Fault::Unauthenticated),
            Who::Holder(holder) if holder.rights.has(right) => Ok(()),
            Who::Guest(guest) if guest.rights.has(right) => Ok(()),
            Who::Holder(_) | Who::Guest(_) => Err(Fault::Denied),
        }
    }

    /// Whether the actor may run the tenant's affairs.
    pub(crate) fn expect_manager(&self, tenant_id: i64) -> Result<(), Fault> {
        match &self.who {
            Who::System => Ok(()),
            Who::Anonymous => Err(Fault::Unauthenticated),
            Who::Holder(holder) if holder.token.tenant_id != tenant_id => Err(Fault::NotFound(Noun::Tenant)),
            Who::Holder(holder) if holder.scope.is_none() && holder.rights.has(Right::Manage) => Ok(()),
            Who::Holder(_) | Who::Guest(_) => Err(Fault::Denied),
        }
    }

    /// Only the command line founds tenants.
    pub(crate) fn expect_system(&self) -> Result<(), Fault> {
        match self.who {
            Who::System => Ok(()),
            Who::Anonymous => Err(Fault::Unauthenticated),
            Who::Holder(_) | Who::Guest(_) => Err(Fault::Denied),
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
