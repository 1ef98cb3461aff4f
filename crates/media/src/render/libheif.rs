//! Calls into the system's libheif, which is looked for when the program runs: HEVC is encumbered by patents, so the decoder is
//! nothing that we could hand out. Safe to call; everything unsafe about the library is in here. Interfaces are those of version
//! 1.13 and later.

#![expect(unsafe_code, reason = "a C library that is loaded at run time")]

mod functions;

use std::{
    error::Error as _,
    ffi::{CStr, c_int, c_void},
    marker::PhantomData,
    ptr::{self, NonNull},
    slice,
};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use self::functions::{Bounds, Context, Functions, Handle, Image, Options, Status};
use crate::{Limits, RenderError};

/// What the library is called: its first and, since 2018, only binary interface.
const NAME: &str = "libheif.so.1";

const COLORSPACE_RGB: c_int = 1;
const CHROMA_INTERLEAVED_RGB: c_int = 10;
const CHROMA_INTERLEAVED_RGBA: c_int = 11;
const CHANNEL_INTERLEAVED: c_int = 10;

/// The function by which libde265, the usual decoder behind the library, is told to start threads. The library asks it for one for each
/// image, and where that can not be started, which nobody looks at, the image waits for it for ever. So `media-worker` has a
/// function of this name that starts none: the linker takes it for the library's own, and everything is done by the caller.
const START_THREADS: &str = "de265_start_worker_threads";

/// The codes of errors that are not the file's fault.
const UNSUPPORTED_FILETYPE: c_int = 3;
const UNSUPPORTED_FEATURE: c_int = 4;
const MEMORY_ALLOCATION: c_int = 6;
const PLUGIN_LOADING: c_int = 11;

/// From this version on the options say whether more than eight bits a sample are to become eight.
const OPTIONS_WITH_EIGHT_BITS: u8 = 2;

/// The library, loaded for good: it starts objects of its own that nobody could end safely.
pub(super) struct LibHeif {
    functions: Functions,
    /// Only since version 1.19.
    bounds_of: Option<unsafe extern "C" fn(*const Context) -> *mut Bounds>,
}

impl LibHeif {
    /// Loads the system's.
    ///
    /// # Errors
    /// In words, when there is none or it lacks something.
    pub fn load() -> Result<Self, String> {
        Self::load_from(NAME)
    }

    /// The same for a process that will not be able to start a thread.
    ///
    /// # Errors
    /// As above, and when this program has nothing to stand in for the function that starts them.
    pub fn load_for_one_thread() -> Result<Self, String> {
        // SAFETY: the function is not called here.
        let stands_in = unsafe { Library::this().get::<unsafe extern "C" fn()>(START_THREADS) }.is_ok();
        if stands_in { Self::load() } else { Err(format!("HEIC can not be read: there is no {START_THREADS} of ours")) }
    }

    fn load_from(name: &str) -> Result<Self, String> {
        // Whatever is to be found is found now: later no file can be opened.
        // SAFETY: what a library of the system does when it is loaded is trusted as the system is.
        let library = unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|error| told(&error))?;
        // SAFETY: the functions are declared as in the library's own header, under the name that stands for its interface.
        let functions = unsafe { Functions::of(&library) };
        let functions = functions.map_err(|error| told(&error))?;
        // SAFETY: as above; a function that is not there is not called. Where decoders are plugins, this loads them; no parameters mean
        // the defaults.
        let bounds_of = unsafe {
            if let Ok(init) = library.get::<unsafe extern "C" fn(*mut c_void) -> Status>("heif_init") {
                init(ptr::null_mut());
            }
            library.get("heif_context_get_security_limits").ok().map(|function| *function)
        };
        std::mem::forget(library);
        Ok(Self { functions, bounds_of })
    }

    /// Decodes the main image, as it is stored: whether it is to be turned or cut is the caller's business. `most` is how large it may
    /// be, along both sides.
    ///
    /// # Errors
    /// `Unsupported` for what this library, or a decoder that it lacks, can not read; `TooLarge` when it has not enough memory;
    /// `Corrupt` for all else.
    pub fn decode(&self, input: &[u8], most: (u32, u32), limits: &Limits) -> Result<Decoded<'_>, RenderError> {
        let _cleared = ClearedMemory::begin();
        let file = OpenFile::read(self, input, most, limits)?;
        let main = file.main()?;
        // SAFETY: the handle is valid, and only looked at.
        let (alpha, premultiplied) = unsafe {
            let alpha = (self.functions.heif_image_handle_has_alpha_channel)(main.raw.as_ptr()) != 0;
            (alpha, alpha && (self.functions.heif_image_handle_is_premultiplied_alpha)(main.raw.as_ptr()) != 0)
        };
        let chroma = if alpha { CHROMA_INTERLEAVED_RGBA } else { CHROMA_INTERLEAVED_RGB };
        let options = DecodingOptions::new(self)?;
        let mut image = ptr::null_mut();
        // SAFETY: all of it is valid for the call; what comes back is checked.
        let status = unsafe {
            let main = main.raw.as_ptr();
            (self.functions.heif_decode_image)(main, &raw mut image, COLORSPACE_RGB, chroma, options.raw.as_ptr())
        };
        // Whatever comes is given back, even beside an error.
        let image = NonNull::new(image).map(|raw| DecodedImage { library: self, raw });
        checked(&status)?;
        Decoded::of(image.ok_or_else(damaged)?, chroma, premultiplied)
    }
}

