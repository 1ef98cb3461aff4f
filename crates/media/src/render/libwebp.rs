//! The calls into libwebp, which is C, each wrapped so that sizes are checked before a pointer is handed over. It knows
//! no limits and no plans.

#![expect(unsafe_code, reason = "libwebp is a C library without a safe binding of its own")]

use std::{ffi::c_int, mem::MaybeUninit, ptr, slice};

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

/// Decodes into rows of three bytes a pixel; false when that fails.
pub(super) fn decode_rgb(input: &[u8], width: u32, pixels: &mut [u8]) -> bool {
    let Some(stride) = c_int::try_from(width).ok().and_then(|width| width.checked_mul(3)) else { return false };
    // SAFETY: both slices are valid for the lengths given; the decoder refuses a buffer too small for its image.
    let end = unsafe {
        libwebp_sys::WebPDecodeRGBInto(input.as_ptr(), input.len(), pixels.as_mut_ptr(), pixels.len(), stride)
    };
    !end.is_null()
}

/// Decodes into rows of four bytes a pixel; false when that fails.
pub(super) fn decode_rgba(input: &[u8], width: u32, pixels: &mut [u8]) -> bool {
    let Some(stride) = c_int::try_from(width).ok().and_then(|width| width.checked_mul(4)) else { return false };
    // SAFETY: both slices are valid for the lengths given; the decoder refuses a buffer too small for its image.
    let end = unsafe {
        libwebp_sys::WebPDecodeRGBAInto(input.as_ptr(), input.len(), pixels.as_mut_ptr(), pixels.len(), stride)
    };
    !end.is_null()
}

/// Decodes the first frame of an animation, composed on its canvas, into rows of four bytes a pixel; false when that fails
/// or the canvas is not exactly as large as `pixels`.
pub(super) fn decode_first_frame(input: &[u8], pixels: &mut [u8]) -> bool {
    let data = libwebp_sys::WebPData { bytes: input.as_ptr(), size: input.len() };
    // SAFETY: no options means the defaults (RGBA, one thread). The input outlives the decoder, which is deleted on every
    // way out. The frame belongs to the decoder and has four bytes for each pixel of the canvas; it is copied before.
    unsafe {
        let decoder = libwebp_sys::WebPAnimDecoderNew(&raw const data, ptr::null());
        if decoder.is_null() {
            return false;
        }
        let mut info = libwebp_sys::WebPAnimInfo::default();
        let (mut frame, mut timestamp) = (ptr::null_mut(), 0);
        let decoded = libwebp_sys::WebPAnimDecoderGetInfo(decoder, &raw mut info) != 0
            && u64::from(info.canvas_width) * u64::from(info.canvas_height) * 4 == pixels.len() as u64
            && libwebp_sys::WebPAnimDecoderGetNext(decoder, &raw mut frame, &raw mut timestamp) != 0
            && !frame.is_null();
        if decoded {
            pixels.copy_from_slice(slice::from_raw_parts(frame, pixels.len()));
        }
        libwebp_sys::WebPAnimDecoderDelete(decoder);
        decoded
    }
}

/// Encodes rows of three or, with opacity, four bytes a pixel, lossy, at a quality of 1 to 100.
pub(super) fn encode(pixels: &[u8], width: u32, height: u32, has_alpha: bool, quality: u8) -> Option<Vec<u8>> {
    let pixel_bytes = if has_alpha { 4 } else { 3 };
    if width as usize * height as usize * pixel_bytes != pixels.len() {
        return None;
    }
    let (width, height) = (c_int::try_from(width).ok()?, c_int::try_from(height).ok()?);
    let stride = width.checked_mul(c_int::try_from(pixel_bytes).ok()?)?;
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
