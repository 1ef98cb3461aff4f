//! Finding assets. Each list follows an index and goes on behind a key; none counts or skips.

use std::str::FromStr;

use content::{Digest, Family, MediaType};
use sqlx::any::AnyRow;

use super::{Asset, AssetState, Blob, Picture, Scan, Version, family_word};
use crate::{
    Catalog, Error, Result,
    blobs::{BlobId, BlobKey},
    catalog::{Columns, SLOTS, slot_list, slots},
    folders::{Folder, FolderKind, end_of},
    rules,
};

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "select a.id, a.tenant_id, a.asset_key, a.slug, a.name, a.title, a.description, a.state, a.scan, \
             a.download_count, a.download_limit, a.expires_at, a.created_by, a.created_at, a.updated_at, \
             a.deleted_at, a.purge_at, a.access_rules, f.id as f_id, f.parent_id as f_parent_id, f.space_id as f_space_id, f.kind as f_kind, \
             f.name as f_name, f.slug as f_slug, f.path as f_path, f.public_read as f_public_read, f.expires_at as f_expires_at, \
             f.created_by as f_created_by, f.created_at as f_created_at, f.updated_at as f_updated_at, \
             f.deleted_at as f_deleted_at, f.trashed_root as f_trashed_root, f.access_rules as f_access_rules, v.id as v_id, v.number as v_number, \
             v.media_type, v.width, v.height, v.orientation, v.animated, v.picture, v.created_at as v_created_at, b.id as b_id, \
             b.blob_key, b.size, b.sha256, b.md5, b.crc32 \
             from assets a join folders f on f.id = a.folder_id and f.purged_at is null \
             left join versions v on v.asset_id = a.id and v.number = a.version_number \
             left join blobs b on b.id = v.blob_id ",
            $rest
        )
    };
}

const FIND: &str = select!("where a.id = $1");
const BY_FOLDER: &str = select!(
    "where a.folder_id = $1 and a.deleted_at is null and a.state = 'ready' and (a.name_key, a.id) > ($2, $3) \
     order by a.name_key, a.id limit $4"
);

const BY_IDS: &str = select!(concat!("where a.tenant_id = $1 and a.id in ", slot_list!()));
const LATEST: &str = "select a.id from assets a cross join folders f where a.tenant_id = $1 and a.family = $2 and a.id < $3 \
     and a.deleted_at is null and a.state = 'ready' and f.id = a.folder_id and f.trashed_root is null \
     order by a.id desc limit $4";
const SET_PICTURE: &str = "update versions set picture = $2 where blob_id = $1 and picture <> $2 returning asset_id";
const DELETED: &str = select!(
    "where a.tenant_id = $1 and a.deleted_at is not null and a.state = 'ready' and (a.deleted_at, a.id) < ($2, $3) \
     order by a.deleted_at desc, a.id desc limit $4"
);

const IMAGES: &str = "select a.id from assets a cross join folders f cross join versions v where a.tenant_id = $1 \
     and a.id > $2 and a.deleted_at is null and a.state = 'ready' and f.id = a.folder_id and f.trashed_root is null \
     and v.asset_id = a.id and v.number = a.version_number \
     and (v.width is not null or v.media_type = 'application/pdf' or v.media_type like 'image/%' or \
     v.media_type like 'video/%' or v.media_type like 'audio/%') order by a.id limit $3";
const RULED: &str = select!(
    "where a.tenant_id = $1 and a.access_rules is not null and f.path >= $2 and f.path < $3 order by a.id limit $4"
);

