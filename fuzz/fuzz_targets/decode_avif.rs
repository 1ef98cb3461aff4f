//! Files that begin as an AVIF does: see [`drawing`].
#![no_main]

mod drawing;

use libfuzzer_sys::fuzz_target;
use media::SourceFormat;

fuzz_target!(|bytes: &[u8]| drawing::draw(bytes, SourceFormat::Avif));
