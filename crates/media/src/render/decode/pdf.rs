//! The first page of a PDF to pixels, by hayro: as large as the largest rendition needs it. Pages, fonts and pictures come out of the
//! document, and fonts that it only names out of the program; scripts, attachments and what lies elsewhere are never looked at.

use content::MediaType;
use hayro::{
    RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, util::TransformExt},
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf, page::Page},
    kurbo::Affine,
    vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit, color::palette::css::WHITE},
};

use super::super::{
    Base, Source, Work,
    raster::{Layout, Raster},
};
use crate::{Probe, RenderError};

/// Of the size that a page is shown at: 144 pixels to the inch.
const PIXELS_PER_POINT: f64 = 2.0;

/// No page is shown with a longer side, however large the paper.
const MAX_SHOWN_SIDE: f64 = 4096.0;

/// A document that has been read, and has a page.
pub(in super::super) struct Document(Pdf);

impl Document {
    /// Reads how the document hangs together, and none of what is on its pages.
    ///
    /// # Errors
    /// `Unsupported` when it can not be read without a password, else `Corrupt`.
    pub fn open(input: &[u8]) -> Result<Self, RenderError> {
        let pdf = Pdf::new(input.to_vec()).map_err(refusal)?;
        if pdf.pages().is_empty() { Err(corrupt("the document has no pages")) } else { Ok(Self(pdf)) }
    }

    /// How the first page is shown: turned, and cut to its crop box.
    ///
    /// # Errors
    /// `Corrupt` when it has no size.
    pub fn probe(&self) -> Result<Probe, RenderError> {
        let (width, height) = shown_size(self.page());
        let longer = width.max(height);
        if !longer.is_finite() {
            return Err(corrupt("the page is endless"));
        }
        let scale = PIXELS_PER_POINT.min(MAX_SHOWN_SIDE / longer);
        let side = |points: f64| (points * scale).round().max(1.0) as u32;
        let (width, height) = (side(width), side(height));
        Ok(Probe { media_type: MediaType::PDF, width, height, orientation: 1, animated: false })
    }

    /// How many pages there are; at least one.
    pub fn pages(&self) -> u32 {
        u32::try_from(self.0.pages().len()).unwrap_or(u32::MAX)
    }

    fn page(&self) -> &Page<'_> {
        &self.0.pages()[0]
    }
}

/// Draws the first page, on white.
pub(super) fn decode(source: &Source<'_>, works: &[&Work<'_>]) -> Result<Base, RenderError> {
    let document = source.document.as_ref().ok_or(RenderError::Unsupported)?;
    let (width, height) = source.size_to_draw(works);
    let side = |side: u32| u16::try_from(side).map_err(|_| RenderError::TooLarge);
    let pixmap = draw(document.page(), side(width)?, side(height)?);
    // White lies behind all of it: nothing can be seen through, and no colour is weighed.
    let pixels = pixmap.data().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    Ok(source.drawn(Raster { width, height, layout: Layout::Rgb, pixels }))
}

/// The page in this size, to which it is stretched: rounding may have made it a part of a pixel wider or narrower.
fn draw(page: &Page<'_>, width: u16, height: u16) -> Pixmap {
    let (across, down) = shown_size(page);
    let to_fit = Affine::scale_non_uniform(f64::from(width) / across, f64::from(height) / down);
    let mut context = RenderContext::new(width, height);
    hayro::render_into(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &mut context,
        to_fit * page.initial_transform(true).to_kurbo(),
    );
    context.flush();
    let mut pixmap = Pixmap::new(width, height);
    let on_white = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut pixmap, &mut Resources::default(), on_white);
    pixmap
}

/// Width and height of the page in points, as it is shown.
fn shown_size(page: &Page<'_>) -> (f64, f64) {
    let (width, height) = page.render_dimensions();
    (f64::from(width), f64::from(height))
}

fn refusal(error: LoadPdfError) -> RenderError {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm) => {
            RenderError::Unsupported
        }
        LoadPdfError::Decryption(DecryptionError::MissingIDEntry | DecryptionError::InvalidEncryption) => {
            corrupt("the document can not be decrypted")
        }
        LoadPdfError::Invalid => corrupt("the document has no pages that can be found"),
    }
}

fn corrupt(what: &str) -> RenderError {
    RenderError::Corrupt(what.to_owned())
}
