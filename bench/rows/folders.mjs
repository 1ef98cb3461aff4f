// rows/folders.mjs: row 13, what a folder of 100,000 files costs in Flextype's API: to move it and to list its first page, against a folder
// of a hundred in the same library; and to copy it, for which other writers must not wait.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { noise } from "../data.mjs";
import { sqlite } from "../engines.mjs";
import { compared, median, quantile, takeTurns } from "../measure.mjs";
import { LOAD_CORE, pause, run, stop } from "../processes.mjs";
import { serveMediary } from "../servers.mjs";
import { fillFolder, nameInFolder } from "../stock.mjs";

const MEDIARY = join(process.env.CARGO_TARGET_DIR, "release", "mediary");
const API = "/flextype/api/media";

const FILES = { big: 100_000, small: 100 };
const PAGE = 20;
const REQUESTS = 2_000;
/** Moves of one turn: even, so that the folder is back at its place in the end. */
const MOVES = 20;
/** Where others write while a folder is copied, and how often each of them begins. */
const OTHERS = "others";
const EVERY_MS = 50;
const ALONE_MS = 3_000;

/** Row 13. */
export async function folders({ scratch, turns }) {
  const { server, note } = await stocked(scratch);
  const whole = FILES.big.toLocaleString("en");
  const goal = { ratioMost: 1.3 };
  const row = { peer: `itself with ${FILES.small} files`, unit: "ms", goal };
  const moved = await inTurn(turns, (id) => move(server, id));
  const moves = compared({ ...row, what: `move of a folder of ${whole} files, median` }, moved.big, moved.small);
  for (const [id, files] of Object.entries(FILES)) await expectFiles(server, id, files);
  const read = await inTurn(turns, (id) => readPages(server, id, Math.ceil(REQUESTS / turns)));
  const pages = compared({ ...row, what: `first page of ${PAGE} of a folder of ${whole} files, median` }, read.big, read.small);
  const copies = await copy(server, turns, whole);
  await stop(server.child);
  moves.notes.push(note);
  return [moves, pages, ...copies];
}

/** A library with both folders, served. Flextype's API makes them with a file in each; what is missing is written into the database. */
async function stocked(scratch) {
  const engine = await (await sqlite(scratch))(scratch);
  const data = join(scratch, "library");
  const { flextype } = JSON.parse(await run(null, MEDIARY, ["init", "--data", data, "--json"], { env: engine.env }));
  const first = await serveMediary(scratch, { keys: flextype, core: null, env: engine.env });
  for (const id of [...Object.keys(FILES), OTHERS]) await change(first, "POST", "/folders", { id });
  for (const id of Object.keys(FILES)) {
    const { filename } = await upload(first, id, nameInFolder(0), "few bytes\n");
    if (filename !== nameInFolder(0)) throw new Error(`${nameInFolder(0)} was stored as ${filename}`);
  }
  await stop(first.child);
  const begun = performance.now();
  for (const [id, files] of Object.entries(FILES)) await fillFolder(engine, id, files);
  const seconds = (performance.now() - begun) / 1000;
  const note = `both folders are in one library, a database of ${Math.round(engine.bytes() / 1e6)} MB, written in ${seconds.toFixed(0)} s.`;
  const server = await serveMediary(scratch, { keys: flextype, env: engine.env });
  for (const [id, files] of Object.entries(FILES)) await expectMovable(server, id, files);
  return { server, note };
}

/** Measures both folders in turn. */
async function inTurn(turns, measure) {
  return takeTurns(turns, Object.fromEntries(Object.keys(FILES).map((id) => [id, () => measure(id)])));
}

/** Moves a folder away and back again; the median of how many milliseconds each move took. */
async function move(server, id) {
  const ways = [{ id, new_id: `${id}2` }, { id: `${id}2`, new_id: id }];
  const seconds = await timed(server, "/folders", Array.from({ length: MOVES }, (_, number) => ways[number % 2]));
  return median(seconds) * 1000;
}

/** Lists a folder's first page again and again; the median of how many milliseconds each answer took. */
async function readPages(server, id, count) {
  const file = join(server.folder, "paths");
  writeFileSync(file, pagePath(server, id, `options[limit]=${PAGE}`));
  const script = new URL("../reader.mjs", import.meta.url).pathname;
  const args = [script, server.base, String(count), file, "Accept: application/json"];
  return median(JSON.parse(await run(LOAD_CORE, "node", args, { limitS: 300 })));
}

/** Copies the large folder while others write: a line for the seconds and one for the longest wait of any of those writes. */
async function copy(server, turns, whole) {
  const [, ...alone] = await during(() => pause(ALONE_MS), writers(server, "alone"));
  const waits = { folders: [], uploads: [] };
  const { seconds } = await takeTurns(turns, {
    seconds: async (turn) => {
      const target = `copy-${turn + 1}`;
      const copying = () => timed(server, "/folders/copy", [{ id: "big", new_id: target }]);
      const [[took], made, uploaded] = await during(copying, [...writers(server, target), watcher(server, target)]);
      await expectFiles(server, target, FILES.big);
      if (turn >= 0) {
        waits.folders.push(...made);
        waits.uploads.push(...uploaded);
      }
      return took;
    },
  });
  const what = `copy of a folder of ${whole} files`;
  const all = [...waits.folders, ...waits.uploads];
  const ms = (value) => `${value.toFixed(1)} ms`;
  const said = (some) => `median ${ms(median(some))}, p99 ${ms(quantile(some, 0.99))}, longest ${ms(Math.max(...some))}`;
  const waited =
    `other writes during the copies: ${all.length.toLocaleString("en")}; folders ${said(waits.folders)}; ` +
    `uploads of 1 KB ${said(waits.uploads)}; without a copy folders ${said(alone[0])}, uploads ${said(alone[1])}.`;
  const took = `${what}: ${seconds.map((value) => value.toFixed(2)).join(", ")} s.`;
  return [
    { what: `${what}, median`, unit: "s", ours: median(seconds), goal: { most: 5, unit: "s" }, notes: [took] },
    { what: `${what}, longest wait of other writes`, unit: "ms", ours: Math.max(...all), goal: { most: 100, unit: "ms" }, notes: [waited] },
  ];
}

