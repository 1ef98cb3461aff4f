//! All frames of an animation, one after another: decoded once, drawn by each plan, encoded. No more than one frame of each is
//! held at a time, beside what encoders keep.

use super::{
    Engine, Legal, Outcome, STEPS, Source, Work, decode,
    encode::{self, Animation},
    raster::{Layout, View},
    scale,
};
use crate::RenderError;

/// Draws the works that want all frames, if the source has several and is within the limits. What is left undone here is drawn
/// as a still. A file that is damaged behind its first frame moves as far as it goes.
pub(super) fn draw(
    engine: &mut Engine,
    source: &Source<'_>,
    works: &[Work<'_>],
    outcomes: &mut [Option<Outcome>],
) -> Result<(), RenderError> {
    if !works.iter().any(|work| work.resolved.animated) {
        return Ok(());
    }
    // What can not be read as an animation may still have a first image.
    let Ok(Some(mut frames)) = decode::frames(source) else { return Ok(()) };
    let mut films: Vec<Film<'_>> = works
        .iter()
        .enumerate()
        .filter(|(_, work)| work.resolved.animated)
        .map(|(at, work)| Film { at, work, encoder: None })
        .collect();
    let mut drawn = 0_u32;
    let loops = frames.loops();
    while let Ok(Some(frame)) = frames.next() {
        let canvas = View { width: source.size.0, height: source.size.1, layout: Layout::Rgba, pixels: frame.canvas };
        for film in &mut films {
            film.add(engine, canvas, frame.delay_ms, loops)?;
        }
        drawn += 1;
    }
    if drawn < 2 {
        // It does not move after all.
        return Ok(());
    }
    let legal = Legal::of(&source.tags);
    for Film { at, work, encoder } in films {
        if let Some(encoder) = encoder
            && let Some(bytes) = encoder.finish()?
        {
            let bytes = legal.written_into(bytes, work.resolved.format);
            outcomes[at] = Some(Outcome::Encoded { bytes, animated: true });
        }
    }
    Ok(())
}

/// One rendition in the making.
struct Film<'a> {
    /// Which of the works it is.
    at: usize,
    work: &'a Work<'a>,
    /// From the first frame on.
    encoder: Option<Box<dyn Animation>>,
}

impl Film<'_> {
    fn add(&mut self, engine: &mut Engine, canvas: View<'_>, delay_ms: u32, loops: u32) -> Result<(), RenderError> {
        let work = self.work;
        let scaled = scale::scaled_from_full(engine, work, canvas)?;
        let raster = STEPS.iter().try_fold(scaled, |raster, step| step(engine, work, raster))?;
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => none.insert(encode::animation(work.resolved, &raster, loops, work.source.limits)?),
        };
        encoder.add(&raster, delay_ms)?;
        engine.buffers.give_back(raster.pixels);
        Ok(())
    }
}
