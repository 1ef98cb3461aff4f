// quality.mjs: how close a rendition comes to what its source would look like at that size: to the whole source, decoded at full size and
// scaled by libvips in floating point, in all its three colours. It knows neither who made the rendition nor how.
import { readFileSync, rmSync } from "node:fs";

import { run } from "./processes.mjs";

/** Side of the windows that SSIM looks through, and how far apart they lie, in pixels. */
const WINDOW = 8;
const STEP = 4;

/**
 * What a picture file should look like at this size: its pixels as numbers. `keeps` leaves the aspect ratio as it is, so that the last row
 * may be less than a whole one; otherwise the height is stretched to whole rows. Either is right, and programs differ.
 */
export async function reference(file, { width, height, keeps, scratch }) {
  const whole = await pixels(file, scratch);
  const across = width / whole.width;
  const down = keeps ? across : height / whole.height;
  const [floats, scaled] = [`${scratch}/floats.v`, `${scratch}/scaled.v`];
  await run(null, "vips", ["cast", file, floats, "float"]);
  // Without the gap nothing is halved beforehand: Lanczos alone does it all.
  await run(null, "vips", ["resize", floats, scaled, String(across), "--vscale", String(down), "--kernel", "lanczos3", "--gap", "0"]);
  await run(null, "vips", ["rawsave", scaled, `${scratch}/scaled.raw`]);
  const bytes = readFileSync(`${scratch}/scaled.raw`);
  for (const path of [floats, scaled, `${scratch}/scaled.raw`]) rmSync(path);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  if (values.length !== width * height * 3) throw new Error(`the reference of ${file} is no ${width} × ${height} in three colours`);
  return { width, height, values: values.map((value) => Math.min(255, Math.max(0, value))) };
}

/** The closest that a rendition comes to any of these. */
export async function closeness(file, references, scratch) {
  const { width, height, values } = await pixels(file, scratch);
  const each = references.map((wanted) => {
    if (width !== wanted.width || height !== wanted.height) throw new Error(`${file} is ${width} × ${height}`);
    return { psnr: psnr(values, wanted.values), ssim: ssim(luma(values), luma(wanted.values), width, height), bytes: readFileSync(file).length };
  });
  return each.reduce((best, one) => (one.psnr > best.psnr ? one : best));
}

/** Decoded by libvips, whoever wrote it. */
async function pixels(file, scratch) {
  const raw = `${scratch}/pixels.raw`;
  await run(null, "vips", ["rawsave", file, raw]);
  const [width, height, bands] = await Promise.all(
    ["width", "height", "bands"].map(async (field) => Number(await run(null, "vipsheader", ["-f", field, file]))),
  );
  const values = readFileSync(raw);
  rmSync(raw);
  if (bands !== 3) throw new Error(`${file} has ${bands} bands`);
  return { width, height, values };
}

function psnr(some, others) {
  let squares = 0;
  for (let at = 0; at < some.length; at += 1) squares += (some[at] - others[at]) ** 2;
  return 10 * Math.log10((255 ** 2 * some.length) / squares);
}

function luma(values) {
  const bright = new Float32Array(values.length / 3);
  for (let at = 0; at < bright.length; at += 1) {
    bright[at] = 0.299 * values[3 * at] + 0.587 * values[3 * at + 1] + 0.114 * values[3 * at + 2];
  }
  return bright;
}

/** The mean over windows of equal weight. */
function ssim(some, others, width, height) {
  let [sum, windows] = [0, 0];
  for (let top = 0; top + WINDOW <= height; top += STEP) {
    for (let left = 0; left + WINDOW <= width; left += STEP) {
      sum += likeness(some, others, top * width + left, width);
      windows += 1;
    }
  }
  return sum / windows;
}

function likeness(some, others, start, width) {
  let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
  for (let row = 0; row < WINDOW; row += 1) {
    for (let at = start + row * width; at < start + row * width + WINDOW; at += 1) {
      a += some[at];
      b += others[at];
      aa += some[at] ** 2;
      bb += others[at] ** 2;
      ab += some[at] * others[at];
    }
  }
  const count = WINDOW ** 2;
  const [meanA, meanB] = [a / count, b / count];
  const [spreadA, spreadB, both] = [aa / count - meanA ** 2, bb / count - meanB ** 2, ab / count - meanA * meanB];
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  return ((2 * meanA * meanB + c1) * (2 * both + c2)) / ((meanA ** 2 + meanB ** 2 + c1) * (spreadA + spreadB + c2));
}
