//! The calls into libwebp, which is C, each wrapped so that sizes are checked before a pointer is handed over. It knows
//! no limits and no plans.

#![expect(unsafe_code, reason = "libwebp is a C library without a safe binding of its own")]

use std::{
    borrow::Cow,
    ffi::c_int,
    mem::MaybeUninit,
    ptr::{self, NonNull},
    slice,
};

/// How hard each frame of an animation is worked on, 0 to 6.
const ANIMATION_METHOD: c_int = 2;

/// What the header says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Features {
    pub width: u32,
    pub height: u32,
    pub alpha: bool,
    pub animated: bool,
}

/// Reads the header.
pub(super) fn features(input: &[u8]) -> Option<Features> {
    let mut found = MaybeUninit::<libwebp_sys::WebPBitstreamFeatures>::zeroed();
    // SAFETY: the input is readable for its length; the structure is plain numbers, valid as zeros, and outlives the call.
    let found = unsafe {
        let status = libwebp_sys::WebPGetFeatures(input.as_ptr(), input.len(), found.as_mut_ptr());
        if status != libwebp_sys::VP8StatusCode::VP8_STATUS_OK {
            return None;
        }
        found.assume_init()
    };
    Some(Features {
        width: u32::try_from(found.width).ok()?,
        height: u32::try_from(found.height).ok()?,
        alpha: found.has_alpha != 0,
        animated: found.has_animation != 0,
    })
}

/// Decodes a still into rows of three or, with opacity, four bytes a pixel; false when that fails. `coarse` spreads colour over
/// the pixels without smoothing it, which shows nothing in what is made smaller, and saves a twentieth of the time.
pub(super) fn decode(input: &[u8], width: u32, has_alpha: bool, coarse: bool, pixels: &mut [u8]) -> bool {
    let pixel_bytes = if has_alpha { 4 } else { 3 };
    let Some(stride) = c_int::try_from(width).ok().and_then(|width| width.checked_mul(pixel_bytes)) else {
        return false;
    };
    let Ok(mut config) = libwebp_sys::WebPDecoderConfig::new() else { return false };
    config.options.no_fancy_upsampling = c_int::from(coarse);
    config.output.colorspace =
        if has_alpha { libwebp_sys::WEBP_CSP_MODE::MODE_RGBA } else { libwebp_sys::WEBP_CSP_MODE::MODE_RGB };
    config.output.is_external_memory = 1;
    config.output.u.RGBA = libwebp_sys::WebPRGBABuffer { rgba: pixels.as_mut_ptr(), stride, size: pixels.len() };
    // SAFETY: both slices are valid for the lengths given; the decoder refuses a buffer too small for its image, and does not
    // own one that it was handed.
    let status = unsafe { libwebp_sys::WebPDecode(input.as_ptr(), input.len(), &raw mut config) };
    status == libwebp_sys::VP8StatusCode::VP8_STATUS_OK
}

/// Decodes an animation, frame by frame.
pub(super) struct AnimationDecoder<'a> {
    pub width: u32,
    pub height: u32,
    /// How often it is played; 0 is for ever.
    pub loops: u32,
    decoder: NonNull<libwebp_sys::WebPAnimDecoder>,
    /// The decoder reads from it, and does not own it.
    _input: Cow<'a, [u8]>,
}

impl<'a> AnimationDecoder<'a> {
    /// Reads the header; `None` when there is none.
    pub fn open(input: Cow<'a, [u8]>) -> Option<Self> {
        let data = libwebp_sys::WebPData { bytes: input.as_ptr(), size: input.len() };
        let mut info = libwebp_sys::WebPAnimInfo::default();
        // SAFETY: no options means the defaults (RGBA, one thread). The decoder keeps a pointer to the input, whose bytes do
        // not move when it is moved, and which is dropped after the decoder.
        unsafe {
            let decoder = NonNull::new(libwebp_sys::WebPAnimDecoderNew(&raw const data, ptr::null()))?;
            let found = libwebp_sys::WebPAnimDecoderGetInfo(decoder.as_ptr(), &raw mut info) != 0;
            let opened = Self {
                width: info.canvas_width,
                height: info.canvas_height,
                loops: info.loop_count,
                decoder,
                _input: input,
            };
            found.then_some(opened)
        }
    }

