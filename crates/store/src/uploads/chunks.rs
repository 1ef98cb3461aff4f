//! Uploads in chunks: an asset that is there from the first chunk on and gets its bytes with the last one. Chunks come in any
//! order and as often as their sender likes; those that follow on each other from the first are folded into one piece as they
//! come, so that the last one has nothing left to wait for.

mod giving_up;

pub(crate) use giving_up::give_up;

use sqlx::{AnyConnection, any::AnyRow};

use super::{ADD_PART, UploadPart, read_part, size_of};
use crate::{
    Catalog, Error, Noun, Refusal, Result,
    assets::{
        AssetState, NewVersion, Terms, add_version, expect_living_folder, family_word, hold as hold_asset, set_slug,
        size_of as size_of_blob,
    },
    audit::{self, Action, Stamp},
    blobs::{BlobId, BlobKey},
    catalog::{Columns, settle},
    garbage, jobs,
    names::{self, Holder, Slug},
    tallies::Counts,
};

/// What an upload in chunks begins with.
#[derive(Debug, Clone)]
pub struct NewChunked {
    /// Whose.
    pub tenant_id: i64,
    /// The upload's key; nobody is told it.
    pub key: String,
    /// Which dialect's.
    pub realm: String,
    /// Where.
    pub folder_id: i64,
    /// The key of the asset.
    pub asset_key: String,
    /// Its display name.
    pub name: String,
    /// The name folded for ordering.
    pub name_key: String,
    /// Its title, where it has one from the start.
    pub title: Option<String>,
    /// The title folded, for finding it.
    pub text_key: Option<String>,
    /// When it ends, and how often it may be downloaded.
    pub terms: Terms,
    /// Free metadata to begin with: path and value.
    pub fields: Vec<(String, String)>,
    /// What the dialect wants to remember until the end, as text that it reads itself.
    pub detail: String,
    /// How many chunks are to come.
    pub parts: i64,
    /// Where the bytes will lie.
    pub grown_key: BlobKey,
    /// Who uploads.
    pub created_by: i64,
    /// The first moment at which it may be swept, if nothing more comes, in milliseconds since 1970.
    pub expires_at: i64,
}

/// An upload in chunks, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunked {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// The asset that it is for.
    pub asset_id: i64,
    /// Where that is.
    pub folder_id: i64,
    /// Its display name.
    pub name: String,
    /// How many chunks are to come in all.
    pub parts: i64,
    /// How many bytes came so far.
    pub received_bytes: u64,
    /// How many chunks from the first on are in one piece.
    pub folded: Folded,
    /// Where the bytes will lie.
    pub grown_key: BlobKey,
    /// See [`NewChunked::detail`].
    pub detail: String,
    /// Who uploads.
    pub created_by: i64,
    /// Whether all came and the asset has its bytes.
    pub done: bool,
    /// The first moment at which it may be swept, in milliseconds since 1970.
    pub expires_at: i64,
}

/// How much of an upload is in one piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// So many chunks, from the first on.
    pub parts: i64,
    /// So many bytes.
    pub bytes: u64,
    /// The state of their sums.
    pub sums: Vec<u8>,
}

/// What became of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// It is new.
    Added,
    /// The same was there already.
    Same,
    /// Another was there already.
    Other,
}

macro_rules! columns {
    () => {
        "id, tenant_id, asset_id, folder_id, name, part_count, received_bytes, folded_count, folded_bytes, hash_state, \
         grown_key, detail, created_by, state, expires_at"
    };
}

const ADD_ASSET: &str = "insert into assets (tenant_id, folder_id, asset_key, slug, name, name_key, title, text_key, state, \
     scan, version_number, created_by, created_at, updated_at, family, download_limit, expires_at, ends_for_good) \
     values ($1, $2, $3, '', $4, $5, $6, $7, 'uploading', 'unscanned', 0, $8, $9, $9, 'uploading', $10, $11, $12) \
     returning id";
