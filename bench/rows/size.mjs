// rows/size.mjs: row 9, what a hundred times as many files cost those who list and search: the same requests to two libraries by the same
// program. And of row 11, how soon the larger one answers after a start.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { asked } from "../client.mjs";
import { postgres, sqlite } from "../engines.mjs";
import { compared, median, quantile, takeTurns } from "../measure.mjs";
import { LOAD_CORE, pause, run, stop } from "../processes.mjs";
import { accessToken, botdocKey, serveMediary } from "../servers.mjs";
import { FILES_A_FOLDER, FILES_A_RARE_WORD, stock, words } from "../stock.mjs";
import { timesToAnswer } from "./idle.mjs";

const SMALL_FILES = 10_000;
const LARGE_FILES = 1_000_000;
const REQUESTS = 2_000;
const PAGE = 20;
const MOST_FOLDERS = 200;

/**
 * What is asked for: the paths behind the mount, and how many items an answer to each has. `goal` is false where none is set, and
 * `requests` are fewer where one takes long.
 */
const KINDS = [
  { what: "latest, first page", items: 100, paths: (of) => [search(of, "limit=100")] },
  { what: "a folder of 100", items: FILES_A_FOLDER, paths: foldersOf },
  { what: "Mediaflow's file/latest, first page of images", items: 100, paths: (of) => [mediaflow(of, "file/latest?processed=true&page=1&per_page=100&type=image&")] },
  { what: "Mediaflow's folder/{id}/files of 100", items: FILES_A_FOLDER, paths: (of) => idsOfFolders(of).map((id) => mediaflow(of, `folder/${id}/files?`)) },
  { what: "search for a common word", items: 100, paths: (of) => named(of, words.all.slice(0, 8)) },
  { what: "search for a rare word", items: FILES_A_RARE_WORD, paths: (of) => named(of, words.rare) },
  { what: "search for six letters that are missing", items: 0, paths: (of) => named(of, words.missing) },
  { what: "search for two letters that are missing", items: 0, paths: (of) => named(of, ["qx"]), goal: false, requests: 50 },
  { what: "Botdoc's list, page 1", items: PAGE, paths: (of) => [medias(of, 1)], botdoc: true },
  { what: "Botdoc's list, the last page (50,000)", items: PAGE, paths: (of) => [medias(of, of.files / PAGE)], botdoc: true },
  { what: "the last page of 20 and the exact count", items: PAGE, paths: (of) => [search(of, `limit=${PAGE}&page=${of.files / PAGE}`)] },
];

const FIELDS = "fields=id,name,filename,hasPreview,icon,smallPreview,mediumPreview,width,height,type";
const mediaflow = ({ accessToken }, rest) => `/mediaflow/1/${rest}${FIELDS}&access_token=${accessToken}`;
const medias = (_, page) => `/botdoc/v1/media/?page=${page}&page_size=${PAGE}`;
const search = ({ keys }, rest) => `/fliplet/v1/media/search?organizationId=${keys.organization_id}&${rest}`;
const named = (of, names) => names.map((name) => search(of, `limit=100&name=${name}`));

/** Folders from all over the library, so that not all of them are at hand. */
function idsOfFolders({ firstFolder, lastFolder }) {
  const folders = lastFolder - firstFolder + 1;
  const step = Math.max(1, Math.floor(folders / MOST_FOLDERS));
  return Array.from({ length: Math.min(folders, MOST_FOLDERS) }, (_, place) => firstFolder + place * step);
}

function foldersOf(library) {
  return idsOfFolders(library).map((id) => `/fliplet/v1/media?folderId=${id}`);
}

/** Row 9. */
export const size = async (context) => measure(context, await sqlite(context.scratch));

/** Row 9 on PostgreSQL, which is not pinned to a core. */
export const sizeOnPostgres = async (context) => measure(context, await postgres());

async function measure({ scratch, turns }, databaseOf) {
  const libraries = {
    large: await stocked(databaseOf, join(scratch, "large"), LARGE_FILES),
    small: await stocked(databaseOf, join(scratch, "small"), SMALL_FILES),
  };
  for (const library of Object.values(libraries)) {
    library.server = await serve(library);
    library.accessToken = await accessToken(library.server);
    library.botdocKey = await botdocKey(library.server);
  }
  const lines = [];
  for (const kind of KINDS) lines.push(...(await compare(kind, libraries, turns)));
  for (const { server } of Object.values(libraries)) await stop(server.child);
  const { large, small } = libraries;
  lines[0].notes.push(`libraries: ${said(large)}; ${said(small)}.`);
  lines[0].details = [{ title: `Query plans at ${large.files.toLocaleString("en")} files`, text: await plans(large) }];
  lines.push({
    row: "11",
    what: `start to first answer, ${large.files.toLocaleString("en")} files, ${large.engine.name}, all cores`,
    unit: "ms",
    ours: median(await timesToAnswer(large.folder, turns, undefined, large.engine.env)),
    goal: { most: 300, unit: "ms" },
    notes: [],
  });
  return lines;
}

