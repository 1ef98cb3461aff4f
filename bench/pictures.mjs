// pictures.mjs: pictures to measure with, the same in every run, as rows of red, green and blue: one like a photograph, one like
// a screenshot. It knows no format and no server.
import { noise } from "./data.mjs";

/** Wavelengths of a photograph's texture, in pixels, and how strong each is: about as in nature, where coarse is stronger. */
const WAVES = [2, 4, 8, 16, 32, 64, 128, 256, 512].map((length) => ({ length, strength: length ** 0.35 }));
const OBJECTS = 160;
/** How the light falls off over the whole height. */
const SKY = 60;

/** Random numbers from 0 to 1, one after the other. */
function dice(seed) {
  const bytes = noise(1 << 16, seed);
  let at = 0;
  return () => bytes.readUInt16LE((at = (at + 2) % (bytes.length - 2))) / 65535;
}

/**
 * Objects with edges, each with its own light, colour and roughness, over a texture in which every wavelength is present, and a little of
 * a sensor's grain: what a decoder has to do depends on how the detail is spread, and in noise or in gradients it is spread otherwise.
 */
export function photo(width, height, seed) {
  const random = dice(seed);
  const objects = Array.from({ length: OBJECTS }, (_, number) => {
    // Large ones lie behind.
    const size = (0.4 * (OBJECTS - number)) / OBJECTS + 0.02;
    return {
      x: random() * width,
      y: random() * height,
      across: size * width * (0.3 + random()),
      down: size * height * (0.3 + random()),
      light: 40 + 170 * random(),
      warmth: 50 * (random() - 0.5),
      green: 30 * (random() - 0.5),
      rough: random() ** 2 * 1.3,
    };
  });
  const textures = WAVES.map((wave, number) => lattice(width, height, wave, seed * 100 + number));
  const tints = WAVES.slice(5).map((wave, number) => lattice(width, height, wave, seed * 100 + 50 + number));
  const rows = Buffer.alloc(width * height * 3);
  const [texture, tint, light, warmth, green, rough] = Array.from({ length: 6 }, () => new Float32Array(width));
  for (let y = 0, at = 0; y < height; y += 1) {
    texture.fill(0);
    tint.fill(0);
    light.fill(150 - (SKY * y) / height);
    warmth.fill(-15);
    green.fill(0);
    rough.fill(0.15);
    textures.forEach((add) => add(y, texture));
    tints.forEach((add) => add(y, tint));
    for (const object of objects) paint(object, y, width, { light, warmth, green, rough });
    const grain = noise(width, seed * 7919 + y);
    for (let x = 0; x < width; x += 1, at += 3) {
      const bright = light[x] + rough[x] * texture[x] + ((grain[x] & 7) - 3.5) * 0.6;
      const warm = warmth[x] + 0.25 * tint[x];
      rows[at] = clamped(bright + warm);
      rows[at + 1] = clamped(bright + green[x]);
      rows[at + 2] = clamped(bright - warm);
    }
  }
  return rows;
}

/** Random values on a grid of one wavelength, and between them what lies between: adds a row of it to others. */
function lattice(width, height, { length, strength }, seed) {
  const [columns, lines] = [Math.ceil(width / length) + 2, Math.ceil(height / length) + 2];
  const values = noise(columns * lines, seed);
  const between = new Float32Array(columns);
  return (y, row) => {
    const line = Math.floor(y / length);
    const down = y / length - line;
    const top = line * columns;
    for (let column = 0; column < columns; column += 1) {
      const [above, below] = [values[top + column], values[top + columns + column]];
      between[column] = (above + (below - above) * down - 127.5) * strength * 0.18;
    }
    for (let x = 0; x < row.length; x += 1) {
      const column = Math.floor(x / length);
      row[x] += between[column] + (between[column + 1] - between[column]) * (x / length - column);
    }
  };
}

