//! What is asked of an image, and what that comes to for a given source. Pure: it sees sizes and types, never bytes.

use std::fmt::Write as _;

use content::MediaType;

use crate::{
    Format, Probe, SourceFormat,
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
    /// The largest part with the box's aspect ratio, as near to the plan's focus as it goes, scaled to the box. Where the
    /// source is too small and may not be enlarged, that part as it is.
    Cover {
        /// Width of the box.
        width: u32,
        /// Height of the box.
        height: u32,
    },
    /// This many hundredths of each side.
    Percent(u16),
}

/// The point that a cover keeps in view, in thousandths of the width and height of the part that is used.
/// More counts as a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Focus {
    /// From the left edge.
    pub x: u16,
    /// From the top edge.
    pub y: u16,
}

impl Focus {
    /// The middle.
    pub const CENTRE: Self = Self { x: 500, y: 500 };
}

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// Which formats a client takes besides JPEG, PNG and GIF, which all do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Accepts {
    /// WebP, still and animated.
    pub webp: bool,
}

/// Which format is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// The source's own: PNG and WebP stay what they are, all else becomes JPEG.
    Kept,
    /// The smallest that the client takes: WebP, else one that every client takes and that loses nothing visible.
    Auto(Accepts),
    /// This one.
    As(Format),
}

/// What is asked, before the source is known. In this order: the image is turned as its EXIF orientation says, cropped, resized,
/// sharpened, flattened, encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The part to use, cut to what there is; all without. A part that lies outside altogether counts as none.
    pub crop: Option<Crop>,
    /// The size.
    pub resize: Resize,
    /// What [`Resize::Cover`] keeps in view; ignored by the others.
    pub focus: Focus,
    /// Whether the result may be larger than the source.
    pub enlarge: bool,
    /// Whether a strong reduction ([`STRONG_REDUCTION`]) is sharpened a little.
    pub sharpen: bool,
    /// The colour that shows through; without it white in JPEG, and transparency stays in the others.
    pub flatten: Option<Rgb>,
    /// The format.
    pub format: Wanted,
    /// 1 to 100; without it the format's default. Other values are clamped, formats without a quality ignore it.
    pub quality: Option<u8>,
    /// Whether only the first frame of an animation is wanted.
    pub still: bool,
}

/// From this many source pixels to one of the result, along both sides, a reduction is strong.
pub const STRONG_REDUCTION: u32 = 3;

