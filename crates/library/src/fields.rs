//! A file's fields, changed as a whole: who knows what they mean reads them all, works out what they are to be, and puts those in
//! their place if nobody else has changed them meanwhile.

use store::fields::FieldSet;
use tokio::sync::{Mutex, MutexGuard};

use crate::{Actor, Asset, Fault, Field, Invalid, Library, Right, descriptions, names};

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

/// Who changes the fields of a file takes its turn: else, of many at once, all but one would do their work for nothing.
pub(crate) struct Turns(Vec<Mutex<()>>);

/// Files share turns by id: a collision only costs a wait.
const TURNS: usize = 256;

impl Default for Turns {
    fn default() -> Self {
        Self(std::iter::repeat_with(Mutex::default).take(TURNS).collect())
    }
}

impl Library {
    /// A turn at the fields of a file, on this node: others wait until it is dropped.
    pub async fn turn_at_fields(&self, asset_id: i64) -> MutexGuard<'_, ()> {
        let at = usize::try_from(asset_id.unsigned_abs() % TURNS as u64).unwrap_or_default();
        self.inner.turns.0[at].lock().await
    }

    /// The fields of a file that the actor may change, in stored order.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn fields_to_change(&self, actor: &Actor, asset_id: i64) -> Result<Vec<Field>, Fault> {
        self.expect_asset(actor, asset_id, Right::Update).await?;
        Ok(self.inner.catalog.fields(asset_id).await?)
    }

    /// Puts other fields, title and description in the place of a file's, if its fields are still those that were seen; false
    /// when they are not.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` for too many or too long ones, or such that hold a NUL.
    pub async fn exchange_fields(
        &self,
        actor: &Actor,
        asset: &Asset,
        seen: &[Field],
        wish: &FieldsWish,
    ) -> Result<bool, Fault> {
        self.expect_asset(actor, asset.id, Right::Update).await?;
        let texts = || wish.fields.iter().flat_map(|field| [&field.path, &field.value]);
        let bytes: usize = texts().map(String::len).sum();
        if wish.fields.len() > MAX_FIELDS || bytes > MAX_FIELDS_BYTES || texts().any(|text| text.contains('\0')) {
            return Err(Fault::Invalid(Invalid::Other("the fields are too many or too long, or hold a NUL")));
        }
        descriptions::expect_sound(wish.title.as_deref(), wish.description.as_deref(), &[])?;
        let tags = self.inner.catalog.tags(asset.id).await?;
        let set = FieldSet {
            fields: wish.fields.clone(),
            text_key: text_key(wish.title.as_ref(), wish.description.as_ref(), &tags),
            title: wish.title.clone(),
            description: wish.description.clone(),
        };
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