/** The part of one row that an ellipse covers; half a pixel at its edges. */
function paint(object, y, width, rows) {
  const away = (y - object.y) / object.down;
  if (Math.abs(away) >= 1) return;
  const half = object.across * Math.sqrt(1 - away * away);
  const [from, to] = [Math.max(0, Math.floor(object.x - half)), Math.min(width, Math.ceil(object.x + half))];
  for (let x = from; x < to; x += 1) {
    const part = x === from || x === to - 1 ? 0.5 : 1;
    rows.light[x] += (object.light - rows.light[x]) * part;
    rows.warmth[x] += (object.warmth - rows.warmth[x]) * part;
    rows.green[x] += (object.green - rows.green[x]) * part;
    rows.rough[x] = object.rough;
  }
}

const clamped = (value) => (value < 0 ? 0 : value > 255 ? 255 : value);

/** Windows with bars, lines of text in several sizes, flat areas, a gradient, and a photograph in one of them. */
export function screenshot(width, height, seed) {
  const random = dice(seed);
  const rows = Buffer.alloc(width * height * 3);
  const box = (x, y, across, down, [red, green, blue]) => {
    for (let line = Math.max(0, y); line < Math.min(height, y + down); line += 1) {
      for (let column = Math.max(0, x); column < Math.min(width, x + across); column += 1) {
        rows.set([red, green, blue], (line * width + column) * 3);
      }
    }
  };
  const whole = (value) => Math.floor(value);
  for (let y = 0; y < height; y += 1) box(0, y, width, 1, [30, 60 + whole((60 * y) / height), 110 + whole((80 * y) / height)]);
  for (let window = 0; window < 7; window += 1) {
    const [across, down] = [whole(width * (0.3 + 0.3 * random())), whole(height * (0.3 + 0.3 * random()))];
    const [left, top] = [whole(random() * (width - across)), whole(random() * (height - down))];
    const dark = window % 3 === 1;
    const [paper, ink] = dark ? [[30, 32, 38], [212, 214, 220]] : [[252, 252, 252], [36, 38, 42]];
    box(left - 1, top - 1, across + 2, down + 2, [120, 122, 126]);
    box(left, top, across, down, paper);
    box(left, top, across, 44, dark ? [52, 54, 60] : [226, 228, 232]);
    box(left, top + 44, whole(across * 0.2), down - 44, dark ? [40, 42, 48] : [240, 242, 246]);
    text(box, random, { left: left + 16, top: top + 64, across: across * 0.2 - 32, down: down - 80, size: 2, ink, paper });
    text(box, random, { left: left + whole(across * 0.2) + 24, top: top + 70, across: across * 0.8 - 48, down: down - 90, size: 2 + (window & 1), ink, paper });
  }
  const inset = photo(whole(width * 0.3), whole(height * 0.3), seed + 1);
  const across = whole(width * 0.3);
  for (let y = 0; y < whole(height * 0.3); y += 1) {
    inset.copy(rows, ((y + whole(height * 0.55)) * width + whole(width * 0.5)) * 3, y * across * 3, (y + 1) * across * 3);
  }
  return rows;
}

/** Lines of letters, each a few strokes of a pen as wide as `size` pixels, with edges between ink and paper. */
function text(box, random, { left, top, across, down, size, ink, paper }) {
  const edge = ink.map((part, at) => (part + paper[at]) >> 1);
  const letters = Array.from({ length: 40 }, () => Array.from({ length: 3 }, () => [random() * 4, random() * 7, random() < 0.5].map(Math.floor)));
  for (let y = top; y + 9 * size < top + down; y += 14 * size) {
    const end = left + across * (0.4 + 0.6 * random());
    for (let x = left; x + 6 * size < end; x += 6 * size) {
      if (random() < 0.17) continue;
      for (const [column, row, upright] of letters[Math.floor(random() * letters.length)]) {
        const [wide, high] = upright ? [1, 6 - Math.min(row, 4)] : [5 - column, 1];
        box(x + column * size, y + row * size, wide * size, high * size, ink);
        box(x + column * size + wide * size, y + row * size, 1, high * size, edge);
      }
    }
  }
}
