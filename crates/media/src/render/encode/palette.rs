//! At most 256 colours that stand for all of a picture's. It knows no format.

/// Bits of each part of a colour that tell cells apart, where there are more colours than a palette holds.
const CELL_BITS: u32 = 6;
const CELLS: usize = 1 << (3 * CELL_BITS);

/// Places in the table of exact colours: a power of two, several times what a palette holds.
const SLOTS: usize = 1024;

/// Red, green, blue.
type Colour = [u8; 3];

/// Chosen colours, and which of them stands for which.
pub(super) struct Palette {
    pub colours: Vec<Colour>,
    places: Places,
}

/// How the place of a colour is found.
enum Places {
    /// Each colour has its own.
    Exact(Exact),
    /// Colours that fall into the same cell share one. By cell, then by the cell's number.
    Shared { numbers: Vec<u32>, places: Vec<u8> },
}

impl Palette {
    /// The colours of these pixels if they are at most `max`, 1 to 256; otherwise ones that come near them.
    pub fn of(pixels: &[Colour], max: usize) -> Self {
        let mut exact = Exact::new();
        if pixels.iter().all(|pixel| exact.add(*pixel, max)) {
            return Self { colours: exact.colours.clone(), places: Places::Exact(exact) };
        }
        let (cells, numbers) = cells_of(pixels);
        let mut colours = divided(&cells, max);
        let mut places = nearest_of_all(&cells, &colours);
        // Once more from the middles of what has gathered around each: a little nearer.
        gather(&cells, &places, &mut colours);
        places = nearest_of_all(&cells, &colours);
        Self { colours, places: Places::Shared { numbers, places } }
    }

    /// Where the colour is that stands for this one, which was among the pixels.
    pub fn place(&self, colour: Colour) -> u8 {
        match &self.places {
            Places::Exact(exact) => exact.find(colour).unwrap_or(0),
            Places::Shared { numbers, places } => places.get(numbers[cell_of(colour)] as usize).copied().unwrap_or(0),
        }
    }
}

/// Colours with their order of appearance.
struct Exact {
    colours: Vec<Colour>,
    /// One more than the place of the colour in this slot; 0 is empty.
    slots: Box<[u16; SLOTS]>,
}

impl Exact {
    fn new() -> Self {
        Self { colours: Vec::new(), slots: Box::new([0; SLOTS]) }
    }

    /// The slot that holds the colour, or is free for it. There always is one: at most a quarter are taken.
    fn slot(&self, colour: Colour) -> usize {
        let [red, green, blue] = colour.map(u32::from);
        let mut slot = ((red << 16 | green << 8 | blue).wrapping_mul(0x9E37_79B1) >> 22) as usize;
        while let Some(place) = usize::from(self.slots[slot]).checked_sub(1)
            && self.colours[place] != colour
        {
            slot = (slot + 1) % SLOTS;
        }
        slot
    }

    fn find(&self, colour: Colour) -> Option<u8> {
        usize::from(self.slots[self.slot(colour)]).checked_sub(1).map(|place| place as u8)
    }

    /// False when there is no room for one more.
    fn add(&mut self, colour: Colour, max: usize) -> bool {
        let slot = self.slot(colour);
        if self.slots[slot] == 0 {
            if self.colours.len() >= max {
                return false;
            }
            self.colours.push(colour);
            self.slots[slot] = self.colours.len() as u16;
        }
        true
    }
}

/// Pixels whose colours are nearly the same: how many, and the sums of their parts.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    count: u64,
    sums: [u64; 3],
}

impl Cell {
    fn with(self, other: Self) -> Self {
        let [red, green, blue] = [0, 1, 2].map(|part| self.sums[part] + other.sums[part]);
        Self { count: self.count + other.count, sums: [red, green, blue] }
    }

    fn mean(&self, part: usize) -> f32 {
        self.sums[part] as f32 / self.count.max(1) as f32
    }

    fn colour(&self) -> Colour {
        let count = self.count.max(1);
        self.sums.map(|sum| ((sum + count / 2) / count) as u8)
    }

    /// What the squares of all its pixels come to when each is taken for their mean: the more, the better a division.
    fn weight(&self) -> f64 {
        self.sums.iter().map(|sum| (*sum as f64).powi(2)).sum::<f64>() / self.count.max(1) as f64
    }
}

fn cell_of(colour: Colour) -> usize {
    let [red, green, blue] = colour.map(|part| usize::from(part >> (8 - CELL_BITS)));
    red << (2 * CELL_BITS) | green << CELL_BITS | blue
}

/// The cells that have pixels, and the number of each cell among them.
fn cells_of(pixels: &[Colour]) -> (Vec<Cell>, Vec<u32>) {
    let mut cells: Vec<Cell> = Vec::new();
    let mut numbers = vec![u32::MAX; CELLS];
    for pixel in pixels {
        let number = &mut numbers[cell_of(*pixel)];
        if *number == u32::MAX {
            *number = cells.len() as u32;
            cells.push(Cell::default());
        }
        let cell = &mut cells[*number as usize];
        cell.count += 1;
        for (sum, part) in cell.sums.iter_mut().zip(pixel) {
            *sum += u64::from(*part);
        }
    }
    (cells, numbers)
}