    /// Whether no frame is left.
    pub fn is_at_end(&self) -> bool {
        // SAFETY: the decoder lives as long as this does.
        unsafe { libwebp_sys::WebPAnimDecoderHasMoreFrames(self.decoder.as_ptr()) == 0 }
    }

    /// The canvas with the next frame on it, four bytes a pixel, and when its time is over in milliseconds from the start;
    /// `None` when there is none or it is damaged.
    pub fn next(&mut self) -> Option<(&[u8], u32)> {
        let (mut frame, mut end_ms) = (ptr::null_mut(), 0);
        // SAFETY: the frame belongs to the decoder, which leaves it alone until it is asked for the next, and that needs this
        // to be borrowed anew. It has four bytes for each pixel of the canvas.
        unsafe {
            let decoded =
                libwebp_sys::WebPAnimDecoderGetNext(self.decoder.as_ptr(), &raw mut frame, &raw mut end_ms) != 0;
            if !decoded || frame.is_null() {
                return None;
            }
            let pixels = slice::from_raw_parts(frame, self.width as usize * self.height as usize * 4);
            Some((pixels, u32::try_from(end_ms).ok()?))
        }
    }
}

impl Drop for AnimationDecoder<'_> {
    fn drop(&mut self) {
        // SAFETY: it was made by the library and is deleted once.
        unsafe { libwebp_sys::WebPAnimDecoderDelete(self.decoder.as_ptr()) }
    }
}

/// Encodes rows of three or, with opacity, four bytes a pixel, lossy, at a quality of 1 to 100.
pub(super) fn encode(pixels: &[u8], width: u32, height: u32, has_alpha: bool, quality: u8) -> Option<Vec<u8>> {
    let stride = stride_of(pixels, width, height, has_alpha)?;
    let (width, height) = (c_int::try_from(width).ok()?, c_int::try_from(height).ok()?);
    let encode = if has_alpha { libwebp_sys::WebPEncodeRGBA } else { libwebp_sys::WebPEncodeRGB };
    let mut output = ptr::null_mut();
    // SAFETY: `pixels` holds `height` rows of `stride` bytes, checked above. The output is allocated by the library, valid
    // for the length it returns, copied, and freed by the library's own function, which takes null as well.
    unsafe {
        let len = encode(pixels.as_ptr(), width, height, stride, f32::from(quality), &raw mut output);
        let bytes = (len > 0 && !output.is_null()).then(|| slice::from_raw_parts(output, len).to_vec());
        libwebp_sys::WebPFree(output.cast());
        bytes
    }
}

/// Encodes an animation, frame by frame, lossy.
pub(super) struct AnimationEncoder {
    encoder: NonNull<libwebp_sys::WebPAnimEncoder>,
    config: libwebp_sys::WebPConfig,
    size: (u32, u32),
}

impl AnimationEncoder {
    /// Begins one of a quality of 1 to 100 that is played `loops` times; 0 is for ever.
    pub fn new(size: (u32, u32), quality: u8, loops: u32) -> Option<Self> {
        let (width, height) = (c_int::try_from(size.0).ok()?, c_int::try_from(size.1).ok()?);
        let mut config = libwebp_sys::WebPConfig::new().ok()?;
        config.quality = f32::from(quality);
        config.method = ANIMATION_METHOD;
        let version = libwebp_sys::WebPGetMuxABIVersion();
        let mut options = MaybeUninit::<libwebp_sys::WebPAnimEncoderOptions>::zeroed();
        // SAFETY: the structure is plain numbers, valid as zeros, filled in by the library and copied by the encoder.
        let encoder = unsafe {
            if libwebp_sys::WebPAnimEncoderOptionsInitInternal(options.as_mut_ptr(), version) == 0 {
                return None;
            }
            let mut options = options.assume_init();
            // The format has two bytes for it.
            options.anim_params.loop_count = c_int::from(u16::try_from(loops).unwrap_or(u16::MAX));
            libwebp_sys::WebPAnimEncoderNewInternal(width, height, &raw const options, version)
        };
        Some(Self { encoder: NonNull::new(encoder)?, config, size })
    }

