//! What a watcher of a server asks of its library: how much there is to do, how much room is left, what is out of order. Each from memory
//! or from an index, and bounded.

use std::time::Duration;

use media::Load;
use store::{PoolUse, blobs::Space, jobs::JobState, measures::JobCount, renditions::RenditionSum};

use crate::{Actor, Fault, Library};

/// A database that takes longer for this does not answer, as far as a watcher is concerned.
const PATIENCE: Duration = Duration::from_secs(3);

/// What there is at one moment.
#[derive(Debug, Clone)]
pub struct Measures {
    /// What the rows say; none: the database does not answer.
    pub rows: Option<Rows>,
    /// The connections to the database.
    pub pool: PoolUse,
    /// The room of the file system that the bytes lie in, where it is one and can be reached.
    pub space: Option<Space>,
    /// Those who draw images.
    pub renderer: Load,
    /// How many of them were lost in the middle of a job since the start.
    pub lost_workers: u64,
    /// Those who read films and sounds.
    pub videos: Load,
}

/// What the rows say.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Jobs by state.
    pub jobs: Vec<(JobState, Vec<JobCount>)>,
    /// Jobs that could run and do not yet.
    pub due: Vec<JobCount>,
    /// What was drawn and is kept.
    pub renditions: RenditionSum,
    /// Files of all tenants in which something was found.
    pub infected: u64,
    /// Lines of the audit without a place in the chain.
    pub unchained: u64,
}

impl Library {
    /// How it is.
    ///
    /// # Errors
    /// `Denied` for all but the system itself.
    pub async fn measures(&self, actor: &Actor) -> Result<Measures, Fault> {
        actor.expect_system()?;
        let rows = tokio::time::timeout(PATIENCE, self.rows()).await;
        let rows = rows.map_err(|_| store::Error::Commit("it takes too long".to_owned())).flatten();
        let rows = rows.inspect_err(|error| tracing::warn!(%error, "the database does not tell how it is")).ok();
        let space = self.inner.blobs.space().await;
        Ok(Measures {
            rows,
            pool: self.inner.catalog.pool_use(),
            space: space.inspect_err(|error| tracing::warn!(%error, "the store does not tell its room")).ok().flatten(),
            renderer: self.inner.renderer.load(),
            lost_workers: self.inner.renderer.lost_workers(),
            videos: self.inner.videos.load(),
        })
    }

    async fn rows(&self) -> store::Result<Rows> {
        let catalog = &self.inner.catalog;
        let mut jobs = Vec::with_capacity(3);
        for state in [JobState::Waiting, JobState::Running, JobState::Failed] {
            jobs.push((state, catalog.count_jobs(state).await?));
        }
        Ok(Rows {
            jobs,
            due: catalog.count_due_jobs(self.now_ms()).await?,
            renditions: catalog.rendition_sum().await?,
            infected: catalog.count_infected().await?,
            unchained: catalog.count_unchained_audit().await?,
        })
    }
}
