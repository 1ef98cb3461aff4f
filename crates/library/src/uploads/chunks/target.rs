//! Which upload a chunk belongs to: told by an id, or guessed by its name and number.

use store::uploads::Chunked;

use super::{ChunkOutcome, ChunkWish};
use crate::{Fault, Library, Noun};

/// What has had no chunk for so long, in milliseconds, was given up by its sender, if another one of its name goes on.
const SILENT_MS: i64 = 10 * 60 * 1_000;

/// So many uploads of one name are looked through for the one that a chunk belongs to.
const ALIKE: i64 = 20;

/// Where a chunk goes.
pub(super) enum Target {
    New,
    Known(Chunked),
    Refused(ChunkOutcome),
}

impl Library {
    pub(super) async fn target_by_id(&self, tenant_id: i64, asset_id: i64, wish: &ChunkWish) -> Result<Target, Fault> {
        let found = self.inner.catalog.chunked_of_asset(asset_id).await?;
        let upload = found.filter(|upload| upload.tenant_id == tenant_id && upload.folder_id == wish.folder_id);
        let upload = upload.ok_or(Fault::NotFound(Noun::Upload))?;
        if !self.is_there(asset_id).await? {
            return Err(Fault::NotFound(Noun::Upload));
        }
        if upload.parts != wish.parts {
            return Ok(Target::Refused(ChunkOutcome::OtherTotal { parts: upload.parts }));
        }
        Ok(Target::Known(upload))
    }

    /// Whether a file has not been deleted since.
    async fn is_there(&self, asset_id: i64) -> Result<bool, Fault> {
        Ok(self.inner.catalog.asset(asset_id).await?.is_some_and(|asset| asset.lives()))
    }

    pub(super) async fn target_by_name(
        &self,
        (tenant_id, created_by): (i64, i64),
        wish: &ChunkWish,
        (number, size, md5): (i64, u64, [u8; 16]),
    ) -> Result<Target, Fault> {
        let (who, what) = ((tenant_id, wish.realm, created_by), (wish.folder_id, wish.name.as_str(), wish.parts));
        let alike = self.inner.catalog.chunked_alike(who, what, ALIKE).await?;
        let open: Vec<&Chunked> = alike.iter().filter(|upload| !upload.done).collect();
        let mut nexts = Vec::with_capacity(open.len());
        let mut fitting: Vec<&Chunked> = Vec::new();
        // The one that has this chunk already, perhaps because the answer was lost on the way.
        let mut held: Option<&Chunked> = None;
        let mut other_bytes = false;
        for upload in &open {
            // What is folded is all there; beyond are only those that came before their turn.
            let beyond = self.inner.catalog.upload_parts(upload.id, upload.folded.parts).await?;
            let mut next = upload.folded.parts + 1;
            for part in beyond {
                next += i64::from(part.number == next);
            }
            let part = self.inner.catalog.upload_part(upload.id, number).await?;
            let same = part.as_ref().is_some_and(|part| part.size == size && part.md5 == md5);
            if number == 1 {
                // Of several under way, nobody can tell which one is meant.
                if same && open.len() == 1 {
                    return Ok(Target::Known((*upload).clone()));
                }
                continue;
            }
            if next == number {
                fitting.push(upload);
                continue;
            }
            if same {
                held.get_or_insert(*upload);
            }
            other_bytes |= part.is_some() && !same;
            nexts.push(next);
        }
        if number == 1 {
            return Ok(Target::New);
        }
        let last_heard_of = |upload: &Chunked| upload.expires_at - self.inner.limits.staging_age_ms;
        let since = self.now_ms() - SILENT_MS;
        let speaking = fitting.iter().filter(|upload| last_heard_of(upload) > since).count();
        match (fitting.first(), speaking) {
            (Some(_), 2..) => return Ok(Target::Refused(ChunkOutcome::Ambiguous)),
            // The newest first.
            (Some(upload), _) => return Ok(Target::Known((*upload).clone())),
            (None, _) => {}
        }
        if let Some(upload) = held {
            return Ok(Target::Known(upload.clone()));
        }
        // The last chunk once more, because its answer was lost on the way.
        for upload in alike.into_iter().filter(|upload| upload.done && number == upload.parts) {
            let part = self.inner.catalog.upload_part(upload.id, number).await?;
            let same = part.is_some_and(|part| part.size == size && part.md5 == md5);
            if same && self.is_there(upload.asset_id).await? {
                return Ok(Target::Known(upload));
            }
        }
        let refused = if other_bytes {
            ChunkOutcome::OtherBytes
        } else {
            ChunkOutcome::OutOfOrder { next: nexts.first().copied().unwrap_or(1) }
        };
        Ok(Target::Refused(refused))
    }
}
