//! Decoded pixels in memory, and the memory itself, kept for the next image. It knows no format.

use fast_image_resize::{PixelType, Resizer};

/// A buffer larger than this is not kept, so that one huge picture does not cost its memory for ever.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Buffers kept at most: one read from and one written to.
const KEPT_BUFFERS: usize = 2;

/// What one pixel is made of, each part one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Brightness.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, opacity; not premultiplied.
    Rgba,
    /// Cyan, magenta, yellow, black; 0 is no ink. Only between decoding and the colour step.
    Cmyk,
}

impl Layout {
    /// Bytes per pixel.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// The resizer's name for it.
    pub const fn pixel_type(self) -> PixelType {
        match self {
            Self::Gray => PixelType::U8,
            Self::Rgb => PixelType::U8x3,
            Self::Rgba | Self::Cmyk => PixelType::U8x4,
        }
    }
}

/// An image as rows of pixels without gaps, top row first.
#[derive(Debug)]
pub(super) struct Raster {
    pub width: u32,
    pub height: u32,
    pub layout: Layout,
    /// Exactly `width * height * layout.bytes()` bytes.
    pub pixels: Vec<u8>,
}

/// Somebody's pixels, as rows without gaps.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub width: u32,
    pub height: u32,
    pub layout: Layout,
    pub pixels: &'a [u8],
}

impl Raster {
    /// The pixels, lent.
    pub fn view(&self) -> View<'_> {
        View { width: self.width, height: self.height, layout: self.layout, pixels: &self.pixels }
    }
}

/// Pixel memory between images.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    spare: Vec<Vec<u8>>,
}

impl Buffers {
    /// A raster of zeros: no pixel of an earlier image can show through, whatever a decoder leaves out.
    pub fn blank(&mut self, width: u32, height: u32, layout: Layout) -> Raster {
        let mut pixels = self.spare.pop().unwrap_or_default();
        pixels.clear();
        pixels.resize(width as usize * height as usize * layout.bytes(), 0);
        Raster { width, height, layout, pixels }
    }

    /// The same pixels once more.
    pub fn copy(&mut self, raster: &Raster) -> Raster {
        let mut pixels = self.spare.pop().unwrap_or_default();
        pixels.clear();
        pixels.extend_from_slice(&raster.pixels);
        Raster { pixels, ..*raster }
    }

    /// Keeps the memory of a raster that is done with.
    pub fn give_back(&mut self, pixels: Vec<u8>) {
        if self.spare.len() < KEPT_BUFFERS && pixels.capacity() <= KEPT_BYTES {
            self.spare.push(pixels);
        }
    }

    /// Lets go of what the resizer holds when that is a lot.
    pub fn forget_large(&mut self, resizer: &mut Resizer) {
        if resizer.size_of_internal_buffers() > KEPT_BYTES {
            resizer.reset_internal_buffers();
        }
    }
}
