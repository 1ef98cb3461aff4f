//! The keys of tenants, unwrapped and at hand. They are in memory for as long as the process lives, and nowhere else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use futures_util::{FutureExt as _, future::BoxFuture};
use seal::{Fingerprint, MasterKey, TenantKey, WrapError};

use super::{Encryption, WrappedKey};
use crate::{
    Catalog, Error,
    blobs::{KeyError, Keyring},
};

/// Why a tenant's key is not at hand.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// There is no master key to wrap with.
    #[error("no master key is set")]
    NotSet,
    /// There is no master key, and there are keys that one has wrapped.
    #[error("{keys} tenants' keys are wrapped by a master key, and none is set")]
    NoMasterKey {
        /// How many, at least.
        keys: usize,
    },
    /// It is wrapped by a master key that is not among those that are set.
    #[error("key {key_id} of tenant {tenant_id} is wrapped by master key {wrapped_by}, which is not set")]
    OtherMasterKey {
        /// Whose.
        tenant_id: i64,
        /// Which.
        key_id: i64,
        /// The fingerprint of the master key that would unwrap it.
        wrapped_by: Fingerprint,
    },
    /// Another key than the one that is there and can be unwrapped.
    #[error("key {key_id} of tenant {tenant_id} is there and can be unwrapped, and it is another one")]
    Another {
        /// Whose.
        tenant_id: i64,
        /// Which.
        key_id: i64,
    },
    /// What is kept of a key is not what was.
    #[error("key {key_id} of tenant {tenant_id} can not be unwrapped")]
    Wrapping {
        /// Whose.
        tenant_id: i64,
        /// Which.
        key_id: i64,
        /// Why.
        source: WrapError,
    },
    /// The database refused.
    #[error(transparent)]
    Database(#[from] Error),
}

/// All keys that master keys unwrap.
#[derive(Clone)]
pub struct KeyRing {
    catalog: Catalog,
    /// The first wraps; all unwrap.
    masters: Arc<[MasterKey]>,
    known: Arc<Mutex<HashMap<i64, TenantKey>>>,
}

impl KeyRing {
    /// A ring for the keys in a catalog. The first master key wraps new ones; each unwraps.
    #[must_use]
    pub fn new(catalog: Catalog, masters: Vec<MasterKey>) -> Self {
        Self { catalog, masters: masters.into(), known: Arc::default() }
    }

    /// The fingerprint of the master key that wraps, if there is one.
    #[must_use]
    pub fn master(&self) -> Option<Fingerprint> {
        self.masters.first().map(MasterKey::fingerprint)
    }

    /// Unwraps all keys there are; so a missing or wrong master key is told before anything is served.
    ///
    /// # Errors
    /// For the first that can not be.
    pub async fn check(&self) -> Result<(), RingError> {
        let mut after = 0;
        loop {
            let page = self.catalog.tenant_keys(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            if self.masters.is_empty() {
                return Err(RingError::NoMasterKey { keys: page.len() });
            }
            for key in &page {
                // And at hand from then on: others may wrap them anew meanwhile.
                let unwrapped = self.unwrap(key)?;
                self.lock().insert(key.id, unwrapped);
            }
        }
    }

    /// The key with this id; `None` where there is none.
    ///
    /// # Errors
    /// When it can not be unwrapped, or the database refuses.
    pub async fn key(&self, id: i64) -> Result<Option<TenantKey>, RingError> {
        if let Some(known) = self.lock().get(&id) {
            return Ok(Some(known.clone()));
        }
        let Some(wrapped) = self.catalog.tenant_key(id).await? else { return Ok(None) };
        let key = self.unwrap(&wrapped)?;
        self.lock().insert(id, key.clone());
        Ok(Some(key))
    }

    /// The newest key of a tenant, whether its files are sealed or not.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub async fn newest(&self, tenant_id: i64) -> Result<Option<TenantKey>, RingError> {
        let state = self.catalog.encryption(tenant_id).await?;
        match state.and_then(|state| state.key_id) {
            Some(id) => self.key(id).await,
            None => Ok(None),
        }
    }

