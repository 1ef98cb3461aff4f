//! Calls into libavif, and through it dav1d, which decodes AV1 faster than anything else. Safe to call; everything unsafe about the
//! library is in here.

#![expect(unsafe_code, reason = "a C library")]

use std::{marker::PhantomData, ptr::NonNull};

use libavif_sys as sys;

use crate::Limits;

/// An open file, and where decoding is in it. Works on one thread.
pub(super) struct AvifDecoder<'a> {
    raw: NonNull<sys::avifDecoder>,
    /// The library reads the input where it lies.
    _input: PhantomData<&'a [u8]>,
    /// Columns as stored.
    pub width: u32,
    /// Rows as stored.
    pub height: u32,
    /// Whether pixels have an opacity.
    pub alpha: bool,
    /// Images one after another; one in a still.
    pub frames: u32,
    /// How often a sequence is played; 0 is for ever.
    pub loops: u32,
}

impl<'a> AvifDecoder<'a> {
    /// Reads the structure; nothing when it is damaged, or more than the limits allow.
    pub fn open(input: &'a [u8], limits: &Limits) -> Option<Self> {
        // SAFETY: the function takes nothing; what it returns is checked.
        let raw = NonNull::new(unsafe { sys::avifDecoderCreate() })?;
        // From here on it is destroyed whatever happens.
        let mut decoder = Self { raw, _input: PhantomData, width: 0, height: 0, alpha: false, frames: 0, loops: 0 };
        // SAFETY: the decoder was just made, nobody else has it, and it is destroyed only with `decoder`; the input outlives that by
        // its lifetime, and the library neither writes nor frees it.
        let parsed = unsafe {
            let settings = decoder.raw.as_mut();
            settings.codecChoice = sys::AVIF_CODEC_CHOICE_DAV1D;
            settings.maxThreads = 1;
            settings.ignoreExif = 1;
            settings.ignoreXMP = 1;
            settings.imageSizeLimit = u32::try_from(limits.max_pixels).unwrap_or(u32::MAX).max(1);
            settings.imageDimensionLimit = 0;
            // One more than may move: then it is drawn as a still.
            settings.imageCountLimit = limits.max_frames.saturating_add(1);
            // Cameras and older writers leave boxes out that others can do without.
            settings.strictFlags = sys::AVIF_STRICT_DISABLED;
            sys::avifDecoderSetIOMemory(raw.as_ptr(), input.as_ptr(), input.len()) == sys::AVIF_RESULT_OK
                && sys::avifDecoderParse(raw.as_ptr()) == sys::AVIF_RESULT_OK
        };
        if !parsed {
            return None;
        }
        // SAFETY: parsing succeeded, so the decoder and its image are filled in.
        unsafe {
            let found = decoder.raw.as_ref();
            let image = found.image.as_ref()?;
            (decoder.width, decoder.height) = (image.width, image.height);
            decoder.alpha = found.alphaPresent != 0;
            decoder.frames = u32::try_from(found.imageCount).unwrap_or(0);
            // Repetitions are counted beside the first time; unknown is for ever.
            decoder.loops = u32::try_from(found.repetitionCount).map_or(0, |repeated| repeated.saturating_add(1));
        }
        Some(decoder)
    }

    /// Decodes the next image, and tells how long it is shown, in milliseconds; nothing when it can not be decoded or has another size
    /// than the file stated.
    pub fn decode_next(&mut self) -> Option<u32> {
        // SAFETY: the decoder lives, and nobody looks at its image meanwhile.
        let decoded = unsafe { sys::avifDecoderNextImage(self.raw.as_ptr()) };
        // SAFETY: as above.
        let found = unsafe { self.raw.as_ref() };
        // SAFETY: the image belongs to the decoder and changes only with the next call.
        let image = unsafe { found.image.as_ref()? };
        let same = (image.width, image.height) == (self.width, self.height);
        let shown_ms = (found.imageTiming.duration * 1_000.0).clamp(0.0, f64::from(u32::MAX)).round() as u32;
        (decoded == sys::AVIF_RESULT_OK && same).then_some(shown_ms)
    }

    /// Writes the pixels of the image that was decoded last: three bytes each, or four with opacity, not premultiplied; rows without
    /// gaps. `coarse` spreads colour over pixels the quickest way. False when that fails.
    pub fn pixels(&self, with_alpha: bool, coarse: bool, into: &mut [u8]) -> bool {
        let bytes: u32 = if with_alpha { 4 } else { 3 };
        let needed = u64::from(self.width) * u64::from(self.height) * u64::from(bytes);
        let Some(row_bytes) = self.width.checked_mul(bytes).filter(|_| into.len() as u64 == needed) else {
            return false;
        };
        // SAFETY: the image is the decoder's and is only read; the pixels are ours, as many as the size that was compared with the
        // image's when it was decoded, in rows of this length.
        unsafe {
            let image = self.raw.as_ref().image;
            let mut rgb = sys::avifRGBImage::default();
            sys::avifRGBImageSetDefaults(&raw mut rgb, image);
            if (rgb.width, rgb.height) != (self.width, self.height) {
                return false;
            }
            rgb.depth = 8;
            rgb.format = if with_alpha { sys::AVIF_RGB_FORMAT_RGBA } else { sys::AVIF_RGB_FORMAT_RGB };
            rgb.ignoreAlpha = i32::from(!with_alpha);
            rgb.alphaPremultiplied = 0;
            rgb.maxThreads = 1;
            rgb.chromaUpsampling =
                if coarse { sys::AVIF_CHROMA_UPSAMPLING_FASTEST } else { sys::AVIF_CHROMA_UPSAMPLING_AUTOMATIC };
            rgb.pixels = into.as_mut_ptr();
            rgb.rowBytes = row_bytes;
            sys::avifImageYUVToRGB(image, &raw mut rgb) == sys::AVIF_RESULT_OK
        }
    }
}

impl Drop for AvifDecoder<'_> {
    fn drop(&mut self) {
        // SAFETY: it was made by the library, and this is the only time that it is given back.
        unsafe { sys::avifDecoderDestroy(self.raw.as_ptr()) };
    }
}