/// What shows through where nothing else is asked for.
const WHITE: Rgb = [255; 3];

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
    /// Whether the result is sharpened a little.
    pub sharpen: bool,
    /// The colour behind what is transparent; `None` where transparency stays or there can be none.
    pub flatten: Option<Rgb>,
    /// Whether all frames are wanted. An animation beyond [`crate::Limits`] gives its first frame all the same.
    pub animated: bool,
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
    pub const ORIGINAL: Self = Self {
        crop: None,
        resize: Resize::Original,
        focus: Focus::CENTRE,
        enlarge: false,
        sharpen: false,
        flatten: None,
        format: Wanted::Kept,
        quality: None,
        still: false,
    };

    /// The same for a client that takes these formats, which matters where the format is [`Wanted::Auto`].
    #[must_use]
    pub const fn for_client(self, accepts: Accepts) -> Self {
        match self.format {
            Wanted::Auto(_) => Self { format: Wanted::Auto(accepts), ..self },
            Wanted::Kept | Wanted::As(_) => self,
        }
    }

    /// What the plan comes to for `source`. Nothing is enlarged unless the plan says so or the size is exact; sides are
    /// rounded to the nearest pixel, at least 1 and at most [`MAX_SIDE`]. Unchanged when size, format and frames stay,
    /// nothing is cut off or flattened, and no quality is asked of a format that has one.
    #[must_use]
    pub fn resolve(&self, source: &Probe) -> Resolution {
        let whole = Size { width: source.width, height: source.height };
        let (crop, size) = geometry::target(self, whole);
        let part = crop.map_or(whole, |crop| Size { width: crop.width, height: crop.height });
        let source_format = SourceFormat::from_media_type(&source.media_type);
        let format = self.format_for(source, source_format);
        let quality = match (format.default_quality(), self.quality) {
            (Some(_), Some(asked)) => asked.clamp(1, 100),
            (Some(default), None) => default,
            (None, _) => 0,
        };
        let flatten = match (source_format, format) {
            (Some(source), _) if source.is_opaque() => None,
            (_, Format::Jpeg) => Some(self.flatten.unwrap_or(WHITE)),
            _ => self.flatten,
        };
        let animated = source.animated && !self.still && format.can_move();
        let same_look = crop.is_none() && size == whole && (flatten.is_none() || self.flatten.is_none());
        // Kept is what it is, even where it would become something else if it were drawn.
        let same_format = self.format == Wanted::Kept || Some(format) == source_format.and_then(SourceFormat::written);
        let same_quality = self.quality.is_none() || format.default_quality().is_none();
        let same_frames = animated == source.animated || (self.format == Wanted::Kept && !self.still);
        if same_look && same_format && same_quality && same_frames {
            return Resolution::Unchanged;
        }
        let Size { width, height } = geometry::capped(size);
        let strong = |from: u32, to: u32| from >= to.saturating_mul(STRONG_REDUCTION);
        let sharpen = self.sharpen && strong(part.width, width) && strong(part.height, height);
        Resolution::Render(Resolved { crop, width, height, format, quality, sharpen, flatten, animated })
    }

    fn format_for(&self, source: &Probe, source_format: Option<SourceFormat>) -> Format {
        let animated = source.animated && !self.still;
        match (self.format, source_format) {
            (Wanted::As(format), _) => format,
            (Wanted::Kept, _) => Format::kept_for(source_format),
            (Wanted::Auto(Accepts { webp: true }), _) => Format::Webp,
            (Wanted::Auto(Accepts { webp: false }), Some(SourceFormat::Gif)) if animated => Format::Gif,
            // What can be seen through stays so.
            (
                Wanted::Auto(Accepts { webp: false }),
                Some(
                    SourceFormat::Png | SourceFormat::Webp | SourceFormat::Gif | SourceFormat::Avif | SourceFormat::Svg,
                ),
            ) => Format::Png,
            (
                Wanted::Auto(Accepts { webp: false }),
                Some(
                    SourceFormat::Jpeg
                    | SourceFormat::Heif
                    | SourceFormat::Tiff
                    | SourceFormat::Bmp
                    | SourceFormat::Pdf,
                )
                | None,
            ) => Format::Jpeg,
        }
    }
}

impl Resolved {
    /// All of the image in this size and format, at the format's own quality, and nothing else done to it.
    #[must_use]
    pub fn of_size(width: u32, height: u32, format: Format) -> Self {
        let quality = format.default_quality().unwrap_or(0);
        Self { crop: None, width, height, format, quality, sharpen: false, flatten: None, animated: false }
    }

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
        if self.sharpen {
            key.push_str("-s");
        }
        // White behind a JPEG is what nearly all have: its key stays short.
        if let Some(flatten @ [red, green, blue]) = self.flatten
            && (flatten != WHITE || self.format != Format::Jpeg)
        {
            write!(key, "-b{red:02x}{green:02x}{blue:02x}").expect("a string takes any text");
        }
        if self.animated {
            key.push_str("-a");
        }
        key.push('.');
        key.push_str(self.format.extension());
        key
    }

    /// What the bytes of the rendition are.
    pub(crate) fn media_type(&self, animated: bool) -> MediaType {
        if animated { self.format.moving_media_type() } else { self.format.media_type() }
    }

    /// Whether a resolution can have made this; the renderer refuses anything else.
    pub(crate) fn is_sound(&self) -> bool {
        let side = 1..=MAX_SIDE;
        let part = self.crop.is_none_or(|crop| crop.width > 0 && crop.height > 0);
        let quality = if self.format.default_quality().is_some() { 1..=100 } else { 0..=0 };
        let frames = !self.animated || self.format.can_move();
        frames && side.contains(&self.width) && side.contains(&self.height) && part && quality.contains(&self.quality)
    }
}