    /// What a tenant's new files are to be sealed with; `None` where they are not.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub async fn sealing(&self, tenant_id: i64) -> Result<Option<TenantKey>, RingError> {
        self.sealing_by(self.catalog.encryption(tenant_id).await?).await
    }

    /// The same for what is made of a blob.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub async fn sealing_of_blob(&self, blob_id: i64) -> Result<Option<TenantKey>, RingError> {
        self.sealing_by(self.catalog.encryption_of_blob(blob_id).await?).await
    }

    async fn sealing_by(&self, state: Option<Encryption>) -> Result<Option<TenantKey>, RingError> {
        match state {
            Some(Encryption { on: true, key_id: Some(id), .. }) => self.key(id).await,
            Some(Encryption { on: true, key_id: None, .. }) => {
                Err(Error::Corrupt("a tenant is sealed and has no key".to_owned()).into())
            }
            _ => Ok(None),
        }
    }

    /// Makes a key of this id for a tenant, wrapped.
    ///
    /// # Errors
    /// [`RingError::NotSet`].
    pub fn wrapper(&self, tenant_id: i64) -> Result<impl FnOnce(i64) -> Vec<u8> + use<>, RingError> {
        let master = self.masters.first().cloned().ok_or(RingError::NotSet)?;
        Ok(move |id| master.wrap(tenant_id, &TenantKey::generate(id)))
    }

    /// Wraps all keys by the first master key that are wrapped by another; how many those were. May be repeated.
    ///
    /// # Errors
    /// For the first that can not be; those before are done.
    pub async fn rotate(&self) -> Result<u64, RingError> {
        let master = self.masters.first().ok_or(RingError::NotSet)?;
        let (mut rotated, mut after) = (0, 0);
        loop {
            let page = self.catalog.tenant_keys(after).await?;
            let Some(last) = page.last() else { return Ok(rotated) };
            after = last.id;
            for kept in &page {
                if Fingerprint::of_wrapped(&kept.wrapped).is_ok_and(|by| by == master.fingerprint()) {
                    continue;
                }
                let key = self.unwrap(kept)?;
                let wrapped = master.wrap(kept.tenant_id, &key);
                rotated += u64::from(self.catalog.rewrap_tenant_key(kept, &wrapped).await?);
            }
        }
    }

    /// Keeps a tenant's key that was exported, wrapped by the first master key, in the place of one that nobody can unwrap any more. False
    /// when the tenant has no key of that id, or it is there.
    ///
    /// # Errors
    /// [`RingError::NotSet`]; [`RingError::Another`]; when the database refuses.
    pub async fn restore(&self, tenant_id: i64, key: &TenantKey) -> Result<bool, RingError> {
        let master = self.masters.first().ok_or(RingError::NotSet)?;
        let kept = self.catalog.tenant_key(key.id()).await?.filter(|kept| kept.tenant_id == tenant_id);
        let Some(kept) = kept else { return Ok(false) };
        match self.unwrap(&kept) {
            Ok(there) if there.reveal() == key.reveal() => return Ok(false),
            Ok(_) => return Err(RingError::Another { tenant_id, key_id: key.id() }),
            Err(_) => {}
        }
        let wrapped = master.wrap(tenant_id, key);
        Ok(self.catalog.rewrap_tenant_key(&kept, &wrapped).await?)
    }

    fn unwrap(&self, kept: &WrappedKey) -> Result<TenantKey, RingError> {
        let &WrappedKey { id: key_id, tenant_id, ref wrapped } = kept;
        let told = |source| RingError::Wrapping { tenant_id, key_id, source };
        if self.masters.is_empty() {
            return Err(RingError::NoMasterKey { keys: 1 });
        }
        let wrapped_by = Fingerprint::of_wrapped(wrapped).map_err(told)?;
        let master = self.masters.iter().find(|master| master.fingerprint() == wrapped_by);
        let master = master.ok_or(RingError::OtherMasterKey { tenant_id, key_id, wrapped_by })?;
        master.unwrap(tenant_id, key_id, wrapped).map_err(told)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, TenantKey>> {
        self.known.lock().expect("nothing panics under this lock")
    }
}

impl Keyring for KeyRing {
    fn key(&self, id: i64) -> BoxFuture<'_, Result<Option<TenantKey>, KeyError>> {
        async move { Self::key(self, id).await.map_err(KeyError::from) }.boxed()
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing(master key {:?})", self.master())
    }
}
