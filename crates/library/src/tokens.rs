//! Tokens: making, finding and taking back keys. Those in use live in memory for a bounded time, so that a request
//! with a known key costs no query.

use std::sync::Arc;

use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use store::tokens::NewToken;

use crate::{Actor, Fault, Library, Limits, Noun, Origin, Rights, Token, actor::Holder, chance, names};

/// A realm, and the hash of a secret: the same secret may be a token of several.
type Key = (Box<str>, [u8; 32]);

/// Holders of tokens by realm and hash of the secret, with the time at which each was read.
pub(crate) struct Memory {
    holders: Cache<Key, (Arc<Holder>, i64)>,
    /// Those who act by a token without its secret, by its id and theirs.
    sessions: Cache<(i64, i64), (Arc<Holder>, i64)>,
    max_age_ms: i64,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (holders, sessions) = (Cache::new(100_000), Cache::new(100_000));
        Self { holders, sessions, max_age_ms: limits.max_memory_age_ms }
    }

    pub(crate) fn forget_all(&self) {
        self.holders.invalidate_all();
        self.sessions.invalidate_all();
    }

    pub(crate) fn session(&self, of: (i64, i64), now_ms: i64) -> Option<Arc<Holder>> {
        self.young(self.sessions.get(&of), now_ms)
    }

    pub(crate) fn remember_session(&self, of: (i64, i64), holder: &Arc<Holder>, now_ms: i64) {
        self.sessions.insert(of, (Arc::clone(holder), now_ms));
    }

    fn get(&self, key: &Key, now_ms: i64) -> Option<Arc<Holder>> {
        self.young(self.holders.get(key), now_ms)
    }

    /// What is remembered, while it is young enough.
    fn young(&self, remembered: Option<(Arc<Holder>, i64)>, now_ms: i64) -> Option<Arc<Holder>> {
        let (holder, read_at) = remembered?;
        (0..self.max_age_ms).contains(&now_ms.saturating_sub(read_at)).then_some(holder)
    }
}

/// A token to make.
#[derive(Debug, Clone)]
pub struct TokenWish {
    /// Whose.
    pub tenant_id: i64,
    /// Whom it acts as.
    pub user_id: i64,
    /// Which dialect it opens.
    pub realm: String,
    /// Which of the dialect's kinds.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// What comes before the random part, such as `eu--`.
    pub prefix: String,
    /// What it may do.
    pub rights: Rights,
    /// The folder that it is confined to.
    pub folder_id: Option<i64>,
    /// How often it works.
    pub call_limit: Option<i64>,
    /// The secret, where it is not to be made by chance alone.
    pub secret: Option<String>,
    /// The first moment at which it no longer works, in milliseconds since 1970.
    pub expires_at: Option<i64>,
}

impl Library {
    /// The actor that a secret makes.
    ///
    /// # Errors
    /// `Unauthenticated` when the secret is unknown, taken back or over; `Throttled` after too many such secrets from there, or too many
    /// requests by this one.
    pub async fn authenticate(&self, realm: &str, secret: &str, origin: Origin) -> Result<Actor, Fault> {
        self.authenticate_or_off(&[realm], secret, origin).await?.ok_or(Fault::Unauthenticated)
    }

    /// The same in the first of some realms that knows the secret; none for a token that is switched off: for dialects that tell those from
    /// tokens that there are not.
    ///
    /// # Errors
    /// As for [`Self::authenticate`].
    pub async fn authenticate_or_off(
        &self,
        realms: &[&str],
        secret: &str,
        origin: Origin,
    ) -> Result<Option<Actor>, Fault> {
        let now_ms = self.now_ms();
        let mut is_known = false;
        for realm in realms {
            let Some(holder) = self.holder_of(realm, secret, &origin, now_ms).await? else { continue };
            is_known = true;
            let token = &holder.token;
            if token.revoked_at.is_some() || token.expires_at.is_some_and(|at| at <= now_ms) {
                continue;
            }
            self.inner.throttle.request_by(token.id, now_ms)?;
            return Ok(token.disabled_at.is_none().then(|| Actor::holder(Arc::clone(&holder), origin)));
        }
        if !is_known {
            self.inner.throttle.wrong_key(&origin, now_ms);
        }
        Err(Fault::Unauthenticated)
    }

