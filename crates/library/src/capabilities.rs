//! Signatures: what makes a URL or a session something that only this server can have given out, without a row for each. One
//! set of keys serves all nodes; each use has a key of its own, made of those, so that nothing signed for one passes for another.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::signing_keys::SigningKey;

use crate::{Actor, Fault, Invalid, Library, Noun, chance};

/// For how long keys are not read again, in milliseconds: another node may have made the first at the same time.
const KEYS_AGE_MS: i64 = 60 * 1_000;

/// A new key is believed by all nodes, which have read it by then, before any signs with it; in milliseconds.
const RIPE_AFTER_MS: i64 = 2 * KEYS_AGE_MS;

/// One of the keys, as it may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningKeyInfo {
    /// Its id.
    pub id: i64,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// Whether it is the one that signs now.
    pub signs: bool,
    /// Since when nothing is believed any more that it has signed.
    pub retired_at: Option<i64>,
}

/// The keys, and when they were read.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Option<(Arc<[SigningKey]>, i64)>>);

impl Library {
    /// The keys for one use: the first signs, all are believed. For dialects whose own form of signature is
    /// not ours; each takes the name of its realm for the use.
    ///
    /// # Errors
    /// When the keys can not be read.
    pub async fn keys_for(&self, purpose: &str) -> Result<Vec<[u8; 32]>, Fault> {
        let keys = self.signing_keys().await?;
        Ok(keys.iter().filter(|key| key.retired_at.is_none()).map(|key| mac(&key.secret, purpose)).collect())
    }

    /// A signature of a text, 43 characters of `A-Za-z0-9_-`. Each use has a name of its own; a dialect's begins with its realm.
    ///
    /// # Errors
    /// When the keys can not be read.
    pub async fn sign(&self, purpose: &str, text: &str) -> Result<String, Fault> {
        let keys = self.keys_for(purpose).await?;
        let key = keys.first().ok_or(Fault::Unavailable("database"))?;
        Ok(URL_SAFE_NO_PAD.encode(mac(key, text)))
    }

    /// Whether a text was signed here for this use.
    ///
    /// # Errors
    /// As for [`Library::sign`].
    pub async fn is_signed(&self, purpose: &str, text: &str, signature: &str) -> Result<bool, Fault> {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Ok(false) };
        let keys = self.keys_for(purpose).await?;
        // In constant time for each key, of which there are few.
        Ok(keys.iter().any(|key| hasher(key, text).verify_slice(&signature).is_ok()))
    }

    /// A secret for one use that never changes, 64 hexadecimal digits: to be told to those who are to check what we sign for them.
    ///
    /// # Errors
    /// When the keys can not be read.
    pub async fn lasting_secret(&self, purpose: &str) -> Result<String, Fault> {
        Ok(hex::encode(self.lasting_key(purpose).await?))
    }

    /// The key that is there longest: codes and what was told to others are made with it, so it goes on doing that when it is given up.
    pub(crate) async fn lasting_key(&self, purpose: &str) -> Result<[u8; 32], Fault> {
        let keys = self.signing_keys().await?;
        let oldest = keys.iter().min_by_key(|key| key.id).ok_or(Fault::Unavailable("database"))?;
        Ok(mac(&oldest.secret, purpose))
    }

    /// The keys that sign, newest first.
    ///
    /// # Errors
    /// `Denied` for all but the command line.
    pub async fn show_signing_keys(&self, actor: &Actor) -> Result<Vec<SigningKeyInfo>, Fault> {
        actor.expect_system()?;
        let keys = self.signing_keys().await?;
        let mut infos: Vec<_> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| SigningKeyInfo {
                id: key.id,
                created_at: key.created_at,
                signs: at == 0,
                retired_at: key.retired_at,
            })
            .collect();
        infos.sort_unstable_by_key(|info| std::cmp::Reverse(info.id));
        Ok(infos)
    }

    /// Adds a key, which signs as soon as all nodes believe it. What others have signed goes on working.
    ///
    /// # Errors
    /// `Denied` for all but the command line.
    pub async fn add_signing_key(&self, actor: &Actor) -> Result<i64, Fault> {
        actor.expect_system()?;
        // The first is made when there is none: then this is the second, and not the one that lasts.
        self.signing_keys().await?;
        let id = self.inner.catalog.add_signing_key(chance::secret(43).as_bytes(), self.now_ms()).await?;
        self.forget_keys();
        Ok(id)
    }

    /// Gives a key up: what it has signed is not believed any more, by other nodes within a minute.
    ///
    /// # Errors
    /// `Denied` for all but the command line; `NotFound` when there is none, `Invalid` for the one that signs.
    pub async fn retire_signing_key(&self, actor: &Actor, id: i64) -> Result<(), Fault> {
        let known = self.show_signing_keys(actor).await?;
        match known.iter().find(|key| key.id == id) {
            None => return Err(Fault::NotFound(Noun::Token)),
            Some(key) if key.signs => return Err(Fault::Invalid(Invalid::Other("another key has to sign first"))),
            Some(_) => {}
        }
        let retired = self.inner.catalog.retire_signing_key(id, self.now_ms()).await?;
        self.forget_keys();
        if retired { Ok(()) } else { Err(Fault::NotFound(Noun::Token)) }
    }

    fn forget_keys(&self) {
        *self.inner.keys.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// All keys, the one that signs first.
    async fn signing_keys(&self) -> Result<Arc<[SigningKey]>, Fault> {
        let now_ms = self.now_ms();
        // Nothing can go wrong half-way, so a poisoned lock guards what is in order.
        let known = self.inner.keys.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((keys, read_at)) = known
            && (0..KEYS_AGE_MS).contains(&now_ms.saturating_sub(read_at))
        {
            return Ok(keys);
        }
        let first = chance::secret(43);
        let mut keys = self.inner.catalog.signing_keys(first.as_bytes(), now_ms).await?;
        // The newest that all nodes know by now; where there is none, the oldest, which they have known longest.
        let is_ripe = |key: &SigningKey| key.created_at <= now_ms - RIPE_AFTER_MS;
        let signs = keys.iter().position(|key| key.retired_at.is_none() && is_ripe(key));
        let signs = signs.or_else(|| keys.iter().rposition(|key| key.retired_at.is_none()));
        if let Some(signs) = signs {
            keys[..=signs].rotate_right(1);
        }
        let keys: Arc<[SigningKey]> = keys.into();
        *self.inner.keys.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&keys), now_ms));
        Ok(keys)
    }
}

fn hasher(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut hasher = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    hasher.update(text.as_bytes());
    hasher
}

/// The HMAC-SHA-256 of a text.
#[must_use]
pub fn mac(key: &[u8], text: &str) -> [u8; 32] {
    hasher(key, text).finalize().into_bytes().into()
}
