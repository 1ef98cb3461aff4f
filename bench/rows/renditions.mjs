// rows/renditions.mjs: rows 3, 5 and 6, pictures in the calling process and on one core, against sharp; and how good both results are.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { compared, median, takeTurns } from "../measure.mjs";
import { encoded, sharpVersion } from "../peers.mjs";
import { photo, screenshot } from "../pictures.mjs";
import { SERVER_CORE, run } from "../processes.mjs";
import { closeness, reference } from "../quality.mjs";

const OURS = join(process.env.CARGO_TARGET_DIR, "release", "examples", "render_speed");
const SHARP = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..", "sharper.mjs");
const QUALITY = 80;
/** Images at the start of each turn that do not count: memory, and a program that is compiled as it runs, get warm. */
const WARM = 3;

/** What formats are called in the table. */
const NAMES = { jpg: "JPEG", png: "PNG", webp: "WebP", avif: "AVIF" };

/** A photograph of 830 KB, as row 4 has it too. */
export const PHOTO = { width: 2725, height: 2225, name: "photo.jpg" };

/** Its bytes. */
export const photograph = () =>
  encoded(photo(PHOTO.width, PHOTO.height, 1), PHOTO.width, PHOTO.height, "jpeg", { quality: QUALITY });

/** Row 3. */
export async function coldRendition(context) {
  const source = { ...PHOTO, file: join(context.scratch, PHOTO.name) };
  writeFileSync(source.file, await photograph());
  const what = "2725x2225 JPEG → 720 JPEG";
  return [await against(context, { source, widths: [720], format: "jpg", runs: 40, what, goal: 1.4 })];
}

/** Row 6. */
export async function fourSizes(context) {
  const source = { ...PHOTO, file: join(context.scratch, PHOTO.name) };
  writeFileSync(source.file, await photograph());
  const widths = [320, 640, 960, 1366];
  const what = `2725x2225 JPEG → JPEG of ${widths.join(", ")}`;
  return [await against(context, { source, widths, format: "jpg", runs: 15, what, goal: 2 })];
}

/** Row 5. */
export async function otherFormats(context) {
  const size = { width: 4000, height: 3000 };
  const pixels = { photograph: photo(size.width, size.height, 2), screenshot: screenshot(size.width, size.height, 3) };
  const lines = [];
  for (const [kind, from, options, format, runs] of [
    ["photograph", "png", { adaptiveFiltering: true }, "png", 5],
    ["photograph", "png", { adaptiveFiltering: true }, "webp", 5],
    ["screenshot", "png", { adaptiveFiltering: true }, "png", 8],
    ["screenshot", "png", { adaptiveFiltering: true }, "webp", 8],
    ["photograph", "webp", { quality: QUALITY }, "webp", 6],
    // As quick to write as it goes: how hard an AVIF was to write changes little in reading it.
    ["photograph", "avif", { quality: 65, effort: 1 }, "jpg", 5],
  ]) {
    const source = { ...size, file: join(context.scratch, `${kind}.${from}`) };
    writeFileSync(source.file, await encoded(pixels[kind], size.width, size.height, from, options));
    const what = `12 MP ${NAMES[from]}, ${kind} → 720 ${NAMES[format]}`;
    lines.push(await against(context, { source, widths: [720], format, runs, what, goal: 1.0 }));
  }
  return lines;
}

/** One line: so many images a second, in turn, and then how good the last ones are. */
async function against({ turns, scratch }, { source, widths, format, runs, what, goal }) {
  const last = {};
  const timed = (who, command, args) => async () => {
    const all = [...args, source.file, widths.join(), String(QUALITY), format, String(WARM + runs), join(scratch, who)];
    last[who] = JSON.parse(await run(SERVER_CORE, command, all, { limitS: 300 }));
    return 1000 / median(last[who].times_ms.slice(WARM));
  };
  const values = await takeTurns(turns, { ours: timed("ours", OURS, []), sharp: timed("sharp", "node", [SHARP]) });
  const peer = `sharp, one thread${widths.length > 1 ? `, ${widths.length} calls` : ""}`;
  const line = compared({ what, peer, unit: "images/s", goal: { ratio: goal } }, values.ours, values.sharp);
  const ms = (who) => `${(1000 / median(values[who])).toFixed(1)} ms`;
  line.notes.push(`${what}: ours ${ms("ours")}, ${await sharpVersion()} ${ms("sharp")}.`);
  const formats = format === "png" ? ["png"] : [format, "png"];
  if (formats.length > 1) {
    // Once more without the loss of encoding: what decoding and scaling alone have lost.
    const once = [source.file, widths.join(), String(QUALITY), "png", "1"];
    await run(null, OURS, [...once, join(scratch, "ours")]);
    await run(null, "node", [SHARP, ...once, join(scratch, "sharp")]);
  }
  for (const width of widths) line.notes.push(await judged({ source, width, formats, scratch, what }));
  return line;
}

/** How good both results of this width are, in words; a result that is worse than sharp's is said to be. */
async function judged({ source, width, formats, scratch, what }) {
  const height = Math.round((source.height * width) / source.width);
  const references = [];
  for (const keeps of [false, true]) references.push(await reference(source.file, { width, height, keeps, scratch }));
  const texts = [];
  for (const format of formats) {
    const found = (who) => closeness(join(scratch, `${who}-${width}.${format}`), references, scratch);
    const [ours, sharp] = [await found("ours"), await found("sharp")];
    texts.push(`${texts.length > 0 ? "before encoding " : ""}ours ${inWords(ours)}, sharp ${inWords(sharp)}${verdict(ours, sharp)}`);
  }
  return `${what}, ${width} wide: ${texts.join("; ")}.`;
}

const inWords = ({ psnr, ssim, bytes }) => `${psnr.toFixed(2)} dB (SSIM ${ssim.toFixed(4)}, ${Math.round(bytes / 1000)} KB)`;

/** Less than this is the same: a change of a few rounded pixels. */
const SAME_DB = 0.05;

function verdict(ours, sharp) {
  return ours.psnr >= sharp.psnr - SAME_DB ? "" : ` – **${(sharp.psnr - ours.psnr).toFixed(2)} dB below sharp's**`;
}