/** Does all of `others` until `work` is over; returns what each comes to. */
async function during(work, others) {
  const state = { over: false };
  const working = work().finally(() => {
    state.over = true;
  });
  return Promise.all([working, ...others.map((other) => other(state))]);
}

/** One that makes folders and one that uploads files of 1 KB, no two of them alike. */
function writers(server, name) {
  const folder = (number) => change(server, "POST", "/folders", { id: `${OTHERS}/${name}-${number}` });
  const file = (number) => upload(server, OTHERS, `${name}-${number}.txt`, textOf1Kb());
  return [writer(folder), writer(file)];
}

/**
 * Begins a write every 50 ms, whether or not those before it are done: who would write while all wait, waits too. Returns how many
 * milliseconds each took.
 */
function writer(write) {
  return async (state) => {
    const waits = [];
    for (let number = 0; !state.over; number += 1) {
      const begun = performance.now();
      const wait = write(number).then(() => performance.now() - begun);
      // A fault is told of when all of them are waited for, not at once.
      wait.catch(() => {});
      waits.push(wait);
      await pause(EVERY_MS);
    }
    return Promise.all(waits);
  };
}

/** Looks for a folder that is being copied: it may come late, but never in part. */
function watcher(server, id) {
  return async (state) => {
    while (!state.over) {
      if (await isThere(server, id)) return expectFiles(server, id, FILES.big);
      await pause(EVERY_MS);
    }
  };
}

let texts = 0;
function textOf1Kb() {
  texts += 1;
  return noise(512, texts).toString("hex");
}

/** Flextype's tokens go into each body. */
const bodyOf = (server, fields) => JSON.stringify({ ...fields, token: server.folders_token, access_token: server.access_token });

/** A change to a folder that has to be done; returns the folder. */
async function change(server, method, path, fields) {
  const headers = { "Content-Type": "application/json" };
  return dataOf(await fetch(`${server.base}${API}${path}`, { method, headers, body: bodyOf(server, fields) }));
}

/** An upload that has to be done; returns the file. */
async function upload(server, folder, name, text) {
  const form = new FormData();
  const fields = { folder, token: server.files_token, access_token: server.access_token };
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("file", new Blob([text], { type: "text/plain" }), name);
  return dataOf(await fetch(`${server.base}${API}/files`, { method: "POST", body: form }));
}

async function dataOf(answer) {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.url}: ${answer.status} ${text}`);
  return JSON.parse(text).data;
}

/** Moves or copies of folders, one after the other over one connection from the load's core; how many seconds each took. */
async function timed(server, path, changes) {
  const one = (fields) => [
    ...["-sS", "-o", join(server.folder, "answer"), "-w", "%{http_code} %{time_total}\\n", "-X", "PUT"],
    ...["-H", "Content-Type: application/json", "-d", bodyOf(server, fields), `${server.base}${API}${path}`],
  ];
  const args = changes.flatMap((fields, place) => (place === 0 ? one(fields) : ["--next", ...one(fields)]));
  const lines = (await run(LOAD_CORE, "curl", args, { limitS: 300 })).trim().split("\n");
  return changes.map(({ id, new_id }, place) => {
    const [status, seconds] = lines[place].split(" ");
    if (status !== "200") throw new Error(`PUT ${path} from ${id} to ${new_id}: ${status}`);
    return Number(seconds);
  });
}

const pagePath = (server, id, options) => `${API}/files?id=${id}&options[collection]=true&${options}&token=${server.files_token}`;

/** What is measured must be done: the folder moves with all its files, and comes back with all of them. */
async function expectMovable(server, id, files) {
  const away = `${id}2`;
  const moved = await change(server, "PUT", "/folders", { id, new_id: away });
  if (moved.id !== away) throw new Error(`${id} was moved to ${moved.id} instead of ${away}`);
  if (await isThere(server, id)) throw new Error(`${id} is still there after it was moved`);
  await expectFiles(server, away, files);
  await change(server, "PUT", "/folders", { id: away, new_id: id });
  await expectFiles(server, id, files);
}

async function isThere(server, id) {
  const answer = await fetch(`${server.base}${API}/folders?id=${id}&token=${server.folders_token}`);
  const text = await answer.text();
  if (answer.status !== 200 && answer.status !== 404) throw new Error(`${id}: ${answer.status} ${text}`);
  return answer.status === 200;
}

/** A folder has so many files: a full first page, the last where it has to be, and none behind it. */
async function expectFiles(server, id, files) {
  const page = async (options) => fetch(`${server.base}${pagePath(server, id, options)}`);
  const first = Object.keys(await dataOf(await page(`options[limit]=${PAGE}`)));
  const expected = Array.from({ length: PAGE }, (_, number) => nameInFolder(number));
  if (first.join() !== expected.join()) throw new Error(`${id} begins with ${first.join(", ")}`);
  const last = Object.keys(await dataOf(await page(`options[offset]=${files - 1}&options[limit]=1`)));
  if (last.join() !== nameInFolder(files - 1)) throw new Error(`${id} ends with ${last.join(", ")}`);
  const none = await page(`options[offset]=${files}&options[limit]=1`);
  const text = await none.text();
  if (none.status !== 404) throw new Error(`${id} has more than ${files} files: ${none.status} ${text}`);
}
