//! Flextype's credentials: a token for files or folders, and beside it, for changes, an access token. Contract sections 2 and 4.

use axum::response::Response;
use library::{Actor, Fault};

use crate::{
    Flextype, TokenKind,
    bodies::Call,
    error::{Area, Refused},
};

/// Somebody whose tokens are in order.
pub(crate) struct Session {
    /// What they may do: what both tokens allow.
    pub(crate) actor: Actor,
    /// The folder that their ids begin at.
    pub(crate) top: i64,
    /// The slugs that lead from the root to it.
    pub(crate) above: Vec<String>,
}

/// What a route asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) area: Area,
    /// Which kinds of token open it; the first that is known counts.
    pub(crate) kinds: &'static [TokenKind],
    /// Whether it changes something, and so asks for an access token too.
    pub(crate) changes: bool,
}

impl Wanted {
    pub(crate) const FETCH_FILES: Self = Self { area: Area::Files, kinds: &[TokenKind::Files], changes: false };
    pub(crate) const CHANGE_FILES: Self = Self { changes: true, ..Self::FETCH_FILES };
    /// The document asks for a folders token where the reference server takes one for files; both are taken.
    pub(crate) const COPY_FILES: Self = Self { kinds: &[TokenKind::Files, TokenKind::Folders], ..Self::CHANGE_FILES };
    pub(crate) const FETCH_FOLDERS: Self = Self { area: Area::Folders, kinds: &[TokenKind::Folders], changes: false };
    pub(crate) const CHANGE_FOLDERS: Self = Self { changes: true, ..Self::FETCH_FOLDERS };
}

impl Flextype {
    /// Does what a request wants, by its tokens, and counts the call: one that succeeds, or does not find what it is about.
    pub(crate) async fn answer<F>(&self, call: &Call, wanted: Wanted, work: F) -> Result<Response, Refused>
    where
        F: AsyncFnOnce(&Session) -> Result<Response, Refused>,
    {
        let session = self.open(call, wanted).await?;
        let of = |fault| Refused::of(fault, wanted.area);
        match self.library.count_call(&session.actor).await {
            Err(Fault::Exhausted) => return Err(self.token_refused(wanted.area)),
            counted => counted.map_err(of)?,
        }
        let done = work(&session).await;
        if done.as_ref().is_err_and(|refused| !refused.counts()) {
            self.library.uncount_call(&session.actor).await.map_err(of)?;
        }
        done
    }

    /// In the order of the contract: whether the API is on, whether both tokens are known, and whether they work.
    pub(crate) async fn open(&self, call: &Call, wanted: Wanted) -> Result<Session, Refused> {
        let is_on = match wanted.area {
            Area::Files => self.config.files_enabled,
            Area::Folders => self.config.folders_enabled,
        };
        if !is_on {
            return Err(Refused::unauthorized());
        }
        let strict = self.config.strict;
        let secret = call.text("token", strict)?;
        let access = if wanted.changes { Some(call.text("access_token", strict)?) } else { None };
        let token = self.known(wanted.kinds, secret, call, wanted.area).await?;
        let access = match access {
            Some(secret) => Some(self.known(&[TokenKind::Access], secret, call, wanted.area).await?),
            None => None,
        };
        let Some(token) = token else { return Err(self.token_refused(wanted.area)) };
        let access = match access {
            Some(None) => return Err(self.token_refused(wanted.area)),
            Some(Some(access)) if is_used_up(&access) => return Err(self.token_refused(wanted.area)),
            access => access.flatten(),
        };
        let of = |fault| Refused::of(fault, wanted.area);
        let actor = match &access {
            Some(access) => {
                let is_own = access.tenant_id().map_err(of)? == token.tenant_id().map_err(of)?;
                // One that is confined lets change things by tokens that are confined to the same folder.
                let folder = |actor: &Actor| actor.token().and_then(|token| token.folder_id);
                if !is_own || folder(access).is_some_and(|of_access| folder(&token) != Some(of_access)) {
                    return Err(Refused::unauthorized());
                }
                token.restricted_to(access.rights())
            }
            None => token,
        };
        let top = self.library.top_of(&actor).await.map_err(of)?;
        let above = self.library.path_of_top(&actor).await.map_err(of)?;
        Ok(Session { actor, top, above })
    }

    /// The holder of a token that there is; none: it is switched off.
    async fn known(
        &self,
        kinds: &[TokenKind],
        secret: &str,
        call: &Call,
        area: Area,
    ) -> Result<Option<Actor>, Refused> {
        // The reference server joins tokens into paths; ours are letters and digits.
        if !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let realms: Vec<_> = kinds.iter().map(|kind| kind.realm()).collect();
            match self.library.authenticate_or_off(&realms, secret, call.origin.clone()).await {
                Ok(actor) => return Ok(actor),
                Err(Fault::Unauthenticated) => {}
                Err(fault) => return Err(Refused::of(fault, area)),
            }
        }
        Err(Refused::unauthorized())
    }

    /// What a token gets that is off or used up: the reference server finds fault with the body where it is about folders.
    fn token_refused(&self, area: Area) -> Refused {
        match area {
            Area::Folders if self.config.strict => Refused::body(),
            Area::Files | Area::Folders => Refused::unauthorized(),
        }
    }
}

/// An access token's limit is looked at, and its calls are never counted.
fn is_used_up(access: &Actor) -> bool {
    access.token().is_some_and(|token| token.call_limit.is_some_and(|limit| token.call_count >= limit))
}
