//! Uploads in chunks: a file that comes by several requests, in any order and to any node. Each chunk is durable when it is
//! acknowledged. What follows on from the beginning is summed and put in one piece as it comes, so that the last chunk has little
//! left to do.

mod target;

use content::MediaType;
use media::PROBE_HEAD_BYTES;
use store::{
    assets::{NewBlob, NewVersion, Terms},
    blobs::{BlobId, BlobKey, RunningSums},
    open_small, seal_small,
    uploads::{Chunk, Chunked, Folded, NewChunked, UploadPart},
};
use target::Target;

use super::{Received, Sight, nature_of, probe_of, store_fault};
use crate::{
    Actor, Asset, Fault, Invalid, Library, Right, TenantKey, chance, encryption::ring_fault, fields, names,
    quotas::Sent, slugs,
};

/// Which file a chunk belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one with this id; its chunks come in any order.
    Asset(i64),
    /// The one of this name that the same person has under way in the same folder, in as many chunks; they come in order. A
    /// first chunk begins a new one, unless it is the first of the only one under way.
    ByName,
}

/// A chunk and what it is part of.
#[derive(Debug)]
pub struct ChunkWish {
    /// Which dialect's.
    pub realm: &'static str,
    /// Where the file is to be.
    pub folder_id: i64,
    /// Its display name.
    pub name: String,
    /// Its title, of a first chunk.
    pub title: Option<String>,
    /// What the sender says it is; the bytes are believed first.
    pub declared_type: Option<MediaType>,
    /// Free metadata to begin with, of a first chunk.
    pub fields: Vec<(String, String)>,
    /// When it ends, and how often it may be downloaded.
    pub terms: Terms,
    /// Which file.
    pub which: Which,
    /// The chunk's number, from 1.
    pub number: i64,
    /// How many there are to come in all; at least two.
    pub parts: i64,
}

/// What became of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkOutcome {
    /// It is there, by this request or an earlier one: the file's id.
    Taken(i64),
    /// This one should have come: chunks without an id come in order.
    OutOfOrder {
        /// Its number.
        next: i64,
    },
    /// Several files of this name wait for a chunk of this number: only an id tells them apart.
    Ambiguous,
    /// Other bytes are there under this number.
    OtherBytes,
    /// So many chunks were announced before.
    OtherTotal {
        /// How many.
        parts: i64,
    },
}

/// How far a file is that comes in chunks.
#[derive(Debug, Clone)]
pub struct ChunkProgress {
    /// How many chunks came.
    pub received: i64,
    /// How many there will be.
    pub parts: i64,
    /// How many bytes came.
    pub bytes: u64,
    /// What the sender says it is.
    pub declared_type: MediaType,
}

