// rows/cold.mjs: row 4, renditions that nobody has asked for before, over HTTP, to one client and to eight, against ipx and thumbor.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { addFile, fetchBytes } from "../client.mjs";
import { compared, median, quantile, takeTurns } from "../measure.mjs";
import { ipx, thumbor } from "../peers.mjs";
import { LOAD_CORE, cpuSeconds, pause, run } from "../processes.mjs";
import { closeness, reference } from "../quality.mjs";
import { mediary } from "../servers.mjs";
import { PHOTO, photograph } from "./renditions.mjs";

const ASKER = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..", "asker.mjs");
const CLIENTS = [1, 8];
/** Renditions in one turn. */
const REQUESTS = 120;
const QUALITY = 80;
/** So many pixels around 720 in width: they all cost the same, on every side. */
const WIDTHS = Array.from({ length: 60 }, (_, number) => 690 + number);
const GOALS = { ipx: 1.3, thumbor: 4 };

/** Row 4. */
export async function coldOverHttp({ scratch, turns }) {
  const files = join(scratch, "files");
  mkdirSync(files);
  const peers = { ipx: await ipx(scratch, files), thumbor: await thumbor(scratch, files) };
  const ours = await mediary(scratch);
  // One turn more does not count, and one picture is for the look at what came out.
  const copies = 1 + Math.ceil(((turns + 1) * CLIENTS.length * REQUESTS) / WIDTHS.length);
  const ids = await copiesOf(await photograph(), copies, { ours, files });
  await settled(ours);

  const servers = { ours: { ...ours, path: (name, width, quality) => oursFor(ours, ids, name, width, quality) } };
  for (const [name, peer] of Object.entries(peers)) if (peer !== undefined) servers[name] = peer;
  const lines = [];
  for (const [round, clients] of CLIENTS.entries()) {
    const first = 1 + (round * (copies - 1)) / CLIENTS.length;
    lines.push(...(await load({ scratch, turns, servers, clients, first: Math.floor(first) })));
  }
  if (peers.thumbor === undefined) lines.push({ what: "cold rendition over HTTP", peer: "thumbor", goal: { ratio: GOALS.thumbor }, notes: ["thumbor is not installed."] });
  lines[0].notes.push(await looks(scratch, servers, join(files, nameOf(0))));
  return lines;
}

const nameOf = (copy) => `photo-${copy}.jpg`;

function oursFor(ours, ids, name, width, quality) {
  // The box is wider than high, as is the picture: the width decides.
  const query = `size=${width}x${width}&format=jpg&quality=${quality}`;
  return `${new URL(ours.api).pathname}/files/${ids.get(name)}/contents?${query}`;
}

/** The same picture many times, each with other bytes in a comment, so that no server knows it by what it holds. */
async function copiesOf(bytes, copies, { ours, files }) {
  const ids = new Map();
  for (let copy = 0; copy < copies; copy += 1) {
    const comment = Buffer.from([0xff, 0xfe, 0, 6, 0, 0, 0, 0]);
    comment.writeUInt32BE(copy, 4);
    const picture = Buffer.concat([bytes.subarray(0, 2), comment, bytes.subarray(2)]);
    writeFileSync(join(files, nameOf(copy)), picture);
    ids.set(nameOf(copy), await addFile(ours, nameOf(copy), picture, "image/jpeg"));
  }
  return ids;
}

/** Waits until the server has done what uploads leave behind. */
async function settled({ child }) {
  for (let before = -1, now = 0; now - before > 0.02; await pause(1000)) [before, now] = [now, cpuSeconds(child.pid)];
}

/** All servers in turn, each asked for the same renditions; none of them twice. */
async function load({ scratch, turns, servers, clients, first }) {
  const each = Math.ceil(REQUESTS / WIDTHS.length);
  const [times, used, sizes] = [{}, {}, {}];
  const runs = {};
  for (const [who, server] of Object.entries(servers)) {
    [times[who], used[who]] = [[], []];
    runs[who] = async (turn) => {
      const start = first + (turn + 1) * each;
      const wanted = Array.from({ length: REQUESTS }, (_, at) =>
        server.path(nameOf(start + Math.floor(at / WIDTHS.length)), WIDTHS[at % WIDTHS.length], QUALITY),
      );
      const paths = join(scratch, "paths.txt");
      writeFileSync(paths, wanted.join("\n"));
      const before = cpuSeconds(server.child.pid);
      const args = [ASKER, server.base, paths, String(clients), ...(server.key ? [server.key] : [])];
      const found = JSON.parse(await run(LOAD_CORE, "node", args, { limitS: 300 }));
      used[who].push(((cpuSeconds(server.child.pid) - before) / REQUESTS) * 1000);
      times[who].push(...found.times_ms);
      sizes[who] = found.bytes / REQUESTS / 1000;
      return REQUESTS / found.seconds;
    };
  }
  const values = await takeTurns(turns, runs);
  const what = `cold 720 JPEG of 2725x2225 over HTTP, ${clients === 1 ? "1 client" : `${clients} clients`}`;
  const peers = Object.keys(servers).filter((who) => who !== "ours");
  const lines = peers.map((peer) => compared({ what, peer, unit: "images/s", goal: { ratio: GOALS[peer] } }, values.ours, values[peer]));
  const cost = (who) =>
    `${who} ${median(used[who]).toFixed(1)} ms, answers after ${median(times[who]).toFixed(1)} ms (99 of 100 within ` +
    `${quantile(times[who], 0.99).toFixed(0)}), ${Math.round(sizes[who])} KB each`;
  lines[0].notes.push(`${what}: processor time an answer: ${["ours", ...peers].map(cost).join("; ")}.`);
  return lines;
}

/** How good what each server answers is. */
async function looks(scratch, servers, source) {
  const [width, height] = [720, Math.round((PHOTO.height * 720) / PHOTO.width)];
  const references = [];
  for (const keeps of [false, true]) references.push(await reference(source, { width, height, keeps, scratch }));
  const texts = [];
  for (const [who, server] of Object.entries(servers)) {
    const url = `${server.base}${server.path(nameOf(0), width, QUALITY)}`;
    const answer = who === "ours" ? await fetchBytes(server, url) : Buffer.from(await (await fetch(url)).arrayBuffer());
    const file = join(scratch, `${who}.jpg`);
    writeFileSync(file, answer);
    const { psnr, ssim, bytes } = await closeness(file, references, scratch);
    texts.push(`${who} ${psnr.toFixed(2)} dB, SSIM ${ssim.toFixed(4)}, ${Math.round(bytes / 1000)} KB`);
  }
  return `720 wide over HTTP: ${texts.join("; ")}.`;
}
