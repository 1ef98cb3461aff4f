// sharper.mjs FILE WIDTH[,WIDTH…] QUALITY jpg|png|webp RUNS [OUT]: what the example render_speed does, with sharp, and says the same:
// milliseconds per image as JSON. One thread, nothing kept, input and output in memory; a call of its own for each width.
import { readFileSync, writeFileSync } from "node:fs";

import sharp from "sharp";

const [file, widths, quality, extension, runs, out] = process.argv.slice(2);
sharp.concurrency(1);
sharp.cache(false);

const input = readFileSync(file);
const sizes = widths.split(",").map(Number);
const format = extension === "jpg" ? "jpeg" : extension;
// PNG has no quality: with one, sharp would write a palette.
const options = format === "png" ? {} : { quality: Number(quality) };

const times = [];
let made = [];
for (let run = 0; run < Number(runs); run += 1) {
  const begun = performance.now();
  made = [];
  for (const width of sizes) made.push(await sharp(input).resize(width).toFormat(format, options).toBuffer());
  times.push(Number((performance.now() - begun).toFixed(3)));
}
console.log(JSON.stringify({ times_ms: times, bytes: made.map((bytes) => bytes.length) }));
if (out !== undefined) sizes.forEach((width, at) => writeFileSync(`${out}-${width}.${extension}`, made[at]));