impl Library {
    /// Takes in a chunk. With the last that was missing, the file has its bytes.
    ///
    /// # Errors
    /// `NotFound` for a folder or file that is not there, `Denied`, `TooLarge` when all chunks together are, `Unsupported` for what the
    /// folder does not take, `Quota` for what is more than the tenant may keep: the file is given up.
    pub async fn receive_chunk(
        &self,
        actor: &Actor,
        wish: ChunkWish,
        received: Received,
    ) -> Result<ChunkOutcome, Fault> {
        let folder = self.expect_in_folder(actor, wish.folder_id, Right::Create).await?;
        if !(1..=wish.parts).contains(&wish.number) {
            return Err(Fault::Invalid(Invalid::Other("a chunk's number is one of those announced")));
        }
        let wish = ChunkWish { name: names::check(&wish.name)?, ..wish };
        if wish.title.iter().any(|title| title.contains('\0')) {
            return Err(Fault::Invalid(Invalid::Other("text can not hold a NUL")));
        }
        let gate = self.gate(actor, (folder.tenant_id, folder.id)).await?;
        gate.expect_name(&wish.name, wish.declared_type.as_ref())?;
        let created_by = self.author(actor, folder.tenant_id).await?;
        let part = (wish.number, received.len(), received.staged.digest.md5);
        let target = match wish.which {
            Which::Asset(id) => self.target_by_id(folder.tenant_id, id, &wish).await?,
            Which::ByName => self.target_by_name((folder.tenant_id, created_by), &wish, part).await?,
        };
        let shows_nature = wish.number == 1 && received.len() >= PROBE_HEAD_BYTES as u64;
        if matches!(target, Target::New) && shows_nature && !gate.is_open() {
            // What they are is told before the rest is sent. Of one that is under way the end tells, and gives it up.
            let sight = Sight::of(&received.staged);
            let nature = nature_of(&sight, probe_of(&sight).await?, &wish.name, wish.declared_type.clone());
            gate.expect(&wish.name, wish.declared_type.as_ref(), &nature)?;
        }
        let (library, actor, tenant_id) = (self.clone(), actor.clone(), folder.tenant_id);
        // On a task of its own: a caller who goes away after the last byte does not leave things half-way.
        let done = tokio::spawn(async move {
            let outcome = match target {
                Target::Refused(outcome) => return Ok(outcome),
                Target::New => library.begin_chunked(&actor, (tenant_id, created_by), wish, received).await?,
                Target::Known(upload) => library.add_chunk(&actor, &upload, (wish.number, received)).await?,
            };
            if let ChunkOutcome::Taken(asset_id) = outcome {
                library.fold_chunks(&actor, asset_id).await?;
            }
            Ok(outcome)
        });
        done.await.map_err(Fault::internal)?
    }

