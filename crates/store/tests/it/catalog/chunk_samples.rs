//! Uploads in chunks, as far as cases want them.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Result,
    assets::{NewBlob, NewVersion, Terms},
    blobs::{BlobId, BlobKey},
    uploads::{Chunk, Chunked, Folded, NewChunked, UploadPart},
};

use super::{
    engines::NOW,
    samples::{Site, at, distinct, random_key, slug},
};

/// No limit, and time enough.
pub const ROOM: (u64, i64) = (u64::MAX, NOW + 100);

pub fn new_chunked(site: &Site, folder_id: i64, name: &str, parts: i64) -> NewChunked {
    NewChunked {
        tenant_id: site.tenant.id,
        key: random_key(),
        realm: "botdoc".to_owned(),
        folder_id,
        asset_key: random_key(),
        name: name.to_owned(),
        name_key: name.to_lowercase(),
        title: None,
        text_key: None,
        terms: Terms::default(),
        fields: Vec::new(),
        detail: "video/mp4".to_owned(),
        parts,
        grown_key: BlobKey::Original(BlobId::random()),
        created_by: site.user.id,
        expires_at: NOW + 100,
    }
}

/// A chunk whose bytes say its number, under a key of its own.
pub fn chunk(number: i64) -> UploadPart {
    UploadPart { number, blob_key: BlobId::random().to_string(), size: 10, md5: [number.to_be_bytes()[7]; 16] }
}

pub fn key_of(part: &UploadPart) -> BlobKey {
    BlobKey::Original(part.blob_key.parse().unwrap())
}

/// An upload of which the first chunk came.
pub async fn begin(site: &Site, folder_id: i64, name: &str, parts: i64) -> Chunked {
    let wish = new_chunked(site, folder_id, name, parts);
    site.catalog.begin_chunked(&wish, &chunk(1), &at(NOW)).await.unwrap()
}

pub async fn add(site: &Site, upload: &Chunked, number: i64) -> Result<Chunk> {
    site.catalog.add_chunk(upload, &chunk(number), ROOM).await
}

/// The state after so many chunks.
pub fn folded(parts: i64) -> Folded {
    Folded { parts, bytes: 10 * parts.unsigned_abs(), sums: vec![parts.to_be_bytes()[7]; 3] }
}

/// Has all chunks come, and folds them.
pub async fn gather(site: &Site, upload: &Chunked) {
    for number in 2..=upload.parts {
        add(site, upload, number).await.unwrap();
    }
    for was in 0..upload.parts {
        assert!(site.catalog.fold_chunks(upload.id, was, &folded(was + 1), true).await.unwrap());
    }
}

/// What the asset gets: bytes of its own, where the upload has grown.
pub fn grown(site: &Site, upload: &Chunked) -> NewVersion {
    let version = site.new_version(distinct());
    NewVersion { blob: NewBlob { key: upload.grown_key, ..version.blob }, ..version }
}

pub async fn end(site: &Site, upload: &Chunked) -> Result<Option<bool>> {
    let version = grown(site, upload);
    site.catalog.end_chunked(upload, (&version, &slug(&upload.name)), NOW + 200, &at(NOW + 1)).await
}

/// The upload as it is now.
pub async fn look(site: &Site, upload: &Chunked) -> Option<Chunked> {
    site.catalog.chunked_of_asset(upload.asset_id).await.unwrap()
}
