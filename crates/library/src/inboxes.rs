//! Inboxes: folders that one dialect makes to send files or to be sent some, and that may have an end. And guests: people
//! without an account who are let into one.

use std::sync::Arc;

use store::{folders::NewFolder, paths::Missing, records::NewRecord};

use crate::{
    Actor, Fault, Folder, FolderKind, Library, Noun, Origin, Record, Right, Rights, actor::Guest, names, records, slugs,
};

/// An inbox to make, and what its dialect keeps about it.
#[derive(Debug)]
pub struct InboxWish<'a> {
    /// Its display name.
    pub name: &'a str,
    /// The first moment at which it is over, in milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// Which dialect's it is.
    pub realm: &'a str,
    /// Which of the dialect's kinds the record is.
    pub kind: &'a str,
    /// The record's text.
    pub body: String,
}

impl Library {
    /// Makes an inbox in the actor's topmost folder, with a record about it.
    ///
    /// # Errors
    /// `Denied`, `Invalid` for a name that can not be one or a text that is too long.
    pub async fn create_inbox(&self, actor: &Actor, wish: InboxWish<'_>) -> Result<(Folder, Record), Fault> {
        let tenant_id = actor.tenant_id()?;
        let parent = match actor.token().and_then(|token| token.folder_id) {
            Some(id) => self.expect_in_folder(actor, id, Right::Create).await?,
            None => self.root_folder(actor, tenant_id, Right::Create).await?,
        };
        self.make_inbox(actor, &parent, wish).await
    }

    /// Makes an inbox in a tenant's root, for keys that are yet to be given out.
    ///
    /// # Errors
    /// `Denied` for those who do not run the tenant, `Invalid` as for [`Self::create_inbox`].
    pub async fn found_inbox(
        &self,
        actor: &Actor,
        tenant_id: i64,
        wish: InboxWish<'_>,
    ) -> Result<(Folder, Record), Fault> {
        actor.expect_manager(tenant_id)?;
        let root = self.inner.catalog.root_folder(tenant_id).await?;
        self.make_inbox(actor, &root, wish).await
    }

    async fn make_inbox(&self, actor: &Actor, parent: &Folder, wish: InboxWish<'_>) -> Result<(Folder, Record), Fault> {
        let name = names::check(wish.name)?;
        records::expect_text(&wish.body)?;
        let folder = NewFolder {
            missing: Missing::default(),
            tenant_id: parent.tenant_id,
            parent_id: parent.id,
            kind: FolderKind::Inbox,
            name_key: names::sort_key(&name),
            slug: slugs::of_folder(&name),
            name,
            public_read: false,
            expires_at: wish.expires_at,
            created_by: self.author(actor, parent.tenant_id).await?,
        };
        let record = NewRecord {
            tenant_id: parent.tenant_id,
            realm: wish.realm.to_owned(),
            kind: wish.kind.to_owned(),
            parent_id: None,
            folder_id: None,
            asset_id: None,
            body: wish.body,
            lookup: None,
        };
        Ok(self.inner.catalog.add_recorded_folder(&folder, &record, &actor.stamp(self.now_ms())).await?)
    }

    /// When an inbox ends, in milliseconds since 1970; for who came by a link to one that is over.
    ///
    /// # Errors
    /// `NotFound` when it is gone.
    pub async fn inbox_end(&self, (tenant_id, folder_id): (i64, i64)) -> Result<Option<i64>, Fault> {
        let folder = self.inner.catalog.folder(tenant_id, folder_id).await?;
        Ok(folder.ok_or(Fault::NotFound(Noun::Folder))?.expires_at)
    }

    /// Somebody whom a person let into a folder by a link. It opens as long as both are there and the folder's time is not over.
    ///
    /// # Errors
    /// `NotFound` when the folder is gone or in the trash, or the person was shut out; `Expired`.
    pub async fn guest(
        &self,
        (tenant_id, folder_id): (i64, i64),
        host_id: i64,
        rights: Rights,
        origin: Origin,
    ) -> Result<(Actor, Folder), Fault> {
        let missing = Fault::NotFound(Noun::Folder);
        let folder = self.inner.catalog.folder(tenant_id, folder_id).await?.filter(Folder::lives);
        let folder = folder.ok_or_else(|| missing.clone())?;
        let host = self.inner.catalog.user(tenant_id, host_id).await?.filter(|host| host.disabled_at.is_none());
        let host = host.ok_or(missing)?;
        if folder.expires_at.is_some_and(|at| at <= self.now_ms()) {
            return Err(Fault::Expired);
        }
        Ok((Actor::guest(Arc::new(Guest::new(&folder, host, rights)), origin), folder))
    }
}