impl std::fmt::Debug for LibHeif {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LibHeif").finish_non_exhaustive()
    }
}

/// While it lives, memory that is taken is cleared. A file can leave parts of its image out, tiles or slices, and the library shows there
/// what lies in its memory: pieces of images that were decoded before, which may be somebody else's.
struct ClearedMemory;

impl ClearedMemory {
    fn begin() -> Self {
        clear_memory(true);
        Self
    }
}

impl Drop for ClearedMemory {
    fn drop(&mut self) {
        clear_memory(false);
    }
}

/// Blocks of up to a kilobyte may come as they are, which is less than a row of nearly every image.
#[cfg(target_env = "gnu")]
fn clear_memory(clear: bool) {
    // What is taken is filled with the complement of this number; 0 is not to fill it.
    let filled_with = if clear { 0xFF } else { 0 };
    // SAFETY: it changes nothing of memory that was taken before.
    unsafe { libc::mallopt(libc::M_PERTURB, filled_with) };
}

/// Other C libraries take memory for large blocks from the system, which has cleared it.
#[cfg(not(target_env = "gnu"))]
fn clear_memory(_clear: bool) {}

/// A file whose boxes were read.
struct OpenFile<'a> {
    library: &'a LibHeif,
    raw: NonNull<Context>,
    /// The library reads the input where it lies.
    _input: PhantomData<&'a [u8]>,
}

impl<'a> OpenFile<'a> {
    fn read(library: &'a LibHeif, input: &'a [u8], most: (u32, u32), limits: &Limits) -> Result<Self, RenderError> {
        let functions = &library.functions;
        // SAFETY: the function takes nothing; what it returns is checked.
        let raw = NonNull::new(unsafe { (functions.heif_context_alloc)() }).ok_or(RenderError::TooLarge)?;
        // From here on it is freed whatever happens.
        let file = Self { library, raw, _input: PhantomData };
        // Versions up to 1.16 want both sides of all images in the file to be less than this, and tiles may be larger than what they are
        // put together to; newer ones hold the area to its square.
        let side = u64::from(most.0.max(most.1)).max(limits.max_pixels.isqrt()) + 1;
        let side = c_int::try_from(side).unwrap_or(c_int::MAX);
        // SAFETY: the context was just made and nobody else has it. The bounds are its own, and larger than the part of them that is
        // declared here; the input outlives the context by its lifetime, and the library neither writes nor frees it. No
        // options are what there must be.
        let status = unsafe {
            let context = raw.as_ptr();
            (functions.heif_context_set_max_decoding_threads)(context, 0);
            (functions.heif_context_set_maximum_image_size_limit)(context, side);
            if let Some(bounds) = library.bounds_of.and_then(|of| of(context).as_mut()) {
                bounds.max_image_size_pixels = limits.max_pixels;
            }
            let bytes = input.as_ptr().cast();
            (functions.heif_context_read_from_memory_without_copy)(context, bytes, input.len(), ptr::null())
        };
        checked(&status)?;
        Ok(file)
    }

    /// The main image.
    fn main(&self) -> Result<MainImage<'_>, RenderError> {
        let mut handle = ptr::null_mut();
        // SAFETY: the context is valid; what comes back is checked.
        let status = unsafe {
            (self.library.functions.heif_context_get_primary_image_handle)(self.raw.as_ptr(), &raw mut handle)
        };
        let image = NonNull::new(handle).map(|raw| MainImage { library: self.library, raw });
        checked(&status)?;
        image.ok_or_else(damaged)
    }
}

impl Drop for OpenFile<'_> {
    fn drop(&mut self) {
        // SAFETY: it was made by the library, and this is the only time that it is given back.
        unsafe { (self.library.functions.heif_context_free)(self.raw.as_ptr()) }
    }
}

/// The main image of a file, not decoded.
struct MainImage<'a> {
    library: &'a LibHeif,
    raw: NonNull<Handle>,
}

impl Drop for MainImage<'_> {
    fn drop(&mut self) {
        // SAFETY: it was made by the library, and this is the only time that it is given back.
        unsafe { (self.library.functions.heif_image_handle_release)(self.raw.as_ptr()) }
    }
}

/// How to decode.
struct DecodingOptions<'a> {
    library: &'a LibHeif,
    raw: NonNull<Options>,
}

