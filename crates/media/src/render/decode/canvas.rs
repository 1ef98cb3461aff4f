//! The canvas that the frames of an animation are laid on, one over the other. It knows no format.

use super::super::raster::{Layout, View};

/// Part of a canvas, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Area {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// What becomes of a frame when its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposal {
    /// It stays below the next.
    Keep,
    /// Its place becomes transparent.
    Clear,
    /// Its place becomes what it was before.
    Restore,
}

/// Pixels of four bytes, not premultiplied, transparent at first.
#[derive(Debug)]
pub(super) struct Canvas {
    pub pixels: Vec<u8>,
    width: usize,
    height: usize,
    /// Where the last frame lies, and what becomes of it.
    last: (Area, Disposal),
    /// What was below the last frame, where that comes back.
    below: Vec<u8>,
}

impl Canvas {
    /// An empty one.
    pub fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        let pixels = vec![0; width * height * 4];
        Self { pixels, width, height, last: (Area::default(), Disposal::Keep), below: Vec::new() }
    }

    /// Ends the last frame's time and makes ready for one that lies in `area`, which may reach outside: the part that is on
    /// the canvas.
    pub fn begin(&mut self, area: Area, disposal: Disposal) -> Area {
        let (last, then) = self.last;
        let mut below = std::mem::take(&mut self.below);
        match then {
            Disposal::Keep => {}
            Disposal::Clear => self.rows_mut(last).for_each(|row| row.fill(0)),
            Disposal::Restore if !below.is_empty() => {
                self.rows_mut(last)
                    .zip(below.chunks_exact(last.width * 4))
                    .for_each(|(row, old)| row.copy_from_slice(old));
            }
            Disposal::Restore => {}
        }
        let area = self.part(area);
        if disposal == Disposal::Restore {
            below.clear();
            self.rows_mut(area).for_each(|row| below.extend_from_slice(row));
            self.below = below;
        }
        self.last = (area, disposal);
        area
    }

    /// What of the area is on the canvas.
    fn part(&self, area: Area) -> Area {
        let x = area.x.min(self.width);
        let y = area.y.min(self.height);
        Area { x, y, width: area.width.min(self.width - x), height: area.height.min(self.height - y) }
    }

    /// The rows of an area that is on the canvas.
    pub fn rows_mut(&mut self, area: Area) -> impl Iterator<Item = &mut [u8]> {
        let rows = self.pixels.chunks_exact_mut((self.width * 4).max(1)).skip(area.y).take(area.height);
        rows.map(move |row| &mut row[area.x * 4..(area.x + area.width) * 4])
    }

    /// Lays pixels into an area of their size, in place of what is there or, where they are transparent, over it.
    pub fn lay(&mut self, area: Area, frame: View<'_>, over: bool) {
        let pixel_bytes = frame.layout.bytes();
        let rows = frame.pixels.chunks_exact((frame.width as usize * pixel_bytes).max(1));
        for (row, new) in self.rows_mut(area).zip(rows) {
            let (row, _) = row.as_chunks_mut::<4>();
            match frame.layout {
                Layout::Gray => row.iter_mut().zip(new).for_each(|(to, &gray)| *to = [gray, gray, gray, 255]),
                Layout::Rgb => {
                    let (new, _) = new.as_chunks::<3>();
                    row.iter_mut().zip(new).for_each(|(to, &[red, green, blue])| *to = [red, green, blue, 255]);
                }
                Layout::Rgba | Layout::Cmyk => {
                    let (new, _) = new.as_chunks::<4>();
                    row.iter_mut().zip(new).for_each(|(to, &new)| *to = if over { laid_over(*to, new) } else { new });
                }
            }
        }
    }
}

/// One pixel seen through another.
fn laid_over(below: [u8; 4], above: [u8; 4]) -> [u8; 4] {
    match (above[3], below[3]) {
        (255, _) | (_, 0) => above,
        (0, _) => below,
        (alpha, behind) => {
            // In parts of 255 * 255, so that nothing is rounded before the end.
            let (near, far) = (u32::from(alpha) * 255, u32::from(behind) * u32::from(255 - alpha));
            let sum = near + far;
            let mix = |above: u8, below: u8| ((u32::from(above) * near + u32::from(below) * far + sum / 2) / sum) as u8;
            let [red, green, blue] = [0, 1, 2].map(|part| mix(above[part], below[part]));
            [red, green, blue, ((sum + 127) / 255) as u8]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];

    fn lay(canvas: &mut Canvas, area: Area, disposal: Disposal, colour: [u8; 4]) {
        let area = canvas.begin(area, disposal);
        canvas.rows_mut(area).flat_map(|row| row.as_chunks_mut::<4>().0).for_each(|pixel| *pixel = colour);
    }

    #[test]
    fn frames_stay_go_or_give_back_what_was_there() {
        let area = |x, width| Area { x, y: 0, width, height: 1 };
        let mut canvas = Canvas::new(3, 1);
        let seen = |canvas: &Canvas| canvas.pixels.as_chunks::<4>().0.to_vec();
        lay(&mut canvas, area(0, 9), Disposal::Keep, RED);
        assert_eq!(seen(&canvas), [RED; 3]);
        lay(&mut canvas, area(1, 1), Disposal::Restore, BLUE);
        assert_eq!(seen(&canvas), [RED, BLUE, RED]);
        lay(&mut canvas, area(2, 5), Disposal::Clear, BLUE);
        assert_eq!(seen(&canvas), [RED, RED, BLUE]);
        lay(&mut canvas, area(7, 5), Disposal::Restore, BLUE);
        assert_eq!(seen(&canvas), [RED, RED, [0; 4]]);
        lay(&mut canvas, area(0, 0), Disposal::Restore, BLUE);
        assert_eq!(seen(&canvas), [RED, RED, [0; 4]]);
    }

    #[test]
    fn half_a_pixel_over_half_a_pixel() {
        assert_eq!(laid_over(RED, [0, 0, 255, 128]), [127, 0, 128, 255]);
        assert_eq!(laid_over([255, 0, 0, 128], [0, 0, 255, 128]), [85, 0, 170, 192]);
        assert_eq!(laid_over(RED, [9, 9, 9, 0]), RED);
        assert_eq!(laid_over([9, 9, 9, 0], [1, 2, 3, 4]), [1, 2, 3, 4]);
    }
}