async function stocked(databaseOf, folder, files) {
  mkdirSync(folder);
  const engine = await databaseOf(folder);
  const begun = performance.now();
  const known = await stock(engine, folder, files);
  const seconds = (performance.now() - begun) / 1000;
  return { ...known, engine, folder, files, seconds, bytes: await engine.bytes() };
}

const serve = ({ folder, keys, engine }, options = {}) => serveMediary(folder, { keys, env: engine.env, ...options });

const said = ({ files, bytes, seconds }) =>
  `${files.toLocaleString("en")} files, a database of ${Math.round(bytes / 1e6)} MB, written in ${seconds.toFixed(0)} s`;

/** One kind of request to both libraries in turn: a line for the ratio of the medians and one for how far the slowest are from the larger's. */
async function compare({ what, items, paths, goal, botdoc, requests = REQUESTS }, libraries, turns) {
  const times = { large: [], small: [] };
  const runs = {};
  for (const [name, library] of Object.entries(libraries)) {
    const { server, folder } = library;
    const list = paths(library);
    const key = botdoc ? library.botdocKey : server.key;
    for (const path of list) await check(library, path, items);
    const file = join(folder, "paths");
    runs[name] = async (turn) => {
      writeFileSync(file, list.join("\n"));
      const script = new URL("../reader.mjs", import.meta.url).pathname;
      const count = Math.ceil(requests / turns);
      const found = JSON.parse(await run(LOAD_CORE, "node", [script, server.base, String(count), file, key], { limitS: 300 }));
      if (turn >= 0) times[name].push(...found);
      return median(found);
    };
  }
  const values = await takeTurns(turns, runs);
  const peer = `itself with ${libraries.small.files.toLocaleString("en")} files`;
  const most = goal === false ? undefined : { ratioMost: 1.3 };
  const line = compared({ what: `${what}, median`, peer, unit: "ms", goal: most }, values.large, values.small);
  const [large, small] = [times.large, times.small].map((all) => [quantile(all, 0.5), quantile(all, 0.99)]);
  const text = ([p50, p99]) => `median ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms (${(p99 / p50).toFixed(2)} ×)`;
  line.notes.push(`${what}: large ${text(large)}; small ${text(small)}.`);
  const spread = { what: `${what}, p99 of its median`, unit: "×", ours: large[1] / large[0], notes: [] };
  return [line, { ...spread, goal: goal === false ? undefined : { most: 3, unit: "×" } }];
}

/** What is measured must be the answer, not a fault. */
async function check({ server, files, botdocKey: key }, path, items) {
  const headers = path.startsWith("/botdoc/") ? { Authorization: key.slice("Authorization: ".length) } : {};
  const answer = await asked(server, `${server.base}${path}`, { headers });
  const body = await answer.json();
  const found = (body.files ?? body.results ?? body).length;
  if (body.count !== undefined && body.count !== files + 1) throw new Error(`${path}: a count of ${body.count} for ${files + 1} files`);
  if (found !== items) throw new Error(`${path}: ${found} items instead of ${items}`);
  const count = answer.headers.get("x-total-count");
  if (path.startsWith("/fliplet/") && path.includes("page=") && Number(count) !== files + 1) throw new Error(`${path}: a count of ${count} for ${files + 1} files`);
}

/** The statements behind each kind of request, as the server notes them when it is asked to, and how the engine goes about each. */
async function plans(library) {
  const server = await serve(library, { level: "warn,sqlx::query=debug" });
  const log = join(library.folder, "mediary.log");
  const asking = [];
  for (const { what, items, paths } of KINDS) {
    const before = readFileSync(log).length;
    await check({ ...library, server }, paths(library)[0], items);
    await pause(100);
    asking.push([what, statementsIn(readFileSync(log).subarray(before).toString("utf8"))]);
  }
  await stop(server.child);
  const [parts, told] = [[], new Set()];
  for (const [what, statements] of asking) {
    const news = statements.filter((statement) => !told.has(statement));
    const explained = [];
    for (const statement of news) explained.push(`${statement}\n${await library.engine.plan(statement)}`);
    news.forEach((statement) => told.add(statement));
    const others = statements.length - news.length;
    parts.push([`-- ${what}${others > 0 ? `, and ${others} of the statements above` : ""}`, ...explained].join("\n"));
  }
  return parts.join("\n\n");
}

/** The reads among the statements of a log, each once, on one line. The job runner's belong to no request. */
function statementsIn(log) {
  const lines = log.split("\n").filter((line) => line.includes('"target":"sqlx::query"'));
  const texts = lines.map((line) => JSON.parse(line).fields).map((fields) => fields["db.statement"] || fields.summary);
  const plain = texts.map((text) => text.replace(/\s+/g, " ").replace(/;? *$/, "").trim());
  return [...new Set(plain)].filter((text) => /^(select|with) /i.test(text) && !/ from jobs /.test(text));
}