impl Catalog {
    /// One asset, whatever its state and whoever's it is: the library checks both, on every read.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn asset(&self, id: i64) -> Result<Option<Asset>> {
        sqlx::query(FIND).bind(id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Several assets in one read, as [`Self::asset`] gives them; those that are not there are left out, and the order is
    /// not kept.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn assets_by_id(&self, tenant_id: i64, ids: &[i64]) -> Result<Vec<Asset>> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(SLOTS) {
            let query = slots(sqlx::query(BY_IDS).bind(tenant_id), chunk);
            let rows = query.fetch_all(self.read()).await?;
            found.extend(rows.iter().map(read).collect::<Result<Vec<_>>>()?);
        }
        Ok(found)
    }

    /// The living images of a tenant, after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn image_assets(&self, tenant_id: i64, after: i64, limit: i64) -> Result<Vec<i64>> {
        let query = sqlx::query(IMAGES).bind(tenant_id).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(|row| row.int("id")).collect()
    }

    /// Assets with rules of their own in a folder or below it, in the trash or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ruled_assets(&self, top: &Folder, limit: i64) -> Result<Vec<Asset>> {
        let query = sqlx::query(RULED).bind(top.tenant_id).bind(&top.path).bind(end_of(&top.path)).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The living, ready assets of one kind, the newest first, before the id `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn latest_assets(&self, tenant_id: i64, family: Family, before: i64, limit: i64) -> Result<Vec<Asset>> {
        let query = sqlx::query(LATEST).bind(tenant_id).bind(family_word(family)).bind(before).bind(limit);
        let rows = query.fetch_all(self.read()).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_>>()?;
        let mut found = self.assets_by_id(tenant_id, &ids).await?;
        found.sort_unstable_by_key(|asset| std::cmp::Reverse(asset.id));
        Ok(found)
    }

    /// Notes how far the picture of some bytes is, with every version that has them; tells of which assets they are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_picture(&self, blob_id: i64, picture: Picture) -> Result<Vec<i64>> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(SET_PICTURE).bind(blob_id).bind(picture.as_str());
        let rows = query.fetch_all(tx.conn()).await?;
        let assets = rows.iter().map(|row| row.int("asset_id")).collect::<Result<_>>()?;
        tx.commit().await?;
        Ok(assets)
    }

    /// The assets that were put in the trash themselves, the latest first, before `(deleted_at, id)`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn deleted_assets(&self, tenant_id: i64, before: (i64, i64), limit: i64) -> Result<Vec<Asset>> {
        let query = sqlx::query(DELETED).bind(tenant_id).bind(before.0).bind(before.1).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The ready assets directly inside a folder, by folded name, after `(name_key, id)`. Of a trashed folder too:
    /// then those that went with it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folder_assets(&self, folder_id: i64, after: &(String, i64), limit: i64) -> Result<Vec<Asset>> {
        let query = sqlx::query(BY_FOLDER).bind(folder_id).bind(&after.0).bind(after.1).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }
}

pub(crate) fn read(row: &AnyRow) -> Result<Asset> {
    let tenant_id = row.int("tenant_id")?;
    Ok(Asset {
        id: row.int("id")?,
        tenant_id,
        folder: read_folder(row, tenant_id)?,
        key: row.text("asset_key")?,
        slug: row.text("slug")?,
        name: row.text("name")?,
        title: row.text_or_null("title")?,
        description: row.text_or_null("description")?,
        state: AssetState::parse(&row.text("state")?)?,
        scan: Scan::parse(&row.text("scan")?)?,
        version: row.int_or_null("v_id")?.map(|id| read_version(row, id)).transpose()?,
        download_count: row.int("download_count")?,
        download_limit: row.int_or_null("download_limit")?,
        expires_at: row.int_or_null("expires_at")?,
        created_by: row.int("created_by")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
        deleted_at: row.int_or_null("deleted_at")?,
        purge_at: row.int_or_null("purge_at")?,
        rules: rules::of_row(row, "access_rules")?,
    })
}

fn read_folder(row: &AnyRow, tenant_id: i64) -> Result<Folder> {
    Ok(Folder {
        id: row.int("f_id")?,
        tenant_id,
        parent_id: row.int_or_null("f_parent_id")?,
        space_id: row.int_or_null("f_space_id")?,
        kind: FolderKind::parse(&row.text("f_kind")?)?,
        name: row.text("f_name")?,
        slug: row.text("f_slug")?,
        path: row.text("f_path")?,
        public_read: row.flag("f_public_read")?,
        expires_at: row.int_or_null("f_expires_at")?,
        created_by: row.int("f_created_by")?,
        created_at: row.int("f_created_at")?,
        updated_at: row.int("f_updated_at")?,
        deleted_at: row.int_or_null("f_deleted_at")?,
        trashed_root: row.int_or_null("f_trashed_root")?,
        rules: rules::of_row(row, "f_access_rules")?,
    })
}

pub(super) fn read_version(row: &AnyRow, id: i64) -> Result<Version> {
    let media_type = row.text("media_type")?;
    let pixels = row.int_or_null("width")?.zip(row.int_or_null("height")?);
    Ok(Version {
        id,
        number: row.int("v_number")?,
        media_type: MediaType::parse(&media_type).ok_or(Error::Corrupt(format!("media type {media_type:?}")))?,
        pixels: pixels.and_then(|(width, height)| Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?))),
        orientation: u8::try_from(row.int("orientation")?).unwrap_or(1),
        animated: row.flag("animated")?,
        picture: Picture::parse(&row.text("picture")?)?,
        created_at: row.int("v_created_at")?,
        blob: read_blob(row)?,
    })
}

fn read_blob(row: &AnyRow) -> Result<Blob> {
    let key = row.text("blob_key")?;
    let id = BlobId::from_str(&key).map_err(|_| Error::Corrupt(format!("blob key {key:?}")))?;
    let crc32 = row.int("crc32")?;
    Ok(Blob {
        id: row.int("b_id")?,
        key: BlobKey::Original(id),
        size: row.count("size")?,
        digest: Digest {
            sha256: row.array("sha256")?,
            md5: row.array("md5")?,
            crc32: u32::try_from(crc32).map_err(|_| Error::Corrupt(format!("crc32 {crc32}")))?,
        },
    })
}
