//! Signing in: people with their passwords, and keys that act for somebody for a while. What a session looks like on the wire is
//! the dialect's business; here it comes to a token's id and a person's.

use std::{sync::Arc, time::Duration};

use argon2::{Argon2, PasswordHash, PasswordVerifier};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{Actor, Fault, Library, Origin, Rights, Token, User, actor::Holder, throttle::Account};

/// So many passwords are checked at a time: each takes 19 MiB and a core, and nobody has to be known to have one checked.
static CHECKING: Semaphore = Semaphore::const_new(4);
/// The longest that anybody waits for that.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Nobody's password: who is not there takes as long to refuse as who is.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$OtOB8Xg4GjDMyVXQ5t1B0fSzJIm0oT1dHk5Z0Bvjgk8";

impl Library {
    /// The person of a tenant with this address and password. `actor` is who says so.
    ///
    /// # Errors
    /// `Unauthenticated` when there is nobody, the password is another, or they are shut out: nobody is told which. `Throttled` after too
    /// many of these from there or for this person, `Busy` when too many others sign in.
    pub async fn sign_in(&self, actor: &Actor, tenant_id: i64, email: &str, password: &str) -> Result<User, Fault> {
        // PostgreSQL takes no text with a NUL, not even to look for it; nobody has an address with one.
        let email = email.trim().to_lowercase().replace('\0', "\u{fffd}");
        let guess = self.guess_at(actor, Account::Person(tenant_id, Sha256::digest(&email).into()))?;
        guess.settle(self.person_of(tenant_id, &email, password).await)
    }

    async fn person_of(&self, tenant_id: i64, email: &str, password: &str) -> Result<User, Fault> {
        let found = self.inner.catalog.user_to_sign_in(tenant_id, email).await?;
        let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), hash));
        let matches = is_password(hash.unwrap_or_else(|| NOBODY.to_owned()), password).await?;
        user.filter(|user| matches && user.disabled_at.is_none()).ok_or(Fault::Unauthenticated)
    }

    /// The actor that a secret makes, where tokens are given out for it: wrong ones count as guesses.
    ///
    /// # Errors
    /// As for [`Self::authenticate`]; `Throttled` earlier.
    pub async fn sign_in_by_key(&self, realm: &str, secret: &str, origin: &Origin) -> Result<Actor, Fault> {
        let guess = self.inner.throttle.guess(origin, None, self.now_ms())?;
        guess.settle(self.authenticate(realm, secret, origin.clone()).await)
    }

    /// The token with this secret, if it works.
    ///
    /// # Errors
    /// As for [`Self::sign_in_by_key`].
    pub async fn token_of(&self, realm: &str, secret: &str, origin: &Origin) -> Result<Token, Fault> {
        let actor = self.sign_in_by_key(realm, secret, origin).await?;
        actor.token().cloned().ok_or(Fault::Unauthenticated)
    }

    /// Uses a token up that works so many times; false when it was used as often as it may be.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn spend_token(&self, token: &Token) -> Result<bool, Fault> {
        Ok(self.inner.catalog.spend_token_call(token.id, self.now_ms()).await?)
    }

    /// Whether somebody who was given a session by a token can not act by it because they were shut out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_shut_out(&self, realm: &str, token_id: i64, user_id: i64) -> Result<bool, Fault> {
        let Some(token) = self.inner.catalog.token_by_id(realm, token_id).await? else { return Ok(false) };
        let user = self.inner.catalog.user(token.tenant_id, user_id).await?;
        Ok(user.is_some_and(|user| user.disabled_at.is_some()))
    }

    /// Somebody who acts by a token without its secret, because they were given a session by it: as its own user, or as another
    /// person of its tenant, with the rights of their role and not more than the token's.
    ///
    /// # Errors
    /// `Unauthenticated` when the token was taken back or is over, or the person is shut out; `Throttled` after too many requests by it.
    pub async fn act_by(&self, realm: &str, token_id: i64, user_id: i64, origin: Origin) -> Result<Actor, Fault> {
        let now_ms = self.now_ms();
        let holder = match self.inner.tokens.session((token_id, user_id), now_ms) {
            Some(holder) => holder,
            None => {
                let token = self.inner.catalog.token_by_id(realm, token_id).await?.ok_or(Fault::Unauthenticated)?;
                let user = self.inner.catalog.user(token.tenant_id, user_id).await?.ok_or(Fault::Unauthenticated)?;
                let is_own = token.user_id == user.id;
                let mut holder = Holder::new(token, user);
                if !is_own {
                    holder.rights = holder.rights.and(rights_of_role(&holder.user.role));
                }
                let holder = Arc::new(holder);
                self.inner.tokens.remember_session((token_id, user_id), &holder, now_ms);
                holder
            }
        };
        let token = &holder.token;
        let over = token.revoked_at.is_some()
            || token.disabled_at.is_some()
            || token.expires_at.is_some_and(|at| at <= now_ms);
        if token.realm != realm || over || holder.user.disabled_at.is_some() {
            return Err(Fault::Unauthenticated);
        }
        self.inner.throttle.request_by(token.id, now_ms)?;
        Ok(Actor::holder(holder, origin))
    }
}

/// Whether a password is the one that was hashed.
pub(crate) async fn is_password(hash: String, password: &str) -> Result<bool, Fault> {
    let password = password.to_owned();
    let turn = tokio::time::timeout(MAX_WAIT, CHECKING.acquire()).await.map_err(|_| Fault::Busy)?;
    let turn = turn.expect("it is never closed");
    // Slow and hungry by design, so never on the async threads.
    let checked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let hash = PasswordHash::new(&hash).ok()?;
        Argon2::default().verify_password(password.as_bytes(), &hash).ok()
    });
    Ok(checked.await.map_err(Fault::internal)?.is_some())
}

/// What people may do who sign in.
fn rights_of_role(role: &str) -> Rights {
    match role {
        "admin" => Rights::ALL,
        "editor" => Rights::CHANGE,
        _ => Rights::READ,
    }
}
