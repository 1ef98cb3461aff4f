//! Notes and files that are damaged or lie: whatever is in them, they are answered, and little of it is carried on.

use media::{Engine, Format, Limits, Resolved};
use proptest::{collection::vec, prelude::*, sample};

use super::{jpeg_segment, jpeg_with, made, rich_block, webp_with};
use crate::pictures::{Picture, png_with_chunk};

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_block_does_harm(
        block in prop_oneof![vec(any::<u8>(), 0..200), Just(rich_block())],
        changes in vec((any::<sample::Index>(), any::<u8>()), 0..20),
        marker in sample::select(vec![0xE1_u8, 0xE2, 0xED]),
        mark in sample::select(vec![
            b"Exif\0\0".as_slice(), b"Exif\0\0II*\0\x08\0\0\0", b"ICC_PROFILE\0", b"Photoshop 3.0\08BIM\x04\x04", b"http://ns.adobe.com/xap/1.0/\0<dc:rights>",
        ]),
        name in sample::select(vec![b"iCCP", b"eXIf", b"tEXt", b"iTXt"]),
        chunk in sample::select(vec![b"ICCP", b"EXIF", b"XMP ", b"ANMF", b"ALPH"]),
    ) {
        let mut block = block;
        for (at, byte) in changes {
            if !block.is_empty() {
                let at = at.index(block.len());
                block[at] = byte;
            }
        }
        let marked = [mark, block.as_slice()].concat();
        let sources = [
            jpeg_segment(&Picture::corners(8, 8).jpeg(), marker, &marked),
            png_with_chunk(&Picture::corners(8, 8).png(), name, &block),
            webp_with(&[(chunk, &block)]),
        ];
        for source in sources {
            let plans = [Resolved::of_size(4, 4, Format::Webp)];
            if let Ok(made) = Engine::default().make(&source, &plans, true, &Limits::default()) {
                let details = made.details.unwrap();
                prop_assert!(details.camera.is_none_or(|camera| camera.len() <= 200));
                prop_assert!(made.renditions[0].bytes.len() < 4096);
            }
        }
    }

    #[test]
    fn no_file_does_harm(
        at in any::<sample::Index>(),
        change in any::<u8>(),
        len in any::<sample::Index>(),
        format in sample::select(Format::ALL.to_vec()),
    ) {
        let mut source = made(&jpeg_with(&rich_block()), format);
        let place = at.index(source.len());
        source[place] = change;
        source.truncate(len.index(source.len()) + 1);
        let plans = [Resolved::of_size(4, 4, Format::Jpeg)];
        drop(Engine::default().make(&source, &plans, true, &Limits::default()));
    }
}
