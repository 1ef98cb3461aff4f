//! Uploads: bytes on their way in over several requests, with their parts and how far the sums are.

mod chunks;

pub(crate) use chunks::give_up;
pub use chunks::{Chunk, Chunked, Folded, NewChunked};

use sqlx::{AnyConnection, any::AnyRow};

use crate::{Catalog, Error, Noun, Refusal, Result, catalog::Columns};

/// An upload under way, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// The key that its URL carries.
    pub key: String,
    /// Which dialect's.
    pub realm: String,
    /// Where the asset will be.
    pub folder_id: i64,
    /// The asset, if it has a row already.
    pub asset_id: Option<i64>,
    /// The file name that was announced.
    pub name: String,
    /// The size that was announced.
    pub declared_bytes: Option<u64>,
    /// How many bytes are durable.
    pub received_bytes: u64,
    /// What the dialect wants to remember, as text that it reads itself.
    pub detail: String,
    /// Who uploads.
    pub created_by: i64,
    /// Since when, in milliseconds since 1970.
    pub created_at: i64,
    /// The first moment at which it may be swept.
    pub expires_at: i64,
}

/// What a new upload is made from.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Whose.
    pub tenant_id: i64,
    /// See [`Upload::key`].
    pub key: String,
    /// See [`Upload::realm`].
    pub realm: String,
    /// See [`Upload::folder_id`].
    pub folder_id: i64,
    /// See [`Upload::name`].
    pub name: String,
    /// See [`Upload::declared_bytes`].
    pub declared_bytes: Option<u64>,
    /// See [`Upload::detail`].
    pub detail: String,
    /// Who uploads.
    pub created_by: i64,
    /// See [`Upload::expires_at`].
    pub expires_at: i64,
}

/// One part of an upload, durable under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// Its place.
    pub number: i64,
    /// Where its bytes are.
    pub blob_key: String,
    /// How many.
    pub size: u64,
    /// Their MD5, by which a resend is known.
    pub md5: [u8; 16],
}

macro_rules! columns {
    () => {
        "id, tenant_id, upload_key, realm, folder_id, asset_id, name, declared_bytes, received_bytes, detail, \
         created_by, created_at, expires_at"
    };
}

const INSERT: &str = concat!(
    "insert into uploads (tenant_id, upload_key, realm, folder_id, name, declared_bytes, detail, state, created_by, \
     created_at, expires_at) select $1, $2, $3, f.id, $5, $6, $7, 'open', $8, $9, $10 \
     from folders f where f.tenant_id = $1 and f.id = $4 and f.trashed_root is null returning ",
    columns!()
);
const FIND: &str = concat!("select ", columns!(), " from uploads where upload_key = $1 and state = 'open'");
const EXPIRED: &str =
    concat!("select ", columns!(), " from uploads where expires_at <= $1 order by expires_at limit $2");
const ADD_PART: &str = "insert into upload_parts (upload_id, number, blob_key, size, md5) values ($1, $2, $3, $4, $5) \
     on conflict (upload_id, number) do nothing";
const RECEIVED: &str =
    "update uploads set received_bytes = received_bytes + $2 where id = $1 and state = 'open' returning id";
const PARTS: &str =
    "select number, blob_key, size, md5 from upload_parts where upload_id = $1 and number > $2 order by number";
const DELETE: &str = "delete from uploads where id = $1 and state = 'open'";
const END: &str = "delete from uploads where id = $1 and state = 'open' and expires_at > $2";

impl Catalog {
    /// Begins an upload.
    ///
    /// # Errors
    /// `Missing` when the folder is not there or in the trash, `Taken` when the key exists.
    pub async fn add_upload(&self, upload: &NewUpload, now_ms: i64) -> Result<Upload> {
        let declared = upload.declared_bytes.map(size_of).transpose()?;
        let mut tx = self.begin().await?;
        let query = sqlx::query(INSERT).bind(upload.tenant_id).bind(&upload.key).bind(&upload.realm);
        let query = query.bind(upload.folder_id).bind(&upload.name).bind(declared).bind(&upload.detail);
        let query = query.bind(upload.created_by).bind(now_ms).bind(upload.expires_at);
        let row = query.fetch_optional(tx.conn()).await;
        let row = row.map_err(|error| Error::of_row(error, Noun::Upload, Noun::User))?;
        let upload = read(&row.ok_or(Error::Missing(Noun::Folder))?)?;
        tx.commit().await?;
        Ok(upload)
    }

    /// The open upload with this key.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn upload(&self, key: &str) -> Result<Option<Upload>> {
        sqlx::query(FIND).bind(key).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Records a part whose bytes are durable. False when the part was there already: a resend changes nothing.
    ///
    /// # Errors
    /// `Missing` when the upload is over.
    pub async fn add_upload_part(&self, upload_id: i64, part: &UploadPart) -> Result<bool> {
        let size = size_of(part.size)?;
        let mut tx = self.begin().await?;
        let query = sqlx::query(ADD_PART).bind(upload_id).bind(part.number).bind(&part.blob_key).bind(size);
        let done = query.bind(part.md5.to_vec()).execute(tx.conn()).await;
        let done = done.map_err(|error| Error::of_row(error, Noun::Upload, Noun::Upload))?;
        let added = done.rows_affected() == 1;
        let counted = if added { size } else { 0 };
        let open = sqlx::query(RECEIVED).bind(upload_id).bind(counted).fetch_optional(tx.conn()).await?;
        open.ok_or(Error::Missing(Noun::Upload))?;
        tx.commit().await?;
        Ok(added)
    }

    /// The parts of an upload whose numbers are above `after`, in order; the first is number 1.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn upload_parts(&self, upload_id: i64, after: i64) -> Result<Vec<UploadPart>> {
        sqlx::query(PARTS).bind(upload_id).bind(after).fetch_all(self.read()).await?.iter().map(read_part).collect()
    }

    /// Uploads whose time is over, longest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expired_uploads(&self, now_ms: i64, limit: i64) -> Result<Vec<Upload>> {
        let query = sqlx::query(EXPIRED).bind(now_ms).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Forgets an open upload and its parts; false when it was over.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_upload(&self, upload_id: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(DELETE).bind(upload_id).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

/// Ends an open upload whose time is not over.
pub(crate) async fn end(conn: &mut AnyConnection, upload_id: i64, now_ms: i64) -> Result<()> {
    let done = sqlx::query(END).bind(upload_id).bind(now_ms).execute(conn).await?;
    if done.rows_affected() > 0 { Ok(()) } else { Err(Error::Missing(Noun::Upload)) }
}

fn size_of(bytes: u64) -> Result<i64> {
    i64::try_from(bytes).map_err(|_| Error::Refused(Refusal::TooManyBytes))
}

fn read_part(row: &AnyRow) -> Result<UploadPart> {
    Ok(UploadPart {
        number: row.int("number")?,
        blob_key: row.text("blob_key")?,
        size: row.count("size")?,
        md5: row.array("md5")?,
    })
}

fn read(row: &AnyRow) -> Result<Upload> {
    let declared = row.int_or_null("declared_bytes")?;
    Ok(Upload {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        key: row.text("upload_key")?,
        realm: row.text("realm")?,
        folder_id: row.int("folder_id")?,
        asset_id: row.int_or_null("asset_id")?,
        name: row.text("name")?,
        declared_bytes: declared.and_then(|bytes| u64::try_from(bytes).ok()),
        received_bytes: row.count("received_bytes")?,
        detail: row.text("detail")?,
        created_by: row.int("created_by")?,
        created_at: row.int("created_at")?,
        expires_at: row.int("expires_at")?,
    })
}
