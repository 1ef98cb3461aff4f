//! Collections: files across folders under one title. Their owner and who runs the tenant change them; those who were let in see
//! them, and everybody of the tenant does when they are public.

use std::collections::HashSet;

use store::collections::{Collection, NewCollection};

use crate::{Actor, Asset, Fault, Library, Noun, Right, User, descriptions::expect_sound, records::expect_text};

const LIST: i64 = 10_000;
const PAGE: i64 = 1_000;

/// What is said of a collection.
#[derive(Debug, Clone, Default)]
pub struct CollectionWish {
    /// What it is called.
    pub title: String,
    /// What is said of it.
    pub description: Option<String>,
    /// What only the dialect knows.
    pub body: String,
}

impl Library {
    /// Makes a collection that only its owner sees.
    ///
    /// # Errors
    /// `Denied` for who may not create anything; `Invalid` for texts that are too long or hold a NUL.
    pub async fn create_collection(&self, actor: &Actor, wish: CollectionWish) -> Result<Collection, Fault> {
        actor.expect_somewhere(Right::Create)?;
        if actor.is_guest() {
            return Err(Fault::Denied);
        }
        expect_sound(Some(&wish.title), wish.description.as_deref(), &[])?;
        expect_text(&wish.body)?;
        let tenant_id = actor.tenant_id()?;
        let new = NewCollection {
            tenant_id,
            title: wish.title,
            description: wish.description,
            body: wish.body,
            created_by: self.author(actor, tenant_id).await?,
        };
        Ok(self.inner.catalog.add_collection(&new, &actor.stamp(self.now_ms())).await?)
    }

