//! What an image, a document or a film tells about itself: how it looks at a glance, how long it is, and what the camera wrote down.

pub use store::image_details::ImageDetails;

use crate::{Actor, Fault, Library, Noun, Right};

impl Library {
    /// What a file tells about itself; none while that has not been read, and of what tells nothing. Where a picture was
    /// taken is told to whoever may read it.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn image_details(&self, actor: &Actor, asset_id: i64) -> Result<Option<ImageDetails>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Read).await?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        Ok(self.inner.catalog.image_details(version.blob.id).await?)
    }
}

/// As they are kept. Neither engine need take what only one of them does.
pub(crate) fn of_image(details: media::Details) -> ImageDetails {
    let clean = |text: String| text.replace('\0', "");
    ImageDetails {
        pixels: Some(details.pixels),
        pages: details.pages,
        duration_ms: None,
        thumbhash: details.thumbhash,
        dominant: details.dominant,
        camera: details.camera.map(clean),
        taken_at: details.taken_at.map(clean),
        latitude_e7: details.latitude_e7,
        longitude_e7: details.longitude_e7,
    }
}
