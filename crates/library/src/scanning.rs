//! Scanning: every file that comes in is looked at by a job, where there is a scanner. What is infected is out of reach at once, for
//! everybody, until somebody who runs the tenant lets it out. What could not be looked at is never called clean.

use content::{ByteRange, MediaType};
use store::{
    assets::Premise,
    jobs::NewJob,
    scans::{Concerned, Quarantined, Verdict},
};

use crate::{
    Actor, Asset, Fault, Library, Noun, Scan, Scanner, Stamp, Version, Work, renditions::tells_something, slugs,
};

/// Rows are read, and scans queued, this many at a time.
const PAGE: i64 = 200;
/// So long a rescan waits for what is queued, in milliseconds.
const REST_MS: i64 = 5_000;
/// So often files are looked for that have the bytes, and were not there a moment ago.
const MAX_PASSES: u32 = 8;

/// What a scanner may still let out.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScanPolicy {
    /// Links and those without a key get what was not looked at yet.
    pub queued_is_public: bool,
    /// They get what could not be looked at: too large, or the scanner failed.
    pub unscanned_is_public: bool,
}

impl Library {
    /// What a file is at first: to be scanned where there is a scanner.
    pub(crate) fn first_scan(&self) -> Scan {
        if self.inner.scanner.is_some() { Scan::Queued } else { Scan::Unscanned }
    }

    /// Whether there is a scanner.
    #[must_use]
    pub fn scans(&self) -> bool {
        self.inner.scanner.is_some()
    }

    /// Whether the scan lets bytes out to anybody that are not a file's current ones: what is said of that one is about those.
    pub(crate) async fn gives_old(&self, version: &Version) -> Result<bool, Fault> {
        let verdict = self.inner.catalog.verdict(version.sha256()).await?;
        let (scans, policy) = (self.scans(), &self.inner.scan_policy);
        Ok(match verdict.map(|verdict| verdict.scan) {
            Some(Scan::Infected) => false,
            Some(Scan::Clean) => true,
            Some(_) => !scans || policy.unscanned_is_public,
            None => !scans || policy.queued_is_public,
        })
    }

    /// What follows on new bytes of this type.
    pub(crate) fn first_jobs(&self, media_type: &MediaType) -> Vec<NewJob> {
        let scan = self.inner.scanner.as_ref().map(|_| NewJob::Scan);
        scan.into_iter().chain(tells_something(media_type).then_some(NewJob::Preview)).collect()
    }

    /// Whether the scan lets a file's bytes out to this actor.
    pub(crate) fn expect_safe(&self, actor: &Actor, asset: &Asset) -> Result<(), Fault> {
        let policy = &self.inner.scan_policy;
        let is_kept_back = match asset.scan {
            Scan::Infected => return Err(Fault::Quarantined),
            // Those without a key get what was looked at, or what nobody is going to look at.
            Scan::Queued => self.scans() && !policy.queued_is_public,
            Scan::Unscanned => self.scans() && !policy.unscanned_is_public,
            Scan::Clean => false,
        };
        if is_kept_back && actor.is_outsider() { Err(Fault::Unauthenticated) } else { Ok(()) }
    }

    /// Has the bytes of a file scanned, its old versions too, unless that was done by the same signatures, and sets what comes of it with
    /// all files that have them. An error has it tried again.
    pub(crate) async fn scan_asset(&self, asset_id: i64) -> Result<(), Fault> {
        let Some(scanner) = &self.inner.scanner else { return Ok(()) };
        let catalog = &self.inner.catalog;
        let Some(asset) = catalog.asset(asset_id).await? else { return Ok(()) };
        // What was said of the same bytes before counts also while nobody can look.
        self.tell_known(&asset).await?;
        let engine = scanner.version().await.map_err(no_verdict)?;
        // The newest first: that is what most ask for.
        for version in catalog.versions(asset_id, i64::MAX).await?.into_iter().rev() {
            // Whoever has the same bytes scanned meanwhile waits, and finds what came of it.
            let [a, b, c, d, ..] = *version.sha256();
            let _turn = self.inner.scan_turns.of(i64::from(u32::from_be_bytes([a, b, c, d]))).await;
            let known = catalog.verdict(version.sha256()).await?;
            if known.as_ref().is_some_and(|known| known.engine == engine && known.scan != Scan::Unscanned) {
                continue;
            }
            let verdict = self.verdict_on(scanner, &version, (&engine, known)).await.inspect_err(|fault| {
                tracing::warn!(asset = asset_id, version = version.id, %fault, "a file could not be scanned");
            })?;
            self.pass_verdict(version.sha256(), &verdict).await?;
        }
        Ok(())
    }