    /// One collection that the actor may see.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn collection(&self, actor: &Actor, id: i64) -> Result<Collection, Fault> {
        actor.expect_somewhere(Right::Read)?;
        let missing = || Fault::NotFound(Noun::Collection);
        let found = self.inner.catalog.collection(actor.tenant_id()?, id).await?.ok_or_else(missing)?;
        if self.seen_collections(actor, vec![found.clone()]).await?.is_empty() { Err(missing()) } else { Ok(found) }
    }

    /// The collections that the actor may see, oldest first.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn collections(&self, actor: &Actor) -> Result<Vec<Collection>, Fault> {
        actor.expect_somewhere(Right::Read)?;
        let found = self.inner.catalog.collections(actor.tenant_id()?, 0, LIST).await?;
        self.seen_collections(actor, found).await
    }

    /// The collections that an entry is in, of both of which the actor may see.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn collections_of_entry(&self, actor: &Actor, asset_id: i64) -> Result<Vec<Collection>, Fault> {
        let asset = self.expect_entry(actor, asset_id, Right::Read).await?;
        let found = self.inner.catalog.collections_of_asset(asset.tenant_id, asset_id, LIST).await?;
        self.seen_collections(actor, found).await
    }

    /// Says something else of a collection.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` for texts that are too long or hold a NUL.
    pub async fn describe_collection(&self, actor: &Actor, id: i64, wish: CollectionWish) -> Result<Collection, Fault> {
        expect_sound(Some(&wish.title), wish.description.as_deref(), &[])?;
        expect_text(&wish.body)?;
        let CollectionWish { title, description, body } = wish;
        let found = self.collection_to_change(actor, id).await?;
        let changed = Collection { title, description, body, ..found };
        if !self.inner.catalog.describe_collection(&changed, &actor.stamp(self.now_ms())).await? {
            return Err(Fault::NotFound(Noun::Collection));
        }
        self.collection(actor, id).await
    }

    /// Shows a collection to everybody of the tenant, or no longer.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Conflict` when it is so already.
    pub async fn publish_collection(&self, actor: &Actor, id: i64, public: bool) -> Result<(), Fault> {
        let found = self.collection_to_change(actor, id).await?;
        let stamp = actor.stamp(self.now_ms());
        match self.inner.catalog.publish_collection(found.tenant_id, id, public, &stamp).await? {
            true => Ok(()),
            false => Err(Fault::Conflict(Noun::Collection)),
        }
    }

    /// Ends a collection; what is in it stays.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn delete_collection(&self, actor: &Actor, id: i64) -> Result<(), Fault> {
        let found = self.collection_to_change(actor, id).await?;
        let done = self.inner.catalog.delete_collection(found.tenant_id, id, &actor.stamp(self.now_ms())).await?;
        if done { Ok(()) } else { Err(Fault::NotFound(Noun::Collection)) }
    }

    /// Puts entries that the actor may see in a collection, and takes others out.
    ///
    /// # Errors
    /// `NotFound` when the collection or one of those to put in is not there, `Denied`.
    pub async fn change_collection(
        &self,
        actor: &Actor,
        id: i64,
        (put, take_out): (&[i64], &[i64]),
    ) -> Result<(), Fault> {
        let found = self.collection_to_change(actor, id).await?;
        self.expect_few(put.len().saturating_add(take_out.len()))?;
        let seen: HashSet<i64> = self.entries_by_id(actor, put).await?.iter().map(|asset| asset.id).collect();
        if put.iter().any(|id| !seen.contains(id)) {
            return Err(Fault::NotFound(Noun::Asset));
        }
        let stamp = actor.stamp(self.now_ms());
        Ok(self.inner.catalog.change_collection((found.tenant_id, id), (put, take_out), &stamp).await?)
    }

    /// The entries in a collection, of those that the actor may see, oldest first.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when there are more than one listing may name.
    pub async fn collected_entries(&self, actor: &Actor, id: i64) -> Result<Vec<Asset>, Fault> {
        self.collection(actor, id).await?;
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let ids = self.inner.catalog.collected_assets(id, after, PAGE).await?;
            let Some(last) = ids.last() else { return Ok(seen) };
            after = *last;
            seen.extend(self.entries_by_id(actor, &ids).await?);
            self.expect_few(seen.len())?;
        }
    }

    /// Lets people of the tenant see a collection, or no longer.
    ///
    /// # Errors
    /// `NotFound` when it or one of them is not there, `Denied`.
    pub async fn share_collection(
        &self,
        actor: &Actor,
        id: i64,
        (let_in, shut_out): (&[i64], &[i64]),
    ) -> Result<(), Fault> {
        let found = self.collection_to_change(actor, id).await?;
        for user_id in let_in {
            self.inner.catalog.user(found.tenant_id, *user_id).await?.ok_or(Fault::NotFound(Noun::User))?;
        }
        let stamp = actor.stamp(self.now_ms());
        Ok(self.inner.catalog.share_collection((found.tenant_id, id), (let_in, shut_out), &stamp).await?)
    }

    /// Who was let in to a collection, its owner first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn collection_users(&self, actor: &Actor, id: i64) -> Result<Vec<User>, Fault> {
        let found = self.collection(actor, id).await?;
        let mut ids = vec![found.created_by];
        ids.extend(
            self.inner.catalog.collection_users(id, LIST).await?.into_iter().filter(|id| *id != found.created_by),
        );
        let mut people = self.people(actor, &ids).await?;
        let users = ids.iter().filter_map(|id| people.remove(id));
        Ok(users.filter(|user| user.disabled_at.is_none()).collect())
    }

    async fn collection_to_change(&self, actor: &Actor, id: i64) -> Result<Collection, Fault> {
        let found = self.collection(actor, id).await?;
        let owns = actor.user().is_some_and(|user| user.id == found.created_by);
        let may = runs_tenant(actor) || (owns && actor.rights().has(Right::Update));
        if may { Ok(found) } else { Err(Fault::Denied) }
    }

    async fn seen_collections(&self, actor: &Actor, mut found: Vec<Collection>) -> Result<Vec<Collection>, Fault> {
        if runs_tenant(actor) {
            return Ok(found);
        }
        // Who came by a link is nobody of the tenant's, and has nothing of whoever let them in.
        if actor.is_guest() {
            return Ok(Vec::new());
        }
        let own = actor.user().map(|user| user.id);
        let shared: HashSet<i64> = match own {
            Some(id) if found.iter().any(|found| !found.is_public && found.created_by != id) => {
                self.inner.catalog.collections_shared_with(id).await?.into_iter().collect()
            }
            _ => HashSet::new(),
        };
        found.retain(|found| found.is_public || Some(found.created_by) == own || shared.contains(&found.id));
        Ok(found)
    }
}

/// Whose key is confined to a folder runs nothing beyond it.
fn runs_tenant(actor: &Actor) -> bool {
    actor.rights().has(Right::Manage) && actor.token().is_none_or(|token| token.folder_id.is_none())
}