const ADD_UPLOAD: &str = concat!(
    "insert into uploads (tenant_id, upload_key, realm, folder_id, asset_id, name, detail, state, created_by, created_at, \
     expires_at, part_count, grown_key) values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $10, $11, $12) returning ",
    columns!()
);
const BY_ASSET: &str =
    concat!("select ", columns!(), " from uploads where asset_id = $1 and part_count > 0 order by id desc limit 1");
const ALIKE: &str = concat!(
    "select ",
    columns!(),
    " from uploads where folder_id = $1 and tenant_id = $2 and realm = $3 and name = $4 and part_count = $5 \
     and created_by = $6 order by id desc limit $7"
);
const PART: &str = "select number, blob_key, size, md5 from upload_parts where upload_id = $1 and number = $2";
const COUNT_PARTS: &str = "select count(*) as parts from upload_parts where upload_id = $1 and number > $2";
const RECEIVED: &str = "update uploads set received_bytes = received_bytes + $2, expires_at = $3 \
     where id = $1 and state = 'open' and received_bytes + $2 <= $4 returning id";
const OPEN: &str = "select 1 as one from uploads where id = $1 and state = 'open'";
const FOLD: &str = "update uploads set folded_count = $3, folded_bytes = $4, hash_state = $5 \
     where id = $1 and state = 'open' and folded_count = $2 returning id";
const FINISH: &str = "update uploads set state = 'done', hash_state = null, grown_key = null, expires_at = $2 \
     where id = $1 and state = 'open' and folded_count = part_count returning id";
/// Where its bytes were is nobody's business any more.
const FORGET_KEYS: &str = "update upload_parts set blob_key = '' where upload_id = $1 and number > $2 and number <= $3";
const READY: &str = "update assets set state = 'ready', version_number = 1, scan = $2, family = $3, updated_at = $4 \
     where id = $1";

impl Catalog {
    /// Begins an upload by its first part that came, with the asset that it is for.
    ///
    /// # Errors
    /// `Missing` when the folder is not there or in the trash.
    pub async fn begin_chunked(&self, new: &NewChunked, part: &UploadPart, stamp: &Stamp) -> Result<Chunked> {
        settle(|| self.try_begin_chunked(new, part, stamp)).await
    }