/// Cells that one colour stands for so far.
struct Group {
    cells: Vec<Cell>,
    /// Along which part they differ most, and by how much in all.
    widest: usize,
    spread: f64,
}

impl Group {
    fn of(cells: Vec<Cell>) -> Self {
        let whole = cells.iter().copied().fold(Cell::default(), Cell::with);
        let spread_of = |part: usize| {
            let mean = whole.mean(part);
            cells.iter().map(|cell| cell.count as f64 * f64::from(cell.mean(part) - mean).powi(2)).sum::<f64>()
        };
        let spreads = [0, 1, 2].map(spread_of);
        let widest = (0..3).max_by(|a, b| spreads[*a].total_cmp(&spreads[*b])).unwrap_or(0);
        let spread = if cells.len() > 1 { spreads.iter().sum() } else { 0.0 };
        Self { cells, widest, spread }
    }

    /// Two, divided where that leaves the least difference within them.
    fn divided(mut self) -> (Self, Self) {
        self.cells.sort_unstable_by(|a, b| a.mean(self.widest).total_cmp(&b.mean(self.widest)));
        let whole = self.cells.iter().copied().fold(Cell::default(), Cell::with);
        let (mut before, mut best) = (Cell::default(), (f64::MIN, 1));
        for (at, cell) in self.cells.iter().enumerate().take(self.cells.len() - 1) {
            before = before.with(*cell);
            let [red, green, blue] = [0, 1, 2].map(|part| whole.sums[part] - before.sums[part]);
            let behind = Cell { count: whole.count - before.count, sums: [red, green, blue] };
            let weight = before.weight() + behind.weight();
            if weight > best.0 {
                best = (weight, at + 1);
            }
        }
        let behind = self.cells.split_off(best.1);
        (Self::of(self.cells), Self::of(behind))
    }
}

/// Divides what differs most, again and again, until there are as many groups as wanted.
fn divided(cells: &[Cell], max: usize) -> Vec<Colour> {
    let mut groups = vec![Group::of(cells.to_vec())];
    while groups.len() < max {
        let widest = (0..groups.len()).max_by(|a, b| groups[*a].spread.total_cmp(&groups[*b].spread));
        let Some(widest) = widest.filter(|at| groups[*at].spread > 0.0) else { break };
        let (one, other) = groups.swap_remove(widest).divided();
        groups.extend([one, other]);
    }
    groups.iter().map(|group| group.cells.iter().copied().fold(Cell::default(), Cell::with).colour()).collect()
}

/// For each cell the place of the colour that is nearest to it.
fn nearest_of_all(cells: &[Cell], colours: &[Colour]) -> Vec<u8> {
    let parts = |part: usize| colours.iter().map(|colour| i32::from(colour[part])).collect::<Vec<_>>();
    let (reds, greens, blues) = (parts(0), parts(1), parts(2));
    let mut distances = vec![0_i32; colours.len()];
    let nearest = |cell: &Cell| {
        let [red, green, blue] = cell.colour().map(i32::from);
        for (((distance, r), g), b) in distances.iter_mut().zip(&reds).zip(&greens).zip(&blues) {
            *distance = (red - r) * (red - r) + (green - g) * (green - g) + (blue - b) * (blue - b);
        }
        let least = distances.iter().copied().min().unwrap_or(0);
        distances.iter().position(|distance| *distance == least).unwrap_or(0) as u8
    };
    cells.iter().map(nearest).collect()
}

/// Moves each colour to the middle of the cells that it stands for.
fn gather(cells: &[Cell], places: &[u8], colours: &mut [Colour]) {
    let mut sums = vec![Cell::default(); colours.len()];
    for (cell, place) in cells.iter().zip(places) {
        sums[usize::from(*place)] = sums[usize::from(*place)].with(*cell);
    }
    for (colour, sum) in colours.iter_mut().zip(&sums).filter(|(_, sum)| sum.count > 0) {
        *colour = sum.colour();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_stay_what_they_are() {
        let pixels: Vec<Colour> = (0..=255).map(|value| [value, 255 - value, value / 2]).collect();
        let palette = Palette::of(&pixels, 256);
        assert!(pixels.iter().all(|pixel| palette.colours[usize::from(palette.place(*pixel))] == *pixel));
        assert!(Palette::of(&pixels, 255).colours.len() <= 255);
        assert!(Palette::of(&[], 256).colours.is_empty());
    }

    #[test]
    fn many_colours_get_near_ones() {
        let side = 0..64_u32;
        let pixels: Vec<Colour> = side
            .clone()
            .flat_map(|y| side.clone().map(move |x| [(x * 4) as u8, (y * 4) as u8, (x + y) as u8]))
            .collect();
        let palette = Palette::of(&pixels, 255);
        assert_eq!(palette.colours.len(), 255);
        let error = |pixel: &Colour| {
            let near = palette.colours[usize::from(palette.place(*pixel))];
            near.iter().zip(pixel).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum::<f64>()
        };
        let mean = pixels.iter().map(error).sum::<f64>() / (3 * pixels.len()) as f64;
        assert!(10.0 * (255.0 * 255.0 / mean).log10() > 34.0, "{mean}");
    }
}
