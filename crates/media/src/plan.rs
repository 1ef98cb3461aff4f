//! What is asked of an image, and what that comes to for a given source. Pure: it sees sizes and types, never bytes.

use std::fmt::Write as _;

use crate::{
    Format, Probe,
    geometry::{self, Size},
};

/// No rendition has a longer side, in pixels: WebP cannot hold more.
pub const MAX_SIDE: u32 = 16_383;

/// How the size of a rendition follows from its source. Sides are in pixels; a zero counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resize {
    /// As large as the source.
    Original,
    /// The shorter side gets this length.
    ShortSide(u32),
    /// As large as fits inside the box.
    Within {
        /// Width of the box.
        width: u32,
        /// Height of the box.
        height: u32,
    },
    /// As small as still covers the box, nothing cut off.
    AtLeast {
        /// Width of the box.
        width: u32,
        /// Height of the box.
        height: u32,
    },
    /// This width; the height follows.
    Width(u32),
    /// This height; the width follows.
    Height(u32),
    /// Exactly this size, the aspect ratio ignored. May enlarge even where the plan does not say so.
    Exact {
        /// Width of the result.
        width: u32,
        /// Height of the result.
        height: u32,
    },
    /// The largest part around the centre that has the box's aspect ratio, scaled to the box. Where the source is too
    /// small and may not be enlarged, that part as it is.
    Cover {
        /// Width of the box.
        width: u32,
        /// Height of the box.
        height: u32,
    },
    /// This many hundredths of each side.
    Percent(u16),
}

/// What is asked, before the source is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The size.
    pub resize: Resize,
    /// Whether the result may be larger than the source.
    pub enlarge: bool,
    /// The format; without it PNG and WebP stay what they are and all else becomes JPEG.
    pub format: Option<Format>,
    /// 1 to 100; without it the format's default. Other values are clamped, formats without a quality ignore it.
    pub quality: Option<u8>,
}

/// A part of the source, in its pixels as displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crop {
    /// Columns to the left of the part.
    pub x: u32,
    /// Rows above the part.
    pub y: u32,
    /// Columns of the part.
    pub width: u32,
    /// Rows of the part.
    pub height: u32,
}

/// A rendition down to the pixel: equal values give equal images of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Resolved {
    /// The part of the source that is used; all of it without.
    pub crop: Option<Crop>,
    /// Width of the result, 1 to [`MAX_SIDE`].
    pub width: u32,
    /// Height of the result, 1 to [`MAX_SIDE`].
    pub height: u32,
    /// Format of the result.
    pub format: Format,
    /// 1 to 100, or 0 for a format that has no quality.
    pub quality: u8,
}

/// What a plan comes to for one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// The source's own bytes are the answer, orientation, animation and metadata included.
    Unchanged,
    /// This is to be rendered.
    Render(Resolved),
}

impl Plan {
    /// The image as it is.
    pub const ORIGINAL: Self = Self { resize: Resize::Original, enlarge: false, format: None, quality: None };

    /// What the plan comes to for `source`. Nothing is enlarged unless the plan says so or the size is exact; sides are
    /// rounded to the nearest pixel, at least 1 and at most [`MAX_SIDE`]. Unchanged when size and format stay and no
    /// quality is asked of a format that has one.
    #[must_use]
    pub fn resolve(&self, source: &Probe) -> Resolution {
        let whole = Size { width: source.width, height: source.height };
        let (crop, size) = geometry::target(self.resize, self.enlarge, whole);
        let source_format = Format::from_media_type(&source.media_type);
        let format = self.format.unwrap_or_else(|| Format::kept_for(&source.media_type));
        let quality = match (format.default_quality(), self.quality) {
            (Some(_), Some(asked)) => asked.clamp(1, 100),
            (Some(default), None) => default,
            (None, _) => 0,
        };
        let same_size = crop.is_none() && size == whole;
        let same_format = self.format.is_none_or(|asked| Some(asked) == source_format);
        let same_quality = self.quality.is_none() || format.default_quality().is_none();
        if same_size && same_format && same_quality {
            return Resolution::Unchanged;
        }
        let Size { width, height } = geometry::capped(size);
        Resolution::Render(Resolved { crop, width, height, format, quality })
    }

    /// A short name of `a-z0-9-.`; equal plans have equal keys and unequal ones do not. Prefer [`Resolved::key`] where the
    /// source is known: many plans come to one rendition.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = match self.resize {
            Resize::Original => "original".to_owned(),
            Resize::ShortSide(side) => format!("short{side}"),
            Resize::Within { width, height } => format!("within{width}x{height}"),
            Resize::AtLeast { width, height } => format!("atleast{width}x{height}"),
            Resize::Width(side) => format!("w{side}"),
            Resize::Height(side) => format!("h{side}"),
            Resize::Exact { width, height } => format!("exact{width}x{height}"),
            Resize::Cover { width, height } => format!("cover{width}x{height}"),
            Resize::Percent(percent) => format!("p{percent}"),
        };
        if self.enlarge {
            key.push_str("-up");
        }
        if let Some(quality) = self.quality {
            write!(key, "-q{quality}").expect("a string takes any text");
        }
        if let Some(format) = self.format {
            key.push('.');
            key.push_str(format.extension());
        }
        key
    }
}

impl Resolved {
    /// A short name of `a-z0-9-.` that ends in the format's extension; equal values have equal keys and unequal ones do not.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = format!("{}x{}", self.width, self.height);
        if let Some(Crop { x, y, width, height }) = self.crop {
            write!(key, "-c{x}.{y}.{width}.{height}").expect("a string takes any text");
        }
        if self.quality > 0 {
            write!(key, "-q{}", self.quality).expect("a string takes any text");
        }
        key.push('.');
        key.push_str(self.format.extension());
        key
    }

    /// Whether a resolution can have made this; the renderer refuses anything else.
    pub(crate) fn is_sound(&self) -> bool {
        let side = 1..=MAX_SIDE;
        let part = self.crop.is_none_or(|crop| crop.width > 0 && crop.height > 0);
        let quality = if self.format.default_quality().is_some() { 1..=100 } else { 0..=0 };
        side.contains(&self.width) && side.contains(&self.height) && part && quality.contains(&self.quality)
    }
}
