//! A file's fields, changed as a whole: who knows what they mean reads them all, works out what they are to be, and puts those in
//! their place if nobody else has changed them meanwhile.

use std::sync::Arc;

use store::fields::{FieldSet, Said};
use tokio::sync::{Mutex, MutexGuard};

use crate::{Actor, Asset, Fault, Field, Invalid, Library, Noun, Right, descriptions, names};

/// What is to be said of a file.
#[derive(Debug, Clone, Default)]
pub struct FieldsWish {
    /// Its fields, in the order in which they are to be kept.
    pub fields: Vec<Field>,
    /// Its title, which every dialect shows.
    pub title: Option<String>,
    /// Its description, likewise.
    pub description: Option<String>,
}

/// The most fields of one file, and the most bytes of all their paths and values.
const MAX_FIELDS: usize = 1_000;
const MAX_FIELDS_BYTES: usize = 256 * 1_024;

/// Who changes a file in several steps takes its turn: else, of many at once, all but one would do their work for nothing.
pub(crate) struct Turns(Vec<Mutex<()>>);

impl Turns {
    pub(crate) async fn of(&self, asset_id: i64) -> MutexGuard<'_, ()> {
        let at = usize::try_from(asset_id.unsigned_abs() % TURNS as u64).unwrap_or_default();
        self.0[at].lock().await
    }
}

/// Files share turns by id: a collision only costs a wait.
const TURNS: usize = 256;
/// So often somebody on another node, or with words of another dialect, may be faster.
const MAX_TRIES: u32 = 16;

impl Default for Turns {
    fn default() -> Self {
        Self(std::iter::repeat_with(Mutex::default).take(TURNS).collect())
    }
}

impl Library {
    /// Changes what is said of a file: `work` gets the file and its fields as they are, and tells what they are to be. It is
    /// asked again when somebody else was faster.
    ///
    /// # Errors
    /// What `work` says; `NotFound`, `Denied`; `Invalid` for too many or too long fields, or such that hold a NUL; `Busy`.
    pub async fn change_fields<E: From<Fault>>(
        &self,
        actor: &Actor,
        asset_id: i64,
        work: impl Fn(&Asset, &[Field]) -> Result<FieldsWish, E>,
    ) -> Result<Arc<Asset>, E> {
        let _turn = self.inner.turns.of(asset_id).await;
        for _ in 0..MAX_TRIES {
            self.expect_asset(actor, asset_id, Right::Update).await?;
            // What is in memory may be older than what is to be exchanged.
            let asset = self.inner.catalog.asset(asset_id).await.map_err(Fault::from)?;
            let asset = asset.ok_or(Fault::NotFound(Noun::Asset))?;
            let seen = Said {
                fields: self.inner.catalog.fields(asset_id).await.map_err(Fault::from)?,
                title: asset.title.clone(),
                description: asset.description.clone(),
                tags: self.inner.catalog.tags(asset_id).await.map_err(Fault::from)?,
            };
            let wish = work(&asset, &seen.fields)?;
            if self.exchange_fields(actor, &asset, &seen, wish).await? {
                return Ok(self.card(asset_id).await?.ok_or(Fault::NotFound(Noun::Asset))?);
            }
        }
        Err(Fault::Busy.into())
    }

    async fn exchange_fields(
        &self,
        actor: &Actor,
        asset: &Asset,
        seen: &Said,
        wish: FieldsWish,
    ) -> Result<bool, Fault> {
        let texts = || wish.fields.iter().flat_map(|field| [&field.path, &field.value]);
        let bytes: usize = texts().map(String::len).sum();
        if wish.fields.len() > MAX_FIELDS || bytes > MAX_FIELDS_BYTES || texts().any(|text| text.contains('\0')) {
            return Err(Fault::Invalid(Invalid::Other("the fields are too many or too long, or hold a NUL")));
        }
        descriptions::expect_sound(wish.title.as_deref(), wish.description.as_deref(), &[])?;
        let text_key = text_key(wish.title.as_ref(), wish.description.as_ref(), &seen.tags);
        let set = FieldSet { fields: wish.fields, text_key, title: wish.title, description: wish.description };
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.exchange_fields(asset.tenant_id, asset.id, (seen, &set), &stamp).await;
        self.inner.cards.void(asset.id);
        Ok(done?)
    }
}

/// What files are found by beside their names.
pub(crate) fn text_key(title: Option<&String>, description: Option<&String>, tags: &[String]) -> Option<String> {
    let lines = title.into_iter().chain(description).chain(tags);
    let text = lines.map(String::as_str).collect::<Vec<_>>().join("\n");
    (!text.is_empty()).then(|| names::sort_key(&text))
}
