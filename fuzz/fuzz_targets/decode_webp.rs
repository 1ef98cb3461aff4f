//! Files that begin as a WebP does: see [`drawing`].
#![no_main]

mod drawing;

use libfuzzer_sys::fuzz_target;
use media::Format;

fuzz_target!(|bytes: &[u8]| drawing::draw(bytes, Format::Webp));
