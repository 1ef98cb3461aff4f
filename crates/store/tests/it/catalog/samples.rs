//! What cases put into a database: a tenant with its root, folders, assets with bytes of their own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicU64, Ordering};

use content::{Digest, MediaType};
use store::{
    Catalog, Result,
    assets::{Asset, AssetChange, NewAsset, NewBlob, NewVersion, Scan},
    audit::Stamp,
    blobs::{BlobId, BlobKey},
    folders::{Folder, FolderChange, FolderKind, NewFolder},
    names::Slug,
    tenants::Tenant,
    users::{NewUser, User},
};

use super::engines::NOW;

/// The key that every listing begins behind.
pub const START: (String, i64) = (String::new(), 0);

/// A tenant with a catalog to reach it by. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    pub catalog: Catalog,
    pub tenant: Tenant,
    pub user: User,
    pub root: Folder,
}

impl Site {
    pub async fn new(catalog: &Catalog) -> Self {
        let (tenant, user, root) = catalog.add_tenant("Acme", &person("admin@acme.test"), &at(NOW)).await.unwrap();
        Self { catalog: catalog.clone(), tenant, user, root }
    }

    /// The same tenant through another catalog.
    pub fn through(&self, catalog: &Catalog) -> Self {
        Self { catalog: catalog.clone(), ..self.clone() }
    }

    pub fn new_folder(&self, parent_id: i64, name: &str) -> NewFolder {
        NewFolder {
            missing: store::paths::Missing::default(),
            tenant_id: self.tenant.id,
            parent_id,
            kind: FolderKind::Plain,
            name: name.to_owned(),
            name_key: name.to_lowercase(),
            slug: slug(name),
            public_read: false,
            expires_at: None,
            created_by: self.user.id,
        }
    }

    pub async fn try_folder(&self, parent_id: i64, name: &str) -> Result<Folder> {
        self.catalog.add_folder(&self.new_folder(parent_id, name), &at(NOW)).await
    }

    pub async fn folder(&self, parent_id: i64, name: &str) -> Folder {
        self.try_folder(parent_id, name).await.unwrap()
    }

    pub async fn space(&self, name: &str) -> Folder {
        let space = NewFolder { kind: FolderKind::Space, ..self.new_folder(self.root.id, name) };
        self.catalog.add_folder(&space, &at(NOW)).await.unwrap()
    }

    pub async fn move_folder(&self, folder: &Folder, parent_id: i64) -> Result<Folder> {
        let change = FolderChange {
            seen: None,
            name: None,
            parent_id: Some(parent_id),
            missing: store::paths::Missing::default(),
            slug: slug(&folder.name),
        };
        self.catalog.change_folder(self.tenant.id, folder.id, &change, &at(NOW)).await
    }

    pub async fn trash_folder(&self, folder_id: i64) -> Result<()> {
        self.catalog.trash_folder(self.tenant.id, folder_id, &at(NOW)).await
    }

    /// The folder as it is now.
    pub async fn look(&self, folder_id: i64) -> Folder {
        self.catalog.folder(self.tenant.id, folder_id).await.unwrap().unwrap()
    }

    pub fn new_asset(&self, folder_id: i64, name: &str) -> NewAsset {
        NewAsset {
            missing: store::paths::Missing::default(),
            title: None,
            text_key: None,
            terms: store::assets::Terms::default(),
            tenant_id: self.tenant.id,
            folder_id,
            key: random_key(),
            name: name.to_owned(),
            name_key: name.to_lowercase(),
            slug: slug(name),
            version: self.new_version(distinct()),
            fields: Vec::new(),
        }
    }

    /// A version whose bytes are those of `seed`.
    pub fn new_version(&self, seed: u64) -> NewVersion {
        NewVersion {
            blob: new_blob(seed),
            media_type: MediaType::JPEG,
            pixels: Some((640, 480)),
            orientation: 6,
            animated: false,
            scan: Scan::Unscanned,
            created_by: self.user.id,
            jobs: Vec::new(),
            details: None,
        }
    }

    pub async fn try_asset(&self, folder_id: i64, name: &str) -> Result<i64> {
        let added = self.catalog.add_assets(&[self.new_asset(folder_id, name)], &at(NOW)).await?;
        Ok(added[0].asset_id)
    }

    pub async fn asset(&self, folder_id: i64, name: &str) -> i64 {
        self.try_asset(folder_id, name).await.unwrap()
    }

    pub async fn move_asset(&self, asset_id: i64, folder_id: i64, name: &str) -> Result<()> {
        let change = AssetChange {
            seen: None,
            name: None,
            folder_id: Some(folder_id),
            missing: store::paths::Missing::default(),
            slug: slug(name),
            fields: Vec::new(),
        };
        self.catalog.change_asset(self.tenant.id, asset_id, &change, &at(NOW)).await
    }

    pub async fn trash_asset(&self, asset_id: i64) -> Result<()> {
        self.catalog.trash_asset(self.tenant.id, asset_id, &at(NOW)).await
    }

    /// The asset as it is now.
    pub async fn view(&self, asset_id: i64) -> Asset {
        self.catalog.asset(asset_id).await.unwrap().unwrap()
    }

    pub async fn slug_of(&self, asset_id: i64) -> String {
        self.view(asset_id).await.slug
    }
}

/// A change that the server makes by itself at this moment.
pub fn at(now_ms: i64) -> Stamp {
    Stamp::system(now_ms)
}

pub fn person(email: &str) -> NewUser {
    NewUser { email: email.to_owned(), full_name: "Ann".to_owned(), role: "admin".to_owned(), password_hash: None }
}

/// The slug of a name that is fit for a path already.
pub fn slug(name: &str) -> Slug {
    let (stem, extension) = name.rsplit_once('.').map_or((name, ""), |(stem, _)| (stem, &name[stem.len()..]));
    Slug { stem: stem.to_owned(), extension: extension.to_owned(), exact: false }
}

/// Bytes of which nothing is known but their sums: equal seeds are equal bytes.
pub fn new_blob(seed: u64) -> NewBlob {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&seed.to_be_bytes());
    let digest = Digest { sha256, md5: [seed.to_be_bytes()[7]; 16], crc32: u32::MAX };
    NewBlob { key: BlobKey::Original(BlobId::random()), size: 1000 + seed % 1000, digest }
}

/// A number that no other call gets.
pub fn distinct() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1_000_000);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

pub fn random_key() -> String {
    BlobId::random().to_string()[..20].to_owned()
}

/// Expects an error of this shape.
macro_rules! assert_fails {
    ($outcome:expr, $error:pat) => {
        match $outcome {
            Err($error) => {}
            Err(other) => panic!("{other:?} instead of {}", stringify!($error)),
            Ok(_) => panic!("success instead of {}", stringify!($error)),
        }
    };
}
pub(super) use assert_fails;
