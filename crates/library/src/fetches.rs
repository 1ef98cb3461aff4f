//! Fetches: files that somebody named the address of. Each is tried by a job for some hours; what became of it can be asked.

use std::time::Duration;

use content::MediaType;
use store::{
    blobs::StageError,
    fetches::{Fetch, FetchOutcome, FetchState, NewFetch},
};

use crate::{Actor, Fault, Invalid, Library, Right, names, quotas::Sent, uploads::store_fault};

/// How long one attempt may take, whatever it is cut into.
const TIMEOUT: Duration = Duration::from_secs(8 * 60);
/// For how long no byte may come before another connection is made.
const IDLE: Duration = Duration::from_secs(20);
const LIST: i64 = 1_000;

impl Library {
    /// Has a file fetched that becomes a version of an entry which the actor may change.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` for an address that is none or leads nowhere near the public, and for a name that can not be
    /// one; `Quota` when there is no room for anything.
    pub async fn fetch_asset(&self, actor: &Actor, asset_id: i64, url: &str, file_name: &str) -> Result<Fetch, Fault> {
        let asset = self.entry_to_change(actor, asset_id).await?;
        let file_name = names::check(file_name)?;
        if url.contains('\0') || self.check_call_address(url).is_err() {
            return Err(Fault::Invalid(Invalid::Address));
        }
        self.gate(actor, (asset.tenant_id, asset.folder.id)).await?.expect_name(&file_name, None)?;
        self.room_left(asset.tenant_id, Sent::Bytes).await?;
        let new = NewFetch {
            tenant_id: asset.tenant_id,
            asset_id,
            url: url.to_owned(),
            file_name,
            created_by: self.author(actor, asset.tenant_id).await?,
        };
        let fetch = self.inner.catalog.add_fetch(&new, self.now_ms()).await?;
        self.inner.fetching.notify_one();
        Ok(fetch)
    }

    /// What was fetched for an entry that the actor may see, or is to be; the latest first.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn asset_fetches(&self, actor: &Actor, asset_id: i64) -> Result<Vec<Fetch>, Fault> {
        self.expect_entry(actor, asset_id, Right::Read).await?;
        Ok(self.inner.catalog.asset_fetches(asset_id, LIST).await?)
    }

    /// One attempt. What can not succeed is given up at once; an error has it tried again.
    pub(crate) async fn run_fetch(&self, actor: &Actor, id: i64) -> Result<(), Fault> {
        let Some(fetch) = self.inner.catalog.fetch(id).await? else { return Ok(()) };
        if fetch.state != FetchState::Waiting {
            return Ok(());
        }
        let outcome = self.attempt_fetch(actor, &fetch).await;
        let (state, version_id, error) = match &outcome {
            Ok(version_id) => (FetchState::Done, Some(*version_id), None),
            Err(Attempt { error, again: false }) => (FetchState::Failed, None, Some(error.as_str())),
            Err(Attempt { error, again: true }) => (FetchState::Waiting, None, Some(error.as_str())),
        };
        let noted = FetchOutcome { state, tried: true, error, version_id };
        if !self.inner.catalog.note_fetch(id, noted, self.now_ms()).await? {
            // Gone with its entry.
            return Ok(());
        }
        match outcome {
            Err(Attempt { error, again: true }) => {
                tracing::info!(fetch = id, %error, "a file is not fetched yet");
                Err(Fault::Unavailable("the other side"))
            }
            Err(Attempt { error, .. }) => {
                tracing::warn!(fetch = id, %error, "a file can not be fetched");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    async fn attempt_fetch(&self, actor: &Actor, fetch: &Fetch) -> Result<i64, Attempt> {
        let max_bytes = self.inner.limits.max_upload_bytes;
        let wish = outbound::Fetch { url: fetch.url.clone(), max_bytes, timeout: TIMEOUT, idle: IDLE };
        let fetched = self.inner.outbound.fetch(wish).await.map_err(|failure| Attempt::of(&failure))?;
        let declared = fetched.media_type.as_deref().and_then(MediaType::parse);
        let received = self.receive_fetched(fetch.tenant_id, fetched.body).await?;
        // It may be in the trash and come back. Gone for good, it takes this along.
        let missing = || Attempt { error: "the entry is not there".to_owned(), again: true };
        let failed = |fault: Fault| Attempt::later(&fault);
        let asset = self.inner.catalog.asset(fetch.asset_id).await.map_err(|error| failed(error.into()))?;
        let asset = asset.ok_or_else(missing)?;
        let filled = self.fill(actor, (&asset, fetch.created_by), received, (&fetch.file_name, declared));
        filled.await.map_err(|fault| match fault {
            Fault::NotFound(_) => missing(),
            fault => Attempt::of_fault(&fault),
        })
    }

    /// Notes that a fetch was tried for the last time.
    pub(crate) async fn give_up_fetch(&self, id: i64) -> Result<(), Fault> {
        let last = self.inner.catalog.fetch(id).await?.and_then(|fetch| fetch.last_error);
        let outcome =
            FetchOutcome { state: FetchState::Failed, tried: false, error: last.as_deref(), version_id: None };
        self.inner.catalog.note_fetch(id, outcome, self.now_ms()).await?;
        Ok(())
    }
}

/// Why an attempt came to nothing, and whether another may come to something.
pub(crate) struct Attempt {
    pub(crate) error: String,
    pub(crate) again: bool,
}

impl Attempt {
    /// What is out of order with us, and may not be another time.
    pub(crate) fn later(fault: &Fault) -> Self {
        Self { error: fault.to_string(), again: true }
    }

    /// Why bytes that came are not kept. The same would be refused again, and where there is no room, somebody has to make some first.
    pub(crate) fn of_fault(fault: &Fault) -> Self {
        Self { error: fault.to_string(), again: !matches!(fault, Fault::Unsupported | Fault::Quota) }
    }

    pub(crate) fn of(failure: &outbound::Failure) -> Self {
        Self { error: failure.to_string(), again: matches!(failure, outbound::Failure::Later(_)) }
    }

    /// Bytes that were not taken in: because they are too many, broke off for good, or there is no room for them now.
    pub(crate) fn of_stage(error: StageError) -> Self {
        match error {
            StageError::TooLarge { max } => Self { error: format!("larger than {max} bytes"), again: false },
            StageError::Interrupted(error) => match outbound::Failure::within(&error) {
                Some(failure) => Self::of(failure),
                None => Self { error: error.to_string(), again: true },
            },
            StageError::Full => Self { error: "no room is left".to_owned(), again: true },
            StageError::Store(error) => Self { error: store_fault(error).to_string(), again: true },
        }
    }
}