    /// The holder of the token with this secret, whether it works or not.
    async fn holder_of(
        &self,
        realm: &str,
        secret: &str,
        origin: &Origin,
        now_ms: i64,
    ) -> Result<Option<Arc<Holder>>, Fault> {
        let key = (Box::from(realm), hash(secret));
        if let Some(holder) = self.inner.tokens.get(&key, now_ms) {
            return Ok(Some(holder));
        }
        self.inner.throttle.may_try_key(origin, now_ms)?;
        let Some(token) = self.inner.catalog.token(realm, &key.1).await? else { return Ok(None) };
        let Some(user) = self.inner.catalog.user(token.tenant_id, token.user_id).await? else { return Ok(None) };
        let holder = Arc::new(Holder::new(token, user));
        self.inner.tokens.holders.insert(key, (Arc::clone(&holder), now_ms));
        Ok(Some(holder))
    }

    /// Counts a call of the actor's token: what is limited before the call, what is not in memory, to be written down within a second.
    ///
    /// # Errors
    /// `Exhausted` when it was used as often as it may be.
    pub async fn count_call(&self, actor: &Actor) -> Result<(), Fault> {
        let Some(token) = actor.token() else { return Ok(()) };
        if token.call_limit.is_none() {
            self.inner.calls.add(token.id, 1);
            return Ok(());
        }
        if self.spend_token(token).await? { Ok(()) } else { Err(Fault::Exhausted) }
    }