    async fn verdict_on(
        &self,
        scanner: &Scanner,
        version: &Version,
        (engine, known): (&str, Option<Verdict>),
    ) -> Result<Verdict, Fault> {
        // When it began: whoever begins later knows more.
        let scanned_at = self.now_ms();
        let body = self.open(version.blob.key, version.blob.size).await?;
        let bytes = body.read(ByteRange::whole(body.len()));
        let (scan, signature) = match scanner.scan(bytes, body.len()).await.map_err(no_verdict)? {
            scan::Verdict::Clean => (Scan::Clean, None),
            scan::Verdict::Infected { signature } => (Scan::Infected, Some(signature)),
            scan::Verdict::TooLarge => match known.filter(|known| known.scan == Scan::Infected) {
                // What was found once is not unfound by not looking.
                Some(known) => (Scan::Infected, known.signature),
                None => (Scan::Unscanned, None),
            },
        };
        Ok(Verdict { scan, signature, engine: engine.to_owned(), scanned_at })
    }

    async fn pass_verdict(&self, sha256: &[u8; 32], verdict: &Verdict) -> Result<(), Fault> {
        if !self.inner.catalog.set_verdict(sha256, verdict).await? {
            return Ok(());
        }
        // A copy may have been made meanwhile, of a file as it was before.
        for _ in 0..MAX_PASSES {
            let mut is_news = false;
            for concerned in self.inner.catalog.concerned(sha256, verdict.scan).await? {
                is_news |= self.tell(concerned, verdict).await?;
            }
            if !is_news {
                break;
            }
        }
        Ok(())
    }

    /// Sets what was said of its bytes with a file, if that is news.
    async fn tell(&self, concerned: Concerned, verdict: &Verdict) -> Result<bool, Fault> {
        let Concerned { tenant_id, asset_id, version_id } = concerned;
        // It may have other bytes by now, or have been let out.
        let (outcome, stamp) = ((verdict.scan, Premise::Version(version_id)), Stamp::system(self.now_ms()));
        let set = self.inner.catalog.set_scan_if(tenant_id, asset_id, outcome, &stamp).await;
        self.inner.cards.void(asset_id);
        let is_set = match set {
            // Gone meanwhile, or a copy that nobody sees yet.
            Err(store::Error::Missing(_)) => false,
            set => set?,
        };
        if is_set && verdict.scan == Scan::Infected {
            tracing::warn!(tenant = tenant_id, asset = asset_id, signature = ?verdict.signature, "a file is in quarantine");
        }
        Ok(is_set)
    }

    /// Has a file told what was said of its bytes before it had them.
    pub(crate) async fn tell_known(&self, asset: &Asset) -> Result<(), Fault> {
        let Some(version) = asset.version.as_ref().filter(|_| self.scans()) else { return Ok(()) };
        let known = self.inner.catalog.verdict(version.sha256()).await?;
        if let Some(known) = known.filter(|known| known.scan != Scan::Unscanned) {
            let concerned = Concerned { tenant_id: asset.tenant_id, asset_id: asset.id, version_id: version.id };
            self.tell(concerned, &known).await?;
        }
        Ok(())
    }

    /// The same of all files that came after this id, by a job.
    pub(crate) async fn tell_copies(&self, after: i64) -> Result<(), Fault> {
        if self.scans() {
            self.inner.catalog.add_job(None, &Work::Rescan { after }, self.now_ms()).await?;
            self.inner.jobs.notify_one();
        }
        Ok(())
    }

