//! Quotas: how much a tenant may keep. What counts is decided where rows are written; here it is asked before bytes come, so that nobody
//! sends for an hour what is refused then.

use moka::sync::Cache;
use store::quotas::{Quota, QuotaUse};

use crate::{Actor, Fault, Library, Limits, Noun};

/// So much of a request may be other than its files: what else a form holds, and how it is packed.
const PACKING_BYTES: u64 = 1024 * 1024;

/// Tenants that were found to have no quota, and when that was. Of the others each is looked up.
pub(crate) struct Memory {
    free: Cache<i64, i64>,
    max_age_ms: i64,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { free: Cache::new(10_000), max_age_ms: limits.max_memory_age_ms }
    }

    fn is_free(&self, tenant_id: i64, now_ms: i64) -> bool {
        let read_at = self.free.get(&tenant_id);
        read_at.is_some_and(|read_at| (0..self.max_age_ms).contains(&now_ms.saturating_sub(read_at)))
    }
}

/// What somebody is about to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A file more.
    File,
    /// Perhaps new bytes for one that is there.
    Bytes,
}

impl Library {
    /// Sets how much a tenant may keep from now on. What it keeps already stays, also where that is more.
    ///
    /// # Errors
    /// `NotFound`; `Denied` for all but the command line.
    pub async fn set_quota(&self, actor: &Actor, tenant_id: i64, quota: Quota) -> Result<(), Fault> {
        actor.expect_system()?;
        let done = self.inner.catalog.set_quota(tenant_id, quota, &actor.stamp(self.now_ms())).await;
        self.inner.quotas.free.invalidate(&tenant_id);
        Ok(done?)
    }

    /// What a tenant keeps, and what it may.
    ///
    /// # Errors
    /// `NotFound`; `Denied` for those who do not run it.
    pub async fn quota_use(&self, actor: &Actor, tenant_id: i64) -> Result<QuotaUse, Fault> {
        actor.expect_manager(tenant_id)?;
        self.inner.catalog.quota_use(tenant_id).await?.ok_or(Fault::NotFound(Noun::Tenant))
    }

    /// Whether there is room for what the actor's request says that it brings; where it does not say, for anything at all.
    ///
    /// # Errors
    /// `Quota`.
    pub async fn expect_room(&self, actor: &Actor) -> Result<(), Fault> {
        let Ok(tenant_id) = actor.tenant_id() else { return Ok(()) };
        self.room(actor, tenant_id, Sent::Bytes).await.map(|_| ())
    }

    /// How many bytes more a tenant may keep, if what the request says that it brings is not more.
    pub(crate) async fn room(&self, actor: &Actor, tenant_id: i64, sent: Sent) -> Result<u64, Fault> {
        let left = self.room_left(tenant_id, sent).await?;
        let announced = actor.origin().body_bytes.unwrap_or_default();
        if announced > left.saturating_add(PACKING_BYTES) { Err(Fault::Quota) } else { Ok(left) }
    }

    /// How many bytes more a tenant may keep: with all it has, and one file more or none.
    pub(crate) async fn room_left(&self, tenant_id: i64, sent: Sent) -> Result<u64, Fault> {
        let now_ms = self.now_ms();
        if self.inner.quotas.is_free(tenant_id, now_ms) {
            return Ok(u64::MAX);
        }
        let found = self.inner.catalog.quota_use(tenant_id).await?;
        let limited = found.filter(|found| found.quota != Quota::default());
        let Some(QuotaUse { quota, files, bytes }) = limited else {
            self.inner.quotas.free.insert(tenant_id, now_ms);
            return Ok(u64::MAX);
        };
        let is_full = quota.max_files.is_some_and(|most| files >= most);
        let left = quota.max_bytes.map_or(u64::MAX, |most| most.saturating_sub(bytes));
        if left == 0 || (is_full && sent == Sent::File) { Err(Fault::Quota) } else { Ok(left) }
    }
}
