// rows/sealed.mjs: row 14, a file of 1,000 MiB of a tenant whose files are sealed at rest, against the same file of one whose are not.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { noiseFile } from "../data.mjs";
import { compared, median, quantile, takeTurns } from "../measure.mjs";
import { LOAD_CORE, cpuSeconds, run } from "../processes.mjs";
import { keysOn, mediary } from "../servers.mjs";

/** The dialect takes no larger file than this: a gibibyte less 2 %. */
const BYTES = 1000 * 1024 * 1024;
const RANGE_BYTES = 64 * 1024;
/** In the middle, and not where a chunk begins: two have to be opened. */
const START = BYTES / 2 + 12_345;
const RANGES = 2_000;

const SETTINGS = { MEDIARY_ENCRYPTION__MASTER__KEY: "42".repeat(32) };

/** Row 14. */
export async function sealed({ scratch, turns }) {
  const file = join(scratch, "large.bin");
  noiseFile(file, BYTES, 14);
  const servers = {};
  for (const who of ["sealed", "plain"]) {
    const server = await mediary(join(scratch, who), { env: SETTINGS });
    if (who === "sealed") await keysOn(server, SETTINGS);
    servers[who] = server;
  }
  const uploads = await takeTurns(turns, eachOf(servers, (server) => upload(server, file)));
  const lines = [compared({ what: "upload of 1,000 MiB, sealed", peer: "itself, not sealed", unit: "MB/s" }, uploads.sealed, uploads.plain)];
  await run(null, "sync", [], { limitS: 300 });
  const used = { sealed: [], plain: [] };
  const whole = await takeTurns(turns, eachOf(servers, (server, who) => download(server, used[who])));
  const line = compared({ what: "1,000 MiB, sealed, one connection", peer: "itself, not sealed", unit: "MB/s" }, whole.sealed, whole.plain);
  const cost = (who) => `${who} ${median(used[who]).toFixed(2)} s`;
  line.notes.push(`1,000 MiB, sealed: processor time ${cost("sealed")}, ${cost("plain")}.`);
  lines.push(line);
  const times = { sealed: [], plain: [] };
  const ranges = await takeTurns(turns, eachOf(servers, (server, who, turn) => read(server, turn >= 0 ? times[who] : [], turns)));
  const beyond = ranges.sealed.map((value, turn) => value - ranges.plain[turn]);
  const most = { most: 1, unit: "ms" };
  const range = compared({ what: "64 KiB in the middle of 1,000 MiB, sealed", peer: "itself, not sealed", unit: "ms" }, ranges.sealed, ranges.plain);
  const told = (who) => `${who} median ${median(times[who]).toFixed(3)} ms, p99 ${quantile(times[who], 0.99).toFixed(3)} ms`;
  range.notes.push(`64 KiB in the middle of 1,000 MiB: ${told("sealed")}; ${told("plain")}.`);
  lines.push(range, { what: "64 KiB in the middle of 1,000 MiB, beyond the plain one", unit: "ms", ours: median(beyond), goal: most, notes: [] });
  return lines;
}

function eachOf(servers, measure) {
  return Object.fromEntries(Object.entries(servers).map(([who, server]) => [who, (turn) => measure(server, who, turn)]));
}

/** Sends the file; each upload is a file of its own, with the same bytes, which are stored once. */
async function upload(server, file) {
  const target = `${server.api}/files?organizationId=${server.organization_id}`;
  const args = ["-sS", "--fail", "-o", join(server.folder, "answer"), "-w", "%{time_total}", "-H", server.key, "-F", `files[0]=@${file}`, target];
  const seconds = Number(await run(LOAD_CORE, "curl", args, { limitS: 300 }));
  return BYTES / seconds / 1e6;
}

async function download(server, used) {
  const before = cpuSeconds(server.child.pid);
  const args = ["-sS", "--fail", "-o", "/dev/null", "-w", "%{time_total} %{size_download}", "-H", server.key, `${server.api}/files/1/contents`];
  const [seconds, size] = (await run(LOAD_CORE, "curl", args, { limitS: 300 })).split(" ").map(Number);
  if (size !== BYTES) throw new Error(`${size} bytes came`);
  used.push(cpuSeconds(server.child.pid) - before);
  return size / seconds / 1e6;
}

/** Ranges one after the other over one connection: the median of their times. */
async function read(server, times, turns) {
  const paths = join(server.folder, "paths");
  writeFileSync(paths, "/fliplet/v1/media/files/1/contents");
  const script = new URL("../reader.mjs", import.meta.url).pathname;
  const headers = `${server.key}\r\nRange: bytes=${START}-${START + RANGE_BYTES - 1}`;
  const count = Math.ceil(RANGES / turns);
  const found = JSON.parse(await run(LOAD_CORE, "node", [script, server.base, String(count), paths, headers], { limitS: 300 }));
  times.push(...found);
  return median(found);
}
