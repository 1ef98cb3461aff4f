//! Everything that is done to the bytes of an image, within small limits: it ends, nothing panics, and what comes out is an image
//! of the size that was asked for.

use media::{Engine, Format, Limits, Probe, RenderError, Resolved, SourceFormat, probe, sniff};

const LIMITS: Limits = Limits {
    max_pixels: 1_000_000,
    max_input_bytes: 1_000_000,
    max_output_bytes: 8_000_000,
    max_frames: 30,
    max_animation_pixels: 2_000_000,
};

/// What is as large as it is drawn has this size where its head does not tell one.
const DRAWN: (u32, u32) = (200, 100);

/// Draws a still, a turned part, an animation, and describes.
pub fn draw(bytes: &[u8], from: SourceFormat) {
    if sniff(bytes).and_then(|found| SourceFormat::from_media_type(&found)) != Some(from) {
        return;
    }
    let (width, height) = probe(bytes).map_or(DRAWN, |Probe { width, height, .. }| (width, height));
    let moving = Resolved { animated: true, ..Resolved::of_size(9, 7, Format::Webp) };
    let sharp = Resolved { sharpen: true, flatten: Some([1, 2, 3]), ..Resolved::of_size(16, 16, Format::Png) };
    let same = Resolved::of_size(width.min(500), height.min(500), Format::Jpeg);
    let plans = [moving, sharp, same, Resolved { animated: true, ..Resolved::of_size(5, 5, Format::Gif) }];
    match Engine::default().make(bytes, &plans, true, &LIMITS) {
        Ok(made) => {
            assert!(made.details.is_some() && made.renditions.len() == plans.len());
            for (rendered, plan) in made.renditions.iter().zip(&plans) {
                let found = probe(&rendered.bytes).expect("what was drawn is an image");
                assert_eq!((found.width, found.height), (plan.width, plan.height));
                assert_eq!(found.orientation, 1, "it is turned already");
            }
        }
        Err(RenderError::Unsupported | RenderError::Corrupt(_) | RenderError::TooLarge) => {}
        Err(error) => panic!("{error} is no finding of an engine"),
    }
}
