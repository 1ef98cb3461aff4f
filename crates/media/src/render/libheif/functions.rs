//! The part of the library's interface that is used, as its own headers declare it.

use std::{
    ffi::{c_char, c_int, c_void},
    marker::{PhantomData, PhantomPinned},
};

use libloading::os::unix::Library;

/// How an error comes back. The text belongs to what the call was made on.
#[repr(C)]
pub(super) struct Status {
    pub code: c_int,
    _subcode: c_int,
    pub message: *const c_char,
}

/// Something of the library's of which only it knows what is inside.
#[repr(C)]
pub(super) struct Opaque<Kind> {
    _inside: [u8; 0],
    _not_ours: PhantomData<(*mut u8, PhantomPinned, Kind)>,
}

pub(super) type Context = Opaque<[u8; 1]>;
pub(super) type Handle = Opaque<[u8; 2]>;
pub(super) type Image = Opaque<[u8; 3]>;

/// The first of the options of decoding. The library allocates them, and newer ones have more.
#[repr(C)]
pub(super) struct Options {
    pub version: u8,
    pub ignore_transformations: u8,
    _progress: [*mut c_void; 4],
    // From here on only if the version says so.
    pub convert_hdr_to_8bit: u8,
}

/// The first of the bounds that newer versions keep. The library allocates them.
#[repr(C)]
pub(super) struct Bounds {
    _version: u8,
    pub max_image_size_pixels: u64,
}

/// Declares the functions that are used, and how they are found.
macro_rules! functions {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// Functions of the library.
        pub(super) struct Functions {
            $(pub $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// Finds them all.
            ///
            /// # Safety
            /// The library must have them as they are declared here.
            pub(super) unsafe fn of(library: &Library) -> Result<Self, libloading::Error> {
                // SAFETY: as the caller promises.
                unsafe { Ok(Self { $($name: *library.get(stringify!($name))?,)* }) }
            }
        }
    };
}

functions! {
    heif_context_alloc() -> *mut Context;
    heif_context_free(*mut Context);
    heif_context_set_max_decoding_threads(*mut Context, c_int);
    heif_context_set_maximum_image_size_limit(*mut Context, c_int);
    heif_context_read_from_memory_without_copy(*mut Context, *const c_void, usize, *const c_void) -> Status;
    heif_context_get_primary_image_handle(*mut Context, *mut *mut Handle) -> Status;
    heif_image_handle_release(*const Handle);
    heif_image_handle_has_alpha_channel(*const Handle) -> c_int;
    heif_image_handle_is_premultiplied_alpha(*const Handle) -> c_int;
    heif_decoding_options_alloc() -> *mut Options;
    heif_decoding_options_free(*mut Options);
    heif_decode_image(*const Handle, *mut *mut Image, c_int, c_int, *const Options) -> Status;
    heif_image_release(*const Image);
    heif_image_get_chroma_format(*const Image) -> c_int;
    heif_image_get_width(*const Image, c_int) -> c_int;
    heif_image_get_height(*const Image, c_int) -> c_int;
    heif_image_get_plane_readonly(*const Image, c_int, *mut c_int) -> *const u8;
}