    async fn try_begin_chunked(&self, new: &NewChunked, part: &UploadPart, stamp: &Stamp) -> Result<Chunked> {
        let mut tx = self.begin().await?;
        expect_living_folder(tx.conn(), new.tenant_id, new.folder_id).await?;
        let query = sqlx::query(ADD_ASSET).bind(new.tenant_id).bind(new.folder_id).bind(&new.asset_key);
        let query = query.bind(&new.name).bind(&new.name_key).bind(&new.title).bind(&new.text_key);
        let query = query.bind(new.created_by).bind(stamp.now_ms).bind(new.terms.download_limit);
        let query = query.bind(new.terms.expires_at).bind(i64::from(new.terms.ends_for_good));
        let row = query.fetch_one(tx.conn()).await;
        let asset_id = row.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Folder))?.int("id")?;
        crate::fields::insert(tx.conn(), asset_id, &new.fields).await?;
        let query = sqlx::query(ADD_UPLOAD).bind(new.tenant_id).bind(&new.key).bind(&new.realm).bind(new.folder_id);
        let query = query.bind(asset_id).bind(&new.name).bind(&new.detail).bind(new.created_by).bind(stamp.now_ms);
        let query = query.bind(new.expires_at).bind(new.parts).bind(new.grown_key.id().to_string());
        let row = query.fetch_one(tx.conn()).await;
        let mut upload = read(&row.map_err(|error| Error::of_row(error, Noun::Upload, Noun::User))?)?;
        add_part(tx.conn(), upload.id, part).await?;
        let query = sqlx::query(RECEIVED).bind(upload.id).bind(size_of(part.size)?).bind(new.expires_at);
        query.bind(i64::MAX).execute(tx.conn()).await?;
        upload.received_bytes = part.size;
        let mut counts = Counts::default();
        counts.add_bare(new.tenant_id, new.folder_id, asset_id);
        counts.store(tx.conn()).await?;
        audit::note(tx.conn(), new.tenant_id, stamp, Action::Create, (Noun::Asset, asset_id)).await?;
        tx.commit().await?;
        Ok(upload)
    }

    /// The upload in chunks that an asset comes or came by.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn chunked_of_asset(&self, asset_id: i64) -> Result<Option<Chunked>> {
        sqlx::query(BY_ASSET).bind(asset_id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// The latest uploads in chunks of one person to one folder under one name, in so many parts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn chunked_alike(
        &self,
        (tenant_id, realm, created_by): (i64, &str, i64),
        (folder_id, name, parts): (i64, &str, i64),
        limit: i64,
    ) -> Result<Vec<Chunked>> {
        let query = sqlx::query(ALIKE).bind(folder_id).bind(tenant_id).bind(realm).bind(name);
        let query = query.bind(parts).bind(created_by).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// One part of an upload.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn upload_part(&self, upload_id: i64, number: i64) -> Result<Option<UploadPart>> {
        let query = sqlx::query(PART).bind(upload_id).bind(number);
        query.fetch_optional(self.read()).await?.as_ref().map(read_part).transpose()
    }

    /// How many parts of an upload came whose numbers are above `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_upload_parts(&self, upload_id: i64, after: i64) -> Result<i64> {
        sqlx::query(COUNT_PARTS).bind(upload_id).bind(after).fetch_one(self.read()).await?.int("parts")
    }

    /// Records a chunk whose bytes are durable; one that is there already stays as it is.
    ///
    /// # Errors
    /// `Missing` when the upload is over and has no such part; `Refused` when all chunks together would be more than `max_bytes`.
    pub async fn add_chunk(
        &self,
        upload: &Chunked,
        part: &UploadPart,
        (max_bytes, expires_at): (u64, i64),
    ) -> Result<Chunk> {
        settle(|| self.try_add_chunk(upload, part, (max_bytes, expires_at))).await
    }

    async fn try_add_chunk(
        &self,
        upload: &Chunked,
        part: &UploadPart,
        (max_bytes, expires_at): (u64, i64),
    ) -> Result<Chunk> {
        let size = size_of(part.size)?;
        let mut tx = self.begin().await?;
        // The upload's row comes first, as for those who end it: a part that came first would have them wait for each other.
        let query = sqlx::query(RECEIVED).bind(upload.id).bind(size).bind(expires_at);
        let query = query.bind(i64::try_from(max_bytes).unwrap_or(i64::MAX));
        let has_room = query.fetch_optional(tx.conn()).await?.is_some();
        if !has_room || !add_part(tx.conn(), upload.id, part).await? {
            let query = sqlx::query(PART).bind(upload.id).bind(part.number);
            if let Some(held) = query.fetch_optional(tx.conn()).await?.as_ref().map(read_part).transpose()? {
                let is_same = held.md5 == part.md5 && held.size == part.size;
                return Ok(if is_same { Chunk::Same } else { Chunk::Other });
            }
            let open = sqlx::query(OPEN).bind(upload.id).fetch_optional(tx.conn()).await?;
            return Err(open.map_or(Error::Missing(Noun::Upload), |_| Error::Refused(Refusal::TooManyBytes)));
        }
        tx.commit().await?;
        Ok(Chunk::Added)
    }

    /// Notes that more of an upload is in one piece than `was`; false when somebody else was faster. With `forget`, where the
    /// parts in it were is forgotten: their own bytes are not needed any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fold_chunks(&self, upload_id: i64, was: i64, folded: &Folded, forget: bool) -> Result<bool> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(FOLD).bind(upload_id).bind(was).bind(folded.parts).bind(size_of(folded.bytes)?);
        let done = query.bind(&folded.sums).fetch_optional(tx.conn()).await?.is_some();
        if done && forget {
            sqlx::query(FORGET_KEYS).bind(upload_id).bind(was).bind(folded.parts).execute(tx.conn()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Gives the asset its bytes, which are all in one piece. Tells whether they are needed, as for a new asset; `None` when
    /// somebody else was faster.
    ///
    /// # Errors
    /// `Missing` when the asset or its folder is gone.
    pub async fn end_chunked(
        &self,
        upload: &Chunked,
        (version, slug): (&NewVersion, &Slug),
        keep_until: i64,
        stamp: &Stamp,
    ) -> Result<Option<bool>> {
        settle(|| self.try_end_chunked(upload, (version, slug), keep_until, stamp)).await
    }

    async fn try_end_chunked(
        &self,
        upload: &Chunked,
        (version, slug): (&NewVersion, &Slug),
        keep_until: i64,
        stamp: &Stamp,
    ) -> Result<Option<bool>> {
        let (tenant_id, asset_id) = (upload.tenant_id, upload.asset_id);
        let mut tx = self.begin().await?;
        let done = sqlx::query(FINISH).bind(upload.id).bind(keep_until).fetch_optional(tx.conn()).await?;
        if done.is_none() {
            return Ok(None);
        }
        let held = hold_asset(tx.conn(), tenant_id, asset_id).await?;
        let held = held.filter(|held| held.state == AssetState::Uploading && held.deleted_at.is_none() && !held.shut);
        let held = held.ok_or(Error::Missing(Noun::Asset))?;
        let (blob_id, kept_blob) = garbage::add(tx.conn(), tenant_id, &version.blob, stamp.now_ms).await?;
        let query = sqlx::query(READY).bind(asset_id).bind(version.scan.as_str());
        query.bind(family_word(version.media_type.family())).bind(stamp.now_ms).execute(tx.conn()).await?;
        add_version(tx.conn(), asset_id, 1, blob_id, version, stamp.now_ms).await?;
        for job in &version.jobs {
            jobs::insert(tx.conn(), Some(tenant_id), &job.about(asset_id), stamp.now_ms).await?;
        }
        let slug = names::claim(tx.conn(), held.folder_id, slug, Holder::Asset(asset_id)).await?;
        set_slug(tx.conn(), asset_id, &slug).await?;
        sqlx::query(FORGET_KEYS).bind(upload.id).bind(0_i64).bind(upload.parts).execute(tx.conn()).await?;
        let mut counts = Counts::default();
        counts.remove_bare(tenant_id, held.folder_id, asset_id);
        let bytes = size_of_blob(&version.blob)?;
        counts.add(tenant_id, held.folder_id, asset_id, bytes);
        counts.keep(tenant_id, 1, bytes);
        counts.store(tx.conn()).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Asset, asset_id)).await?;
        tx.commit().await?;
        Ok(Some(kept_blob))
    }
}

