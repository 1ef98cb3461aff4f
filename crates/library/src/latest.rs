//! A tenant's latest files, of some kinds or of all, page by page.

use content::Family;
use store::assets::Picture;

use crate::{Actor, Asset, Fault, Invalid, Library, Right, Search};

/// Which files, and which page of them.
#[derive(Debug, Clone, Default)]
pub struct Latest {
    /// Of these kinds; none: of all. A font is as good as any other file.
    pub families: Vec<Family>,
    /// Only those whose picture is there, or of which there is none to be had.
    pub settled: bool,
    /// How many pages to pass over.
    pub page: u64,
    /// How many files at most.
    pub limit: usize,
}

/// No further page is gone to: each is passed over.
const MAX_PASSED_OVER: u64 = 10_000;
const AT_ONCE: i64 = 250;

/// Files of one kind, the newest first, as far as they were read.
struct Run {
    family: Family,
    before: Option<i64>,
    read: std::vec::IntoIter<Asset>,
}

impl Library {
    /// The latest files, the newest first.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key; `Invalid` for a page too far behind.
    pub async fn latest(&self, actor: &Actor, latest: &Latest) -> Result<Vec<Asset>, Fault> {
        if latest.families.is_empty() && !latest.settled {
            let search = Search { page: latest.page, limit: latest.limit, ..Search::default() };
            return Ok(self.search(actor, &search).await?.assets);
        }
        let tenant_id = actor.tenant_id()?;
        let mut pass_over = latest.page.saturating_mul(latest.limit as u64);
        if pass_over > MAX_PASSED_OVER {
            return Err(Fault::Invalid(Invalid::Page));
        }
        const ALL: [Family; 4] = [Family::Image, Family::Video, Family::Audio, Family::Other];
        let families = if latest.families.is_empty() { &ALL[..] } else { &latest.families };
        let run = |family: &Family| Run { family: *family, before: Some(i64::MAX), read: Vec::new().into_iter() };
        let mut runs: Vec<Run> = families.iter().map(run).collect();
        // Of a first page, what is left over is read for nothing.
        let at_once = i64::try_from(pass_over + latest.limit as u64).unwrap_or(AT_ONCE).clamp(1, AT_ONCE);
        let mut found = Vec::new();
        while found.len() < latest.limit {
            let Some(asset) = self.next_of(tenant_id, &mut runs, at_once).await? else { break };
            let version = asset.version.as_ref();
            let is_settled = version.is_some_and(|version| version.picture != Picture::Waiting);
            let is_wanted = !latest.settled || is_settled;
            if !is_wanted || self.is_over(&asset) || self.expect_with(actor, Right::Read, &asset).await.is_err() {
                continue;
            }
            if pass_over > 0 {
                pass_over -= 1;
            } else {
                found.push(asset);
            }
        }
        Ok(found)
    }

    /// The newest of what is left.
    async fn next_of(&self, tenant_id: i64, runs: &mut [Run], at_once: i64) -> Result<Option<Asset>, Fault> {
        for run in runs.iter_mut() {
            if let (true, Some(before)) = (run.read.as_slice().is_empty(), run.before) {
                let page = self.inner.catalog.latest_assets(tenant_id, run.family, before, at_once).await?;
                run.before = page.last().map(|last| last.id);
                run.read = page.into_iter();
            }
        }
        let newest = runs.iter_mut().max_by_key(|run| run.read.as_slice().first().map(|asset| asset.id));
        Ok(newest.and_then(|run| run.read.next()))
    }
}
