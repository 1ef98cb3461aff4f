//! What people say of a file: fields under dotted paths, keywords, title and description.

use std::collections::HashMap;

use store::assets::Description;

use crate::{Actor, Asset, Fault, Field, ImageDetails, Invalid, Library, Right, fields::text_key};

/// What there is to tell of one file beyond its row.
#[derive(Debug, Clone, Default)]
pub struct AssetNotes {
    /// Its fields, in stored order.
    pub fields: Vec<Field>,
    /// Its keywords, in the order of their bytes.
    pub tags: Vec<String>,
    /// What it tells about itself.
    pub details: Option<ImageDetails>,
}

/// Which of these are wanted: each costs a read for some dozen files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotesWanted {
    /// The fields.
    pub fields: bool,
    /// The keywords.
    pub tags: bool,
    /// What the bytes tell.
    pub details: bool,
}

impl AssetNotes {
    /// The text of a field.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.path == path).map(|field| field.value.as_str())
    }
}

/// Title, description and keywords, all of which take the place of those before.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// A title; none: the name stands for it.
    pub title: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// Keywords.
    pub tags: Vec<String>,
}

impl Words {
    /// Whether they can be kept.
    ///
    /// # Errors
    /// `Invalid` for what is too long, or holds a NUL.
    pub fn check(&self) -> Result<(), Fault> {
        expect_sound(self.title.as_deref(), self.description.as_deref(), &self.tags)
    }

    pub(crate) fn said(&self) -> Description {
        Description {
            title: self.title.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            text_key: text_key(self.title.as_ref(), self.description.as_ref(), &self.tags),
        }
    }
}

/// The longest title, description or keyword, in bytes, and the most keywords.
const MAX_TITLE_BYTES: usize = 1_024;
const MAX_DESCRIPTION_BYTES: usize = 64 * 1_024;
const MAX_TAG_BYTES: usize = 255;
const MAX_TAGS: usize = 200;

/// Whether words are such as can be kept.
pub(crate) fn expect_sound(title: Option<&str>, description: Option<&str>, tags: &[String]) -> Result<(), Fault> {
    let is_sound = |text: &str, most: usize| text.len() <= most && !text.contains('\0');
    let sound = title.is_none_or(|title| is_sound(title, MAX_TITLE_BYTES))
        && description.is_none_or(|text| is_sound(text, MAX_DESCRIPTION_BYTES))
        && tags.iter().all(|tag| !tag.is_empty() && is_sound(tag, MAX_TAG_BYTES))
        && tags.len() <= MAX_TAGS;
    if sound {
        return Ok(());
    }
    Err(Fault::Invalid(Invalid::Other("a title, description or keyword is too long or holds a NUL")))
}

impl Library {
    /// Says something of a file.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` for what is too long, or holds a NUL.
    pub async fn describe_asset(&self, actor: &Actor, asset_id: i64, words: &Words) -> Result<(), Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Update).await?;
        expect_sound(words.title.as_deref(), words.description.as_deref(), &words.tags)?;
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.describe_asset(asset.tenant_id, asset_id, &words.said(), &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// What there is to tell of several files, in a few reads for all of them.
    ///
    /// # Errors
    /// `NotFound` for another tenant's files. The caller has them from a verb that checked the rights.
    pub async fn describe_assets(
        &self,
        actor: &Actor,
        assets: &[Asset],
        wanted: NotesWanted,
    ) -> Result<HashMap<i64, AssetNotes>, Fault> {
        let ids = Self::ids_of_own(actor, assets)?;
        let mut notes: HashMap<i64, AssetNotes> = HashMap::with_capacity(ids.len());
        let catalog = &self.inner.catalog;
        if wanted.fields {
            for (id, field) in catalog.fields_of_assets(&ids).await? {
                notes.entry(id).or_default().fields.push(field);
            }
        }
        if wanted.tags {
            for (id, tag) in catalog.tags_of_assets(&ids).await? {
                notes.entry(id).or_default().tags.push(tag);
            }
        }
        if wanted.details {
            for (id, details) in catalog.image_details_of_assets(&ids).await? {
                notes.entry(id).or_default().details = Some(details);
            }
        }
        Ok(notes)
    }
}