impl<'a> DecodingOptions<'a> {
    fn new(library: &'a LibHeif) -> Result<Self, RenderError> {
        // SAFETY: the function takes nothing; what it returns is checked.
        let raw = unsafe { (library.functions.heif_decoding_options_alloc)() };
        let options = Self { library, raw: NonNull::new(raw).ok_or(RenderError::TooLarge)? };
        // SAFETY: the library has filled them in, nobody else has them, and what the version does not have is not touched; so no
        // reference is made to all of them.
        unsafe {
            let raw = options.raw.as_ptr();
            if (*raw).version < OPTIONS_WITH_EIGHT_BITS {
                return Err(RenderError::Unsupported);
            }
            (*raw).ignore_transformations = 1;
            (*raw).convert_hdr_to_8bit = 1;
        }
        Ok(options)
    }
}

impl Drop for DecodingOptions<'_> {
    fn drop(&mut self) {
        // SAFETY: they were made by the library, and this is the only time that they are given back.
        unsafe { (self.library.functions.heif_decoding_options_free)(self.raw.as_ptr()) }
    }
}

/// Pixels in the library's memory.
struct DecodedImage<'a> {
    library: &'a LibHeif,
    raw: NonNull<Image>,
}

impl Drop for DecodedImage<'_> {
    fn drop(&mut self) {
        // SAFETY: it was made by the library, and this is the only time that it is given back.
        unsafe { (self.library.functions.heif_image_release)(self.raw.as_ptr()) }
    }
}

/// A decoded image: three bytes a pixel, or four with opacity.
pub(super) struct Decoded<'a> {
    image: DecodedImage<'a>,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether pixels have an opacity.
    pub alpha: bool,
    /// Whether their colours are multiplied by it.
    pub premultiplied: bool,
}

impl<'a> Decoded<'a> {
    /// What came, if it is what was asked for.
    fn of(image: DecodedImage<'a>, chroma: c_int, premultiplied: bool) -> Result<Self, RenderError> {
        let functions = &image.library.functions;
        let raw = image.raw.as_ptr();
        // SAFETY: the image is valid, and only looked at.
        let (got, width, height) = unsafe {
            (
                (functions.heif_image_get_chroma_format)(raw),
                (functions.heif_image_get_width)(raw, CHANNEL_INTERLEAVED),
                (functions.heif_image_get_height)(raw, CHANNEL_INTERLEAVED),
            )
        };
        let side = |side: c_int| u32::try_from(side).ok().filter(|side| *side > 0).ok_or_else(damaged);
        if got != chroma {
            return Err(RenderError::Unsupported);
        }
        let alpha = chroma == CHROMA_INTERLEAVED_RGBA;
        Ok(Self { width: side(width)?, height: side(height)?, image, alpha, premultiplied })
    }

    /// The rows, top first, each exactly as long as its pixels.
    pub fn rows(&self) -> Option<impl Iterator<Item = &[u8]>> {
        let row_bytes = usize::try_from(self.width).ok()?.checked_mul(if self.alpha { 4 } else { 3 })?;
        let rows = usize::try_from(self.height).ok()?;
        let mut stride: c_int = 0;
        // SAFETY: the image is valid; the plane is its own and stays as it is until the image is released.
        let plane = unsafe {
            let raw = self.image.raw.as_ptr();
            (self.image.library.functions.heif_image_get_plane_readonly)(raw, CHANNEL_INTERLEAVED, &raw mut stride)
        };
        let stride = usize::try_from(stride).ok().filter(|stride| *stride >= row_bytes)?;
        let len = stride.checked_mul(rows - 1)?.checked_add(row_bytes).filter(|len| isize::try_from(*len).is_ok())?;
        if plane.is_null() {
            return None;
        }
        // SAFETY: the plane has so many rows, each one stride behind the other, and the last is as long as its pixels at least.
        let plane = unsafe { slice::from_raw_parts(plane, len) };
        Some(plane.chunks(stride).map(move |row| &row[..row_bytes]))
    }
}

/// What the dynamic linker says.
fn told(error: &libloading::Error) -> String {
    let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    format!("HEIC can not be read: {why}")
}

/// An error as ours.
fn checked(status: &Status) -> Result<(), RenderError> {
    match status.code {
        0 => Ok(()),
        UNSUPPORTED_FILETYPE | UNSUPPORTED_FEATURE | PLUGIN_LOADING => Err(RenderError::Unsupported),
        MEMORY_ALLOCATION => Err(RenderError::TooLarge),
        _ if status.message.is_null() => Err(damaged()),
        _ => {
            // SAFETY: a text that ends with a zero; whose it is lives as long as the caller's borrow of it.
            let text = unsafe { CStr::from_ptr(status.message) };
            Err(RenderError::Corrupt(text.to_string_lossy().into_owned()))
        }
    }
}

fn damaged() -> RenderError {
    RenderError::Corrupt("cannot be decoded".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_or_is_another_is_told() {
        let told = |name| LibHeif::load_from(name).err().unwrap_or_default();
        assert!(told("libnowhere.so.1").contains("libnowhere.so.1"), "{}", told("libnowhere.so.1"));
        assert!(told("libc.so.6").contains("heif_context_alloc"), "{}", told("libc.so.6"));
    }
}