    /// One frame more, in rows of three or, with opacity, four bytes a pixel; false when that fails. Its time begins so many
    /// milliseconds from the start.
    pub fn add(&mut self, pixels: &[u8], has_alpha: bool, start_ms: u64) -> bool {
        let Ok(start_ms) = c_int::try_from(start_ms) else { return false };
        let Some(mut picture) = Picture::import(pixels, self.size, has_alpha) else { return false };
        // SAFETY: the encoder lives as long as this does and copies of the picture what it keeps.
        unsafe {
            libwebp_sys::WebPAnimEncoderAdd(self.encoder.as_ptr(), &raw mut picture.0, start_ms, &raw const self.config)
                != 0
        }
    }

    /// The file; `None` when that fails. The last frame's time is over so many milliseconds from the start.
    pub fn finish(self, end_ms: u64) -> Option<Vec<u8>> {
        let end_ms = c_int::try_from(end_ms).ok()?;
        let mut data = libwebp_sys::WebPData::default();
        // SAFETY: null instead of a picture ends the animation. The output is allocated by the library, valid for the length
        // it states, copied, and freed by the library's own function, which takes null as well.
        unsafe {
            let encoder = self.encoder.as_ptr();
            let done = libwebp_sys::WebPAnimEncoderAdd(encoder, ptr::null_mut(), end_ms, ptr::null()) != 0
                && libwebp_sys::WebPAnimEncoderAssemble(encoder, &raw mut data) != 0
                && !data.bytes.is_null();
            let bytes = done.then(|| slice::from_raw_parts(data.bytes, data.size).to_vec());
            libwebp_sys::WebPDataClear(&mut data);
            bytes
        }
    }
}

impl Drop for AnimationEncoder {
    fn drop(&mut self) {
        // SAFETY: it was made by the library and is deleted once.
        unsafe { libwebp_sys::WebPAnimEncoderDelete(self.encoder.as_ptr()) }
    }
}

/// Pixels in the library's own memory.
struct Picture(libwebp_sys::WebPPicture);

impl Picture {
    /// Copies rows of three or, with opacity, four bytes a pixel.
    fn import(pixels: &[u8], (width, height): (u32, u32), has_alpha: bool) -> Option<Self> {
        let stride = stride_of(pixels, width, height, has_alpha)?;
        let mut picture = Self(libwebp_sys::WebPPicture::new().ok()?);
        (picture.0.width, picture.0.height) = (c_int::try_from(width).ok()?, c_int::try_from(height).ok()?);
        picture.0.use_argb = 1;
        let import = if has_alpha { libwebp_sys::WebPPictureImportRGBA } else { libwebp_sys::WebPPictureImportRGB };
        // SAFETY: `pixels` holds `height` rows of `stride` bytes; the library copies them.
        let imported = unsafe { import(&raw mut picture.0, pixels.as_ptr(), stride) != 0 };
        imported.then_some(picture)
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: it was initialised by the library; what is not allocated is null.
        unsafe { libwebp_sys::WebPPictureFree(&raw mut self.0) }
    }
}

/// Bytes in a row, if the pixels are as many as the size says.
fn stride_of(pixels: &[u8], width: u32, height: u32, has_alpha: bool) -> Option<c_int> {
    let pixel_bytes = if has_alpha { 4 } else { 3 };
    if width as usize * height as usize * pixel_bytes != pixels.len() {
        return None;
    }
    c_int::try_from(width as usize * pixel_bytes).ok()
}
