//! Animations that are damaged, or lie about what is in them: as far as they are whole, a still, or a clear answer.

use std::time::Instant;

use media::{Format, Limits, RenderError, probe, render};
use proptest::{collection::vec, prelude::*, sample};

use crate::{
    animations::{MOVING, rendered, to},
    films::{Film, film},
    pictures::{CLEAR, Picture, WHITE},
};

/// Where a chunk with this name begins, the `nth` of them.
fn chunk(png: &[u8], name: &[u8; 4], nth: usize) -> usize {
    png.windows(4).enumerate().filter(|(_, window)| window == name).nth(nth).unwrap().0 - 4
}

/// The same with some bytes of a chunk's body changed and its checksum put right.
fn changed(png: &[u8], at: usize, from: usize, bytes: &[u8]) -> Vec<u8> {
    let mut png = png.to_vec();
    let len = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
    png[at + 8 + from..at + 8 + from + bytes.len()].copy_from_slice(bytes);
    let sum = crc32fast::hash(&png[at + 4..at + 8 + len]).to_be_bytes();
    png[at + 8 + len..at + 12 + len].copy_from_slice(&sum);
    png
}

#[test]
fn an_apng_may_lie_about_its_frames() {
    let source = Film::wandering(0, WHITE).apng();
    let control = chunk(&source, b"acTL", 0);
    let count = |source: &[u8]| {
        let found = rendered(source, &to(Format::Png, 96, 64));
        if found.animated { film(&found.bytes).frames.len() } else { 0 }
    };
    assert_eq!(count(&changed(&source, control, 0, &[0, 15, 66, 64])), 4, "a million");
    assert_eq!(count(&changed(&source, control, 0, &[0, 0, 0, 2])), 2);
    assert_eq!(count(&changed(&source, control, 0, &[0; 4])), 0);
    let third = chunk(&source, b"fcTL", 2);
    for (from, what) in [(4, "wide"), (8, "high"), (12, "far right"), (16, "far down")] {
        assert_eq!(count(&changed(&source, third, from, &[0x7F, 0xFF, 0xFF, 0xFF])), 2, "too {what}");
        let first = changed(&source, chunk(&source, b"fcTL", 0), from, &[0xFF; 4]);
        let refused = render(&first, &to(Format::Png, 96, 64), &Limits::default());
        assert!(matches!(refused, Err(RenderError::Corrupt(_))), "the first too {what}: {refused:?}");
    }
    assert_eq!(count(&changed(&source, third, 4, &[0; 4])), 2, "no width");
    let mut broken = source.clone();
    broken[chunk(&source, b"fdAT", 2) + 30] ^= 0x55;
    assert_eq!(count(&broken), 3, "a wrong checksum");
}

#[test]
fn a_million_frames_are_counted_and_not_drawn() {
    let started = Instant::now();
    let film =
        Film { plays: 0, frames: (0..2).map(|at| (Picture::of(1, 1, |_, _| [at * 200, 0, 0, 255]), 100)).collect() };
    let gif = film.gif();
    let second = gif.windows(2).rposition(|window| window == b"\x21\xF9").unwrap();
    let frame = &gif[second..gif.len() - 1];
    let gif = [&gif[..second], &frame.repeat(1_000_000), b";"].concat();
    let png = changed(&film.apng(), 33, 0, &1_000_001_u32.to_be_bytes());
    let (second, end) = (chunk(&png, b"fcTL", 1), chunk(&png, b"IEND", 0));
    let png = [&png[..second], &png[second..end].repeat(1_000_000), &png[end..]].concat();
    let webp = film.encoded(Format::Webp);
    let frame = webp.windows(4).rposition(|window| window == b"ANMF").unwrap();
    let mut webp = [&webp[..frame], &webp[frame..].repeat(1_000_000)].concat();
    let len = (webp.len() as u32 - 8).to_le_bytes();
    webp[4..8].copy_from_slice(&len);
    for source in [&gif, &png, &webp] {
        let found = render(source, &to(Format::Png, 1, 1), &Limits::default());
        let found = found.map(|found| (found.animated, probe(&found.bytes).unwrap().animated));
        assert_eq!(found, Ok((false, false)));
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn frames_far_larger_than_the_canvas_cost_what_they_are() {
    // Two images of 65,535 x 65,535 on a canvas of one pixel.
    let image = b"\x2C\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x02\x44\x01\0";
    let bomb = [&b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF"[..], image, image, b";"].concat();
    assert_eq!(render(&bomb, &to(Format::Png, 1, 1), &Limits::default()), Err(RenderError::TooLarge));
}

#[test]
fn a_frame_of_no_size_ends_an_animation() {
    let film = Film::wandering(0, WHITE);
    let mut gif = film.gif();
    let third =
        gif.windows(10).enumerate().filter(|(_, window)| window.starts_with(b"\x2C\0\0\0\0\x60\0\x40\0")).nth(2);
    let at = third.unwrap().0;
    gif[at + 5..at + 9].fill(0);
    let found = crate::films::film(&rendered(&gif, &to(Format::Png, 96, 64)).bytes);
    assert_eq!(found.frames[..], film.frames[..2]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn damaged_animations_are_answered(
        from in sample::select(&MOVING[..]),
        into in sample::select(&MOVING[..]),
        damage in vec((any::<sample::Index>(), any::<u8>()), 1..8),
        keep in any::<sample::Index>(),
    ) {
        let mut bytes = Film::wandering(0, CLEAR).encoded(from);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if keep.index(2) == 0 {
            bytes.truncate(keep.index(bytes.len()));
        }
        let limits = Limits { max_pixels: 1_000_000, max_animation_pixels: 4_000_000, ..Limits::default() };
        if let Ok(found) = render(&bytes, &to(into, 16, 16), &limits) {
            let size = probe(&found.bytes).map(|probe| (probe.width, probe.height, probe.animated));
            prop_assert_eq!(size, Some((16, 16, found.animated)));
        }
    }
}

#[test]
fn probing_calls_animated_what_can_move() {
    let animated = |bytes: &[u8]| probe(bytes).unwrap().animated;
    let film = Film::wandering(0, WHITE);
    let single = Film { frames: film.frames[..1].to_vec(), ..film.clone() };
    assert!(!animated(&single.gif()), "it repeats one frame");
    assert!(!animated(&single.apng()), "one frame is stated");
    let gif = film.gif();
    let first = single.gif().len();
    assert!(animated(&gif[..first - 1]), "it repeats, and more may come");
    let once = Film { plays: 1, ..film.clone() }.gif();
    assert!(!animated(&once[..once.len() / 8]), "nothing tells of a second frame");
    assert!(animated(&once));
    let webp = film.encoded(Format::Webp);
    let frames: Vec<usize> =
        webp.windows(4).enumerate().filter(|(_, window)| window == b"ANMF").map(|(at, _)| at).collect();
    assert!(animated(&webp[..frames[1]]), "more may come");
    let mut one = webp[..frames[1]].to_vec();
    one[4..8].copy_from_slice(&(frames[1] as u32 - 8).to_le_bytes());
    assert!(!animated(&one), "it ends behind the first frame");
}
