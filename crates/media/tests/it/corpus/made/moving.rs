//! Animations: too many frames, frames too large, frames that lie.

use super::{Files, named, png, still, zeros};

pub fn files() -> Files {
    let mut endless = gif(8, 8, &[gif_frame(1, 1)]);
    endless.pop();
    named([
        ("million-frames.png", apng(8, 8, 1_000_000, 1_000_000, 264)),
        ("million-frames-stated.png", apng(8, 8, u32::MAX, 2, 264)),
        ("no-frames-stated.png", apng(8, 8, 0, 2, 264)),
        ("hundred-frames-of-four-million.png", apng(2_000, 2_000, 100, 100, 2_000 * 8_001)),
        ("two-thousand-frames.png", apng(40, 25, 2_000, 2_000, 25 * 161)),
        ("frames-without-data.png", apng(8, 8, 100, 0, 264)),
        ("million-frames.gif", gif(8, 8, &vec![gif_frame(1, 1); 1_000_000])),
        ("largest-canvas.gif", gif(65_535, 65_535, &vec![gif_frame(1, 1); 10])),
        ("canvas-of-hundred-million.gif", gif(10_000, 10_000, &vec![gif_frame(1, 1); 500])),
        ("frames-larger-than-the-canvas.gif", gif(1, 1, &vec![gif_frame(65_535, 65_535); 100])),
        ("frames-of-nothing.gif", gif(8, 8, &vec![gif_frame(0, 0); 1_000])),
        ("canvas-of-nothing.gif", gif(0, 0, &[gif_frame(1, 1), gif_frame(1, 1)])),
        ("no-end.gif", endless),
        ("million-remarks.gif", gif(8, 8, &[b"\x21\xFE\x01x\0".repeat(1_000_000), gif_frame(1, 1)])),
        ("remark-without-end.gif", gif(8, 8, &[[b"\x21\xFE", &b"\xFF".repeat(1_000_000)[..]].concat()])),
        ("codes-of-no-width.gif", gif(8, 8, &[b"\x2C\0\0\0\0\x08\0\x08\0\0\xFF\x02\x4C\x01\0".to_vec()])),
        (
            "codes-without-a-beginning.gif",
            gif(8, 8, &[b"\x2C\0\0\0\0\x08\0\x08\0\0\x02\x04\xFF\xFF\xFF\xFF\0".to_vec()]),
        ),
        ("million-frames.webp", webp((8, 8), &vec![webp_frame((0, 0), (8, 8)); 1_000_000])),
        ("largest-canvas.webp", webp((1 << 24, 1 << 24), &vec![webp_frame((0, 0), (8, 8)); 10])),
        ("canvas-of-four-million.webp", webp((2_000, 2_000), &vec![webp_frame((0, 0), (8, 8)); 100])),
        ("frames-of-four-million.webp", webp((2_000, 2_000), &vec![webp_frame((0, 0), (2_000, 2_000)); 100])),
        ("frame-outside.webp", webp((8, 8), &[webp_frame((0, 0), (8, 8)), webp_frame((1 << 24, 1 << 24), (8, 8))])),
        ("frame-larger-than-the-canvas.webp", webp((8, 8), &vec![webp_frame((0, 0), (10_000, 10_000)); 2])),
        ("no-frames.webp", webp((8, 8), &[])),
    ])
}

/// As many frames as there are, of transparent pixels, where another number may be stated.
fn apng(width: u32, height: u32, stated: u32, frames: u32, data_len: u64) -> Vec<u8> {
    let data = zeros::zlib(data_len);
    let frame = |number: u32| {
        let sizes = [number, width, height, 0, 0].map(u32::to_be_bytes).concat();
        png::chunk(b"fcTL", &[&sizes[..], b"\0\x01\0\x0A\0\0"].concat())
    };
    let mut chunks =
        vec![png::chunk(b"acTL", &[stated.to_be_bytes(), [0; 4]].concat()), frame(0), png::chunk(b"IDAT", &data)];
    for number in 1..frames.max(1) {
        chunks.push(frame(2 * number - 1));
        chunks.push(png::chunk(b"fdAT", &[&(2 * number).to_be_bytes()[..], &data].concat()));
    }
    png::png(&png::header(width, height, 8, 6), &chunks)
}

fn gif(width: u16, height: u16, blocks: &[Vec<u8>]) -> Vec<u8> {
    let head = [&b"GIF89a"[..], &width.to_le_bytes(), &height.to_le_bytes(), b"\x80\0\0", &[0, 0, 0, 255, 255, 255]];
    [&head.concat()[..], b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0", &blocks.concat(), b";"].concat()
}

/// One whose data is a single pixel, whatever its size.
fn gif_frame(width: u16, height: u16) -> Vec<u8> {
    [&b"\x21\xF9\x04\0\x0A\0\0\0\x2C\0\0\0\0"[..], &width.to_le_bytes(), &height.to_le_bytes(), b"\0\x02\x02\x44\x01\0"]
        .concat()
}

fn webp((width, height): (u32, u32), frames: &[Vec<u8>]) -> Vec<u8> {
    let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let head = still::riff_chunk(b"VP8X", &[&[2, 0, 0, 0][..], &side(width), &side(height)].concat());
    still::riff(&[&head[..], &still::riff_chunk(b"ANIM", &[0; 6]), &frames.concat()].concat())
}

fn webp_frame((left, top): (u32, u32), (width, height): (u32, u32)) -> Vec<u8> {
    let numbers = [left / 2, top / 2, width - 1, height - 1, 100].map(|number| number.to_le_bytes()[..3].to_vec());
    let image = still::riff_chunk(b"VP8L", &still::plain_webp(width, height));
    still::riff_chunk(b"ANMF", &[&numbers.concat()[..], &[0], &image].concat())
}