    /// Takes a call back that came to nothing which counts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn uncount_call(&self, actor: &Actor) -> Result<(), Fault> {
        match actor.token() {
            Some(token) if token.call_limit.is_none() => self.inner.calls.add(token.id, -1),
            Some(token) => self.inner.catalog.add_token_calls(&[(token.id, -1)]).await?,
            None => {}
        }
        Ok(())
    }

    /// Writes down the calls that were counted in memory.
    pub(crate) async fn flush_calls(&self) -> Result<(), Fault> {
        let counted: Vec<_> = self.inner.calls.take().into_iter().filter(|(_, calls)| *calls != 0).collect();
        if counted.is_empty() {
            return Ok(());
        }
        let done = self.inner.catalog.add_token_calls(&counted).await;
        if done.is_err() {
            counted.into_iter().for_each(|(id, calls)| self.inner.calls.add(id, calls));
        }
        Ok(done?)
    }

    /// Switches a token off. On this node at once; on others within the age bound of memory.
    ///
    /// # Errors
    /// `Denied` for those who do not run the tenant, `NotFound` when there is no such token.
    pub async fn disable_token(&self, actor: &Actor, tenant_id: i64, token_id: i64) -> Result<(), Fault> {
        self.switch_token(actor, tenant_id, (token_id, true)).await
    }

    /// Switches a token on again.
    ///
    /// # Errors
    /// As for [`Self::disable_token`].
    pub async fn enable_token(&self, actor: &Actor, tenant_id: i64, token_id: i64) -> Result<(), Fault> {
        self.switch_token(actor, tenant_id, (token_id, false)).await
    }

    async fn switch_token(&self, actor: &Actor, tenant_id: i64, (id, disabled): (i64, bool)) -> Result<(), Fault> {
        actor.expect_manager(tenant_id)?;
        let done = self.inner.catalog.switch_token(tenant_id, id, disabled, &actor.stamp(self.now_ms())).await?;
        self.inner.tokens.forget_all();
        if done { Ok(()) } else { Err(Fault::NotFound(Noun::Token)) }
    }

    /// Makes a token; the secret is returned this once and kept only as a hash.
    ///
    /// # Errors
    /// `Denied` for those who do not run the tenant, `NotFound` when its user or folder is not there.
    pub async fn add_token(&self, actor: &Actor, wish: TokenWish) -> Result<(Token, String), Fault> {
        actor.expect_manager(wish.tenant_id)?;
        self.make_token(actor, wish).await
    }

    /// Makes another token for the person whose token the actor holds: it may no more than that one, and in no other folder.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a token; `Invalid` for a name that can not be one.
    pub async fn add_own_token(&self, actor: &Actor, name: &str, secret: String) -> Result<Token, Fault> {
        let own = actor.token().ok_or(Fault::Unauthenticated)?;
        let wish = TokenWish {
            tenant_id: own.tenant_id,
            user_id: own.user_id,
            realm: own.realm.clone(),
            kind: own.kind.clone(),
            name: name.to_owned(),
            prefix: String::new(),
            rights: actor.rights(),
            folder_id: own.folder_id,
            call_limit: None,
            secret: Some(secret),
            expires_at: own.expires_at,
        };
        Ok(self.make_token(actor, wish).await?.0)
    }

    /// The tokens of the same dialect that belong to the person whose token the actor holds and were not taken back, oldest first.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a token.
    pub async fn own_tokens(&self, actor: &Actor) -> Result<Vec<Token>, Fault> {
        let own = actor.token().ok_or(Fault::Unauthenticated)?;
        let mut found = self.inner.catalog.tokens(own.tenant_id, 0, 10_000).await?;
        found.retain(|token| token.user_id == own.user_id && token.realm == own.realm && token.revoked_at.is_none());
        Ok(found)
    }

    /// Takes back one of those: itself, or one that may no more than it.
    ///
    /// # Errors
    /// `NotFound` when it is none of them, `Denied` for one that may more.
    pub async fn revoke_own_token(&self, actor: &Actor, token_id: i64) -> Result<(), Fault> {
        let found = self.own_tokens(actor).await?;
        let token = found.iter().find(|token| token.id == token_id).ok_or(Fault::NotFound(Noun::Token))?;
        let rights = Rights::from_bits(token.rights);
        let may_more = rights.and(actor.rights()) != rights
            || actor.token().is_some_and(|own| own.folder_id.is_some() && own.folder_id != token.folder_id);
        if may_more && actor.token().is_none_or(|own| own.id != token_id) {
            return Err(Fault::Denied);
        }
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.revoke_token(token.tenant_id, token_id, &stamp).await?;
        self.inner.tokens.forget_all();
        if done { Ok(()) } else { Err(Fault::NotFound(Noun::Token)) }
    }

    async fn make_token(&self, actor: &Actor, wish: TokenWish) -> Result<(Token, String), Fault> {
        if self.inner.catalog.user(wish.tenant_id, wish.user_id).await?.is_none() {
            return Err(Fault::NotFound(Noun::User));
        }
        if let Some(folder_id) = wish.folder_id {
            let folder = self.inner.catalog.folder(wish.tenant_id, folder_id).await?;
            folder.filter(crate::Folder::lives).ok_or(Fault::NotFound(Noun::Folder))?;
        }
        let secret = wish.secret.unwrap_or_else(|| format!("{}{}", wish.prefix, chance::secret(43)));
        let token = NewToken {
            tenant_id: wish.tenant_id,
            user_id: wish.user_id,
            realm: wish.realm,
            kind: wish.kind,
            name: names::check(&wish.name)?,
            secret_hash: hash(&secret),
            rights: wish.rights.bits(),
            folder_id: wish.folder_id,
            call_limit: wish.call_limit,
            expires_at: wish.expires_at,
        };
        Ok((self.inner.catalog.add_token(&token, &actor.stamp(self.now_ms())).await?, secret))
    }

    /// A tenant's tokens, oldest first; never their secrets.
    ///
    /// # Errors
    /// `Denied` for those who do not run the tenant.
    pub async fn tokens(&self, actor: &Actor, tenant_id: i64) -> Result<Vec<Token>, Fault> {
        actor.expect_manager(tenant_id)?;
        Ok(self.inner.catalog.tokens(tenant_id, 0, 10_000).await?)
    }

    /// Takes a token back. On this node at once; on others within the age bound of memory.
    ///
    /// # Errors
    /// `NotFound` when there is none to take back.
    pub async fn revoke_token(&self, actor: &Actor, tenant_id: i64, token_id: i64) -> Result<(), Fault> {
        actor.expect_manager(tenant_id)?;
        let done = self.inner.catalog.revoke_token(tenant_id, token_id, &actor.stamp(self.now_ms())).await?;
        self.inner.tokens.forget_all();
        if done { Ok(()) } else { Err(Fault::NotFound(Noun::Token)) }
    }
}

/// A secret is 128 random bits at least, so one plain hash is enough, and looking the hash up compares no secrets.
fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