    /// How far a file is; nothing for one that does not come in chunks. The caller has it from a verb that checked the rights.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn chunk_progress(&self, asset: &Asset) -> Result<Option<ChunkProgress>, Fault> {
        let Some(upload) = self.inner.catalog.chunked_of_asset(asset.id).await? else { return Ok(None) };
        let folded = upload.folded.parts;
        Ok(Some(ChunkProgress {
            received: folded + self.inner.catalog.count_upload_parts(upload.id, folded).await?,
            parts: upload.parts,
            bytes: upload.received_bytes,
            declared_type: MediaType::parse(&upload.detail).unwrap_or(MediaType::OCTET_STREAM),
        }))
    }

    async fn begin_chunked(
        &self,
        actor: &Actor,
        (tenant_id, created_by): (i64, i64),
        wish: ChunkWish,
        received: Received,
    ) -> Result<ChunkOutcome, Fault> {
        let now_ms = self.now_ms();
        let seal = self.sealing(tenant_id).await?;
        let part = self.keep_part(seal.as_ref(), wish.number, received).await?;
        let new = NewChunked {
            tenant_id,
            key: chance::secret(43),
            realm: wish.realm.to_owned(),
            folder_id: wish.folder_id,
            asset_key: chance::key_20(),
            name_key: names::sort_key(&wish.name),
            name: wish.name,
            text_key: fields::text_key(wish.title.as_ref(), None, &[]),
            title: wish.title,
            terms: wish.terms,
            fields: wish.fields,
            detail: wish.declared_type.map(|declared| declared.as_str().to_owned()).unwrap_or_default(),
            parts: wish.parts,
            grown_key: BlobKey::Original(BlobId::random_of(seal.is_some())),
            created_by,
            expires_at: now_ms + self.inner.limits.staging_age_ms,
        };
        match self.inner.catalog.begin_chunked(&new, &part, &actor.stamp(now_ms)).await {
            Ok(upload) => Ok(ChunkOutcome::Taken(upload.asset_id)),
            Err(error) => {
                if error.is_certain() {
                    self.discard_part(&part).await;
                }
                Err(error.into())
            }
        }
    }

    async fn add_chunk(
        &self,
        actor: &Actor,
        upload: &Chunked,
        (number, received): (i64, Received),
    ) -> Result<ChunkOutcome, Fault> {
        // What came so far is in no count yet.
        let room = match self.room_left(upload.tenant_id, Sent::File).await {
            Err(Fault::Quota) => 0,
            room => room?,
        };
        let max_bytes = self.inner.limits.max_upload_bytes.min(room);
        let seal = self.sealing(upload.tenant_id).await?;
        let part = self.keep_part(seal.as_ref(), number, received).await?;
        let until = self.now_ms() + self.inner.limits.staging_age_ms;
        let outcome = self.inner.catalog.add_chunk(upload, &part, (max_bytes, until)).await;
        // What may have a row after all stays; garbage collection looks again.
        if outcome.as_ref().map_or_else(store::Error::is_certain, |outcome| *outcome != Chunk::Added) {
            self.discard_part(&part).await;
        }
        match outcome {
            Ok(Chunk::Added | Chunk::Same) => Ok(ChunkOutcome::Taken(upload.asset_id)),
            Ok(Chunk::Other) => Ok(ChunkOutcome::OtherBytes),
            Err(store::Error::Refused(store::Refusal::TooManyBytes)) if max_bytes == room => {
                self.abandon_chunked(actor, upload.tenant_id, upload.asset_id).await?;
                Err(Fault::Quota)
            }
            Err(store::Error::Refused(store::Refusal::TooManyBytes)) => Err(Fault::TooLarge { max_bytes }),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a part durable.
    async fn keep_part(&self, seal: Option<&TenantKey>, number: i64, received: Received) -> Result<UploadPart, Fault> {
        let (size, md5) = (received.len(), received.staged.digest.md5);
        let staged = self.sealed_with(seal, received.staged).await?;
        let key = self.inner.blobs.publish(staged).await.map_err(store_fault)?;
        Ok(UploadPart { number, blob_key: key.id().to_string(), size, md5 })
    }

    async fn discard_part(&self, part: &UploadPart) {
        if let Some(key) = key_of(part) {
            self.discard(key).await;
        }
    }

    /// Puts the parts that follow on from the beginning in one piece, as many as there are; when those are all, the file gets
    /// its bytes. Whoever does the same meanwhile does no harm.
    async fn fold_chunks(&self, actor: &Actor, asset_id: i64) -> Result<(), Fault> {
        let _turn = self.inner.chunk_turns.of(asset_id).await;
        let blobs = &self.inner.blobs;
        loop {
            let Some(upload) = self.inner.catalog.chunked_of_asset(asset_id).await? else { return Ok(()) };
            if upload.done {
                return Ok(());
            }
            let was = upload.folded.parts;
            let seal = self.sealing_of_grown(&upload).await?;
            let sums = match was {
                0 => RunningSums::default(),
                _ => resumed(&upload.folded.sums, seal.as_ref()).ok_or(Fault::Unavailable("database"))?,
            };
            if was == upload.parts {
                return self.end_chunked(actor, &upload, sums, seal.as_ref()).await;
            }
            let Some(part) = self.inner.catalog.upload_part(upload.id, was + 1).await? else { return Ok(()) };
            let Some(key) = key_of(&part) else {
                if self.is_folded(asset_id, was).await? {
                    continue;
                }
                return Err(Fault::Unavailable("database"));
            };
            let sums = match blobs.grow(upload.grown_key, (key, part.size), sums).await {
                Ok(sums) => sums,
                // Another node was faster, and has removed the part already.
                Err(store::blobs::Error::Missing(_)) if self.is_folded(asset_id, was).await? => continue,
                Err(error) => return Err(store_fault(error)),
            };
            // A hash's state holds the last bytes that it was given.
            let state = sums.save();
            let state = seal.as_ref().map_or_else(|| state.clone(), |seal| seal_small(seal, &state));
            let folded = Folded { parts: was + 1, bytes: sums.len(), sums: state };
            let in_place = !blobs.keeps_pieces(upload.grown_key);
            if self.inner.catalog.fold_chunks(upload.id, was, &folded, in_place).await? && in_place {
                self.discard(key).await;
            }
        }
    }

    async fn is_folded(&self, asset_id: i64, was: i64) -> Result<bool, Fault> {
        let upload = self.inner.catalog.chunked_of_asset(asset_id).await?;
        Ok(upload.is_none_or(|upload| upload.done || upload.folded.parts > was))
    }

    /// What a file that comes in chunks is sealed with, where it is.
    async fn sealing_of_grown(&self, upload: &Chunked) -> Result<Option<TenantKey>, Fault> {
        if !upload.grown_key.is_sealed() {
            return Ok(None);
        }
        self.inner.ring.newest(upload.tenant_id).await.map_err(ring_fault)
    }

    async fn end_chunked(
        &self,
        actor: &Actor,
        upload: &Chunked,
        sums: RunningSums,
        seal: Option<&TenantKey>,
    ) -> Result<(), Fault> {
        let (catalog, blobs) = (&self.inner.catalog, &self.inner.blobs);
        let pieces: Vec<(BlobKey, u64)> = if blobs.keeps_pieces(upload.grown_key) {
            let parts = catalog.upload_parts(upload.id, 0).await?;
            parts.iter().filter_map(|part| Some((key_of(part)?, part.size))).collect()
        } else {
            Vec::new()
        };
        let (key, size) = (upload.grown_key, sums.len());
        let digest = sums.finish();
        blobs.end_growth(key, seal.map(|seal| (seal, digest.sha256)), &pieces, size).await.map_err(store_fault)?;
        let sight = Sight::of_body(blobs.open(key, size).await.map_err(store_fault)?).await?;
        let probe = probe_of(&sight).await?;
        let declared = MediaType::parse(&upload.detail);
        let nature = nature_of(&sight, probe, &upload.name, declared.clone());
        let gate = self.gate(actor, (upload.tenant_id, upload.folder_id)).await?;
        if let Err(fault) = gate.expect(&upload.name, declared.as_ref(), &nature) {
            self.give_up_chunked(actor, upload.tenant_id, upload.asset_id).await?;
            return Err(fault);
        }
        let shown = nature.probe.as_ref();
        let version = NewVersion {
            blob: NewBlob { key, size, digest },
            pixels: shown.map(|probe| (probe.width, probe.height)),
            orientation: shown.map_or(1, |probe| probe.orientation),
            animated: shown.is_some_and(|probe| probe.animated),
            scan: self.first_scan(),
            jobs: self.first_jobs(&nature.media_type),
            media_type: nature.media_type,
            created_by: upload.created_by,
            details: None,
        };
        let (slug, stamp) = (slugs::of_file(&upload.name), actor.stamp(self.now_ms()));
        let keep_until = stamp.now_ms + self.inner.limits.staging_age_ms;
        let kept = catalog.end_chunked(upload, (&version, &slug), keep_until, &stamp).await;
        self.inner.cards.void(upload.asset_id);
        if matches!(kept, Err(store::Error::Refused(store::Refusal::OverQuota))) {
            self.give_up_chunked(actor, upload.tenant_id, upload.asset_id).await?;
        }
        if let Some(kept) = kept? {
            if !kept {
                self.discard(key).await;
            }
            for (piece, _) in pieces {
                self.discard(piece).await;
            }
            self.wake();
        }
        Ok(())
    }

    /// Gives up a file that is on its way.
    pub(crate) async fn abandon_chunked(&self, actor: &Actor, tenant_id: i64, asset_id: i64) -> Result<(), Fault> {
        let _turn = self.inner.chunk_turns.of(asset_id).await;
        self.give_up_chunked(actor, tenant_id, asset_id).await
    }

    /// The same for whoever has the turn.
    async fn give_up_chunked(&self, actor: &Actor, tenant_id: i64, asset_id: i64) -> Result<(), Fault> {
        let keys = self.inner.catalog.abandon_chunked(tenant_id, asset_id, &actor.stamp(self.now_ms())).await;
        self.inner.cards.void(asset_id);
        for key in keys? {
            self.discard(key).await;
        }
        Ok(())
    }
}

/// The sums of what came so far, as they were kept.
fn resumed(state: &[u8], seal: Option<&TenantKey>) -> Option<RunningSums> {
    match seal {
        Some(seal) => RunningSums::resume(&open_small(seal, state).ok()?),
        None => RunningSums::resume(state),
    }
}

fn key_of(part: &UploadPart) -> Option<BlobKey> {
    part.blob_key.parse().ok().map(BlobKey::Original)
}
