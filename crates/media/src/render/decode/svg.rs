//! SVG to pixels, by resvg: as large as the largest rendition needs it. Nothing outside the document is looked at, and nothing in it
//! is run.

use std::sync::Arc;

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{
        FontResolver, ImageHrefResolver, Options, Tree,
        fontdb::{Database, Family, Query},
    },
};

use super::super::{
    Base, Source, Work,
    outfit::Outfit,
    raster::{Layout, Raster},
};
use crate::{
    Probe, RenderError,
    probe::{probe, svg::of_size},
};

/// The size of a document that states none.
pub(super) fn measure(outfit: &Outfit, input: &[u8]) -> Option<Probe> {
    let size = parse(outfit, input, u64::MAX).ok()?.size();
    Some(of_size((f64::from(size.width()), f64::from(size.height()))))
}

/// Draws the document.
pub(super) fn decode(outfit: &Outfit, source: &Source<'_>, works: &[&Work<'_>]) -> Result<Base, RenderError> {
    let tree = parse(outfit, source.input, source.limits.max_pixels)?;
    let (width, height) = source.size_to_draw(works);
    let mut pixmap = Pixmap::new(width, height).ok_or(RenderError::TooLarge)?;
    let size = tree.size();
    // What the document says of its shape and what its size comes to may differ by a part of a pixel.
    let to_fit = Transform::from_scale(width as f32 / size.width(), height as f32 / size.height());
    resvg::render(&tree, to_fit, &mut pixmap.as_mut());
    let raster = Raster { width, height, layout: Layout::Rgba, pixels: pixmap.take_demultiplied() };
    Ok(source.drawn(raster))
}

/// Of pictures within, those of more pixels are left out; none is decoded yet.
fn parse(outfit: &Outfit, input: &[u8], max_pixels: u64) -> Result<Tree, RenderError> {
    let decode_data = ImageHrefResolver::default_data_resolver();
    let options = Options {
        // Pictures within the document are; whatever lies elsewhere is not.
        image_href_resolver: ImageHrefResolver {
            resolve_string: Box::new(|_, _| None),
            resolve_data: Box::new(move |media_type, data, options| {
                let pixels = probe(&data).map_or(0, |found| u64::from(found.width) * u64::from(found.height));
                if pixels > max_pixels { None } else { decode_data(media_type, data, options) }
            }),
        },
        font_resolver: FontResolver {
            select_font: Box::new(|font, fonts: &mut Arc<Database>| {
                FontResolver::default_font_selector()(font, fonts)
                    // Any writing is better than none.
                    .or_else(|| fonts.query(&Query { families: &[Family::SansSerif], ..Query::default() }))
            }),
            ..FontResolver::default()
        },
        font_family: "sans-serif".to_owned(),
        fontdb: Arc::clone(&outfit.fonts),
        ..Options::default()
    };
    Tree::from_data(input, &options).map_err(|error| RenderError::Corrupt(error.to_string()))
}