    /// Notes that a file was tried to be scanned for the last time: nobody looked at it, and that is what is said.
    pub(crate) async fn give_up_scan(&self, asset_id: i64) -> Result<(), Fault> {
        let Some(asset) = self.inner.catalog.asset(asset_id).await? else { return Ok(()) };
        let unscanned =
            Verdict { scan: Scan::Unscanned, signature: None, engine: String::new(), scanned_at: self.now_ms() };
        for version in self.inner.catalog.versions(asset_id, i64::MAX).await? {
            // What was said before by other signatures counts until there is something better.
            if self.inner.catalog.verdict(version.sha256()).await?.is_none() {
                self.inner.catalog.set_verdict(version.sha256(), &unscanned).await?;
            }
        }
        let (stamp, outcome) = (Stamp::system(self.now_ms()), (Scan::Unscanned, Premise::Queued));
        let done = self.inner.catalog.set_scan_if(asset.tenant_id, asset_id, outcome, &stamp).await;
        self.inner.cards.void(asset_id);
        match done {
            Ok(_) | Err(store::Error::Missing(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Has everything scanned anew, what the same signatures looked at too: a scanner does not tell of those that its operator added.
    ///
    /// # Errors
    /// `Denied` for all but the command line.
    pub async fn rescan_all(&self, actor: &Actor) -> Result<(), Fault> {
        actor.expect_system()?;
        self.inner.catalog.forget_engines().await?;
        self.queue(actor, &Work::Rescan { after: 0 }).await
    }

    /// Queues scans of what was not looked at by the scanner's signatures of today, some hundred files at a time.
    pub(crate) async fn rescan(&self, after: i64) -> Result<(), Fault> {
        let Some(scanner) = &self.inner.scanner else { return Ok(()) };
        if self.inner.catalog.waiting_scans(PAGE).await? >= PAGE {
            // What comes in goes before what is looked at once more.
            let later = self.now_ms() + REST_MS;
            self.inner.catalog.add_job(None, &Work::Rescan { after }, later).await?;
            return Ok(());
        }
        let engine = scanner.version().await.map_err(no_verdict)?;
        let page = self.inner.catalog.assets_to_scan(&engine, after, PAGE).await?;
        let Some((last, _)) = page.last().copied() else { return Ok(()) };
        let due: Vec<_> = page.into_iter().filter(|(_, due)| *due).map(|(asset_id, _)| asset_id).collect();
        self.inner.catalog.queue_scans(&due, &Work::Rescan { after: last }, self.now_ms()).await?;
        self.inner.scanning.notify_one();
        Ok(())
    }

    /// A tenant's files in quarantine behind the id `after`, oldest first, with what was found.
    ///
    /// # Errors
    /// `Denied` for those who do not run it.
    pub async fn quarantined(&self, actor: &Actor, tenant_id: i64, after: i64) -> Result<Vec<Quarantined>, Fault> {
        actor.expect_manager(tenant_id)?;
        Ok(self.inner.catalog.quarantined(tenant_id, after, PAGE).await?)
    }

    /// Lets a file out of quarantine: it lies in its folder again, under a slug that is free.
    ///
    /// # Errors
    /// `NotFound` when it is not there; `Invalid` while its folder is in the trash, `Expired`; `Denied` for those who do not run the
    /// tenant.
    pub async fn release(&self, actor: &Actor, (tenant_id, asset_id): (i64, i64)) -> Result<(), Fault> {
        actor.expect_manager(tenant_id)?;
        let asset = self.inner.catalog.asset(asset_id).await?.filter(|asset| asset.tenant_id == tenant_id);
        let asset = asset.ok_or(Fault::NotFound(Noun::Asset))?;
        let (slug, stamp) = (slugs::of_file(&asset.name), actor.stamp(self.now_ms()));
        let done = self.inner.catalog.release_asset(tenant_id, asset_id, &slug, &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Ends a file in quarantine for good.
    ///
    /// # Errors
    /// `NotFound` when it is not there; `Denied` for those who do not run the tenant.
    pub async fn destroy(&self, actor: &Actor, (tenant_id, asset_id): (i64, i64)) -> Result<(), Fault> {
        actor.expect_manager(tenant_id)?;
        let asset = self.inner.catalog.asset(asset_id).await?;
        let is_there = asset.is_some_and(|asset| asset.tenant_id == tenant_id && asset.scan == Scan::Infected);
        if !is_there {
            return Err(Fault::NotFound(Noun::Asset));
        }
        let done = self.inner.catalog.purge_asset(tenant_id, asset_id, &actor.stamp(self.now_ms())).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }
}

fn no_verdict(failure: scan::Failure) -> Fault {
    tracing::warn!(error = %failure, "no verdict");
    Fault::Unavailable("scanner")
}