async fn add_part(conn: &mut AnyConnection, upload_id: i64, part: &UploadPart) -> Result<bool> {
    let query = sqlx::query(ADD_PART).bind(upload_id).bind(part.number).bind(&part.blob_key).bind(size_of(part.size)?);
    let done = query.bind(part.md5.to_vec()).execute(conn).await;
    Ok(done.map_err(|error| Error::of_row(error, Noun::Upload, Noun::Upload))?.rows_affected() == 1)
}

fn key_of(text: &str) -> Result<BlobKey> {
    let id: BlobId = text.parse().map_err(|_| Error::Corrupt(format!("blob key {text:?}")))?;
    Ok(BlobKey::Original(id))
}

fn read(row: &AnyRow) -> Result<Chunked> {
    let done = row.text("state")? == "done";
    let grown_key = row.text_or_null("grown_key")?;
    Ok(Chunked {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        asset_id: row.int("asset_id")?,
        folder_id: row.int("folder_id")?,
        name: row.text("name")?,
        parts: row.int("part_count")?,
        received_bytes: row.count("received_bytes")?,
        folded: Folded {
            parts: row.int("folded_count")?,
            bytes: row.count("folded_bytes")?,
            sums: row.bytes_or_null("hash_state")?.unwrap_or_default(),
        },
        // What is done has its bytes under a version.
        grown_key: grown_key.map_or(Ok(BlobKey::Original(BlobId::random())), |text| key_of(&text))?,
        detail: row.text("detail")?,
        created_by: row.int("created_by")?,
        done,
        expires_at: row.int("expires_at")?,
    })
}
