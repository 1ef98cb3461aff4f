//! Putting a file at a path, whatever is there.

use std::sync::Arc;

use store::{
    assets::{NewAsset, NewVersion, Terms},
    fields::FieldSet,
    names::Slug,
    paths::Named,
};

use super::Place;
use crate::{
    Actor, Asset, Fault, Ingest, Library, Noun, Right, Upload, chance, fields::text_key, names, uploads::expect_texts,
};

/// What a path leads to may change while something is put there; so often it is looked up anew.
const MAX_TRIES: u32 = 8;

impl Library {
    /// Puts a file at a path: a new one, or new bytes for the one that is there, of which all that was said before is forgotten but for keywords.
    ///
    /// # Errors
    /// `Conflict` when a folder is there; as for [`Self::add_assets`].
    pub async fn put_asset(
        &self,
        actor: &Actor,
        place: &Place<'_>,
        upload: Upload,
        ingest: Ingest,
    ) -> Result<Arc<Asset>, Fault> {
        let spot = self.spot(actor, place).await?;
        expect_texts(&upload)?;
        let name = names::check(spot.slug)?;
        let (library, actor, author) = (self.clone(), actor.clone(), spot.missing.created_by);
        let (top, make_folders) = (place.top, place.make_folders);
        let tenant_id = spot.folder.tenant_id;
        let gate = self.gate(&actor, (tenant_id, spot.folder.id)).await?;
        let path: Vec<String> = place.path.iter().map(|slug| (*slug).to_owned()).collect();
        // On a task of its own: a caller who goes away after the last byte does not leave bytes without rows.
        let put = tokio::spawn(async move {
            let Upload { received, declared_type, title, .. } = upload;
            let version =
                library.publish(received, (&name, declared_type), (tenant_id, author), (&gate, ingest)).await?;
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let place = Place { top, path: &path, make_folders };
            let outcome = library.put_version(&actor, &place, (&name, title), &version).await;
            let (put, needed) = match outcome {
                Ok((id, kept)) => (Ok(id), kept),
                // What may have a row after all stays; garbage collection looks again.
                Err((fault, certain)) => (Err(fault), !certain),
            };
            if !needed {
                library.discard(version.blob.key).await;
            }
            library.wake();
            put
        });
        let id = put.await.map_err(Fault::internal)??;
        self.card(id).await?.ok_or(Fault::NotFound(Noun::Asset))
    }

    /// The rows of a file at a path: its id, and whether its bytes are needed. What failed: and whether nothing was changed for certain.
    async fn put_version(
        &self,
        actor: &Actor,
        place: &Place<'_>,
        (name, title): (&str, Option<String>),
        version: &NewVersion,
    ) -> Result<(i64, bool), (Fault, bool)> {
        let sure = |fault: Fault| (fault, true);
        for _ in 0..MAX_TRIES {
            let spot = self.spot(actor, place).await.map_err(sure)?;
            let tenant_id = spot.folder.tenant_id;
            let stamp = actor.stamp(self.now_ms());
            let outcome = match spot.taken {
                Some(Named::Folder(_)) => return Err(sure(Fault::Conflict(Noun::Folder))),
                Some(Named::Asset(id)) => {
                    self.expect_asset(actor, id, Right::Update).await.map_err(sure)?;
                    let tags = self.inner.catalog.tags(id).await.map_err(|error| sure(error.into()))?;
                    let text_key = text_key(title.as_ref(), None, &tags);
                    let said = FieldSet { title: title.clone(), text_key, ..FieldSet::default() };
                    let kept = self.inner.catalog.replace_asset(tenant_id, id, (version, &said), &stamp).await;
                    self.inner.cards.void(id);
                    kept.map(|kept| (id, kept))
                }
                None => {
                    let asset = NewAsset {
                        tenant_id,
                        folder_id: spot.folder.id,
                        missing: spot.missing,
                        key: chance::key_20(),
                        name_key: names::sort_key(name),
                        name: name.to_owned(),
                        slug: Slug::exactly(spot.slug.to_owned()),
                        title: title.clone(),
                        text_key: text_key(title.as_ref(), None, &[]),
                        version: version.clone(),
                        terms: Terms::default(),
                        fields: Vec::new(),
                    };
                    let added = self.inner.catalog.add_assets(std::slice::from_ref(&asset), &stamp).await;
                    added.map(|added| (added[0].asset_id, added[0].kept_blob))
                }
            };
            match outcome {
                Ok(put) => return Ok(put),
                // Somebody was faster, or moved what was on the way: it is looked at anew.
                Err(store::Error::Taken(_) | store::Error::Missing(_)) => {}
                Err(error) => {
                    let certain = error.is_certain();
                    return Err((error.into(), certain));
                }
            }
        }
        Err(sure(Fault::Busy))
    }
}
