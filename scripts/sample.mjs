// sample.mjs KEYS BASE: fills the library that is served at BASE with sample files in nested folders: pictures of several formats and
// shapes, a drawing, a document and, where ffmpeg is there, a film. It comes in through the APIs, as anybody's files do.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

const [keysPath, base] = process.argv.slice(2);
const { fliplet, mediaflow } = JSON.parse(readFileSync(keysPath, "utf8"));

async function asked(url, options = {}) {
  const answer = await fetch(url, options);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${options.method ?? "GET"} ${url.split("?")[0]}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

async function folder(name, parentId) {
  const body = JSON.stringify({ name, parentId, organizationId: fliplet.organization_id });
  const headers = { "Auth-token": fliplet.auth_token, "Content-Type": "application/json" };
  return (await asked(`${base}/fliplet/v1/media/folders`, { method: "POST", headers, body })).id;
}

const { client_id, client_secret, refresh_token } = mediaflow;
const grant = new URLSearchParams({ grant_type: "refresh_token", client_id, client_secret, refresh_token });
const { access_token } = await asked(`${base}/mediaflow/1/oauth2/token?${grant}`);

async function upload(toFolder, filename, bytes) {
  const headers = { Authorization: `Bearer ${access_token}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ filename, filesize: bytes.length, toFolder });
  const { uploadURL } = await asked(`${base}/mediaflow/1/file`, { method: "POST", headers, body });
  await asked(uploadURL, { method: "PUT", body: bytes });
}

/** A PNG of that size; `colour` gives red, green and blue for places from 0 to 1. */
function png(width, height, colour) {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set(colour(x / width, y / height).map((part) => Math.max(0, Math.min(255, part))), y * (1 + 3 * width) + 1 + 3 * x);
  }
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const mark = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([mark, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

const waves = (seed) => (x, y) => [
  128 + 127 * Math.sin(6 * x + seed),
  128 + 127 * Math.sin(5 * y + 2 * seed),
  128 + 127 * Math.sin(4 * (x + y) + 3 * seed),
];
const rings = (seed) => (x, y) => {
  const far = Math.hypot(x - 0.5, y - 0.5);
  return [255 * (1 - far), 128 + 127 * Math.sin(40 * far + seed), 60 + 30 * seed];
};
const squares = (seed) => (x, y) => ((Math.floor(x * 8) + Math.floor(y * 8)) % 2 ? [240, 240, 235] : [40 + 25 * seed, 90, 180 - 15 * seed]);

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><rect width="320" height="200" fill="#fdf6e3"/>
<circle cx="160" cy="100" r="70" fill="#268bd2"/><path d="M110 150L160 50L210 150Z" fill="#b58900" opacity=".8"/></svg>`;

const stream = "BT /F1 42 Tf 60 700 Td (Mediary) Tj ET 0.2 0.4 0.7 rg 60 420 480 220 re f";
const pdf = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>/Contents 4 0 R>>endobj
4 0 obj<</Length ${stream.length}>>stream
${stream}
endstream endobj
trailer<</Root 1 0 R>>
%%EOF
`;

/** What ffmpeg makes by its arguments; nothing where there is no ffmpeg. */
function made(extension, ...arguments_) {
  const scratch = mkdtempSync(join(tmpdir(), "mediary-sample-"));
  const file = join(scratch, `made.${extension}`);
  try {
    execFileSync("ffmpeg", ["-loglevel", "error", ...arguments_, file]);
    return readFileSync(file);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const photos = await folder("Photos");
const places = {
  Waves: { parent: await folder("Waves", photos), paint: waves },
  Rings: { parent: await folder("Rings", photos), paint: rings },
  Squares: { parent: await folder("Squares", photos), paint: squares },
};
let count = 0;
for (const [name, { parent, paint }] of Object.entries(places)) {
  for (const [seed, [width, height]] of [[900, 600], [600, 900], [1600, 400], [300, 300], [1200, 800], [64, 48], [700, 700], [2000, 1200], [400, 1000], [33, 7]].entries()) {
    await upload(parent, `${name} ${seed + 1}.png`, png(width, height, paint(seed)));
    count++;
  }
}
const documents = await folder("Documents");
const deeper = await folder("Drawings", documents);
const films = await folder("Films");
for (const [parent, name, bytes] of [
  [deeper, "Logotype.svg", Buffer.from(svg)],
  [documents, "Paper.pdf", Buffer.from(pdf)],
  [documents, "Notes.txt", Buffer.from("Notes\n")],
  [photos, "Photograph.jpg", made("jpg", "-f", "lavfi", "-i", "mandelbrot=size=1600x1000", "-frames:v", "1", "-q:v", "3")],
  [photos, "Photograph.webp", made("webp", "-f", "lavfi", "-i", "mandelbrot=size=800x600:start_scale=1", "-frames:v", "1")],
  [photos, "Moving.gif", made("gif", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=5:duration=2")],
  [films, "Film.mp4", made("mp4", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=5", "-pix_fmt", "yuv420p")],
]) {
  if (bytes === undefined) continue;
  await upload(parent, name, bytes);
  count++;
}
console.log(`${count} files are there. Look: ${base}/mediaflow/1/foldertree?fields=all&access_token=…`);
