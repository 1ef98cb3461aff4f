// rows/delivery.mjs: rows 1 and 2, hot bytes to 32 connections: key checked and one JSON log line a request, against nginx's sendfile
// of the same bytes without a check.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { picture, noise } from "../data.mjs";
import { compared, median, takeTurns } from "../measure.mjs";
import { LOAD_CORE, cpuSeconds, run } from "../processes.mjs";
import { mediary, nginx } from "../servers.mjs";
import { addFile, fetchBytes } from "../client.mjs";

const CONNECTIONS = 32;

/** Row 1, against nginx as it comes and as one would tune it. */
export async function hotRendition(context) {
  const servers = {
    ours: await mediary(context.scratch),
    "nginx sendfile": await nginx(context.scratch),
    "nginx sendfile, tuned": await nginx(context.scratch, { tuned: true }),
  };
  const id = await addFile(servers.ours, "picture.png", picture(2725, 2225, 1), "image/png");
  const url = await renditionOf(servers.ours, id, 56 * 1024);
  return deliver(context, servers, { url, what: "hot 56 KB rendition", unit: "requests/s", goal: { ratio: 0.9 } });
}

/** Row 2. */
export async function originals(context) {
  const servers = { ours: await mediary(context.scratch), "nginx sendfile": await nginx(context.scratch) };
  const lines = [];
  for (const [what, bytes, unit, ratio] of [
    ["hot 830 KB original", 830_000, "requests/s", 1.1],
    ["100 MB original", 100_000_000, "MB/s", 0.9],
  ]) {
    const id = await addFile(servers.ours, `${bytes}.bin`, noise(bytes, bytes));
    const url = `${servers.ours.api}/files/${id}/contents`;
    lines.push(...(await deliver(context, servers, { url, what, unit, goal: { ratio } })));
  }
  return lines;
}

/** The URL of the rendition that comes closest to so many bytes: larger pictures have more. */
async function renditionOf(ours, id, bytes) {
  let [low, high] = [100, 2000];
  const url = (width) => `${ours.api}/files/${id}/contents?size=${width}x${width}&format=jpg`;
  while (high - low > 4) {
    const middle = (low + high) >> 1;
    const found = await fetchBytes(ours, url(middle));
    if (found.length < bytes) low = middle;
    else high = middle;
  }
  return url(low);
}

/** Loads all servers with the same bytes in turn: one line for each peer. */
async function deliver({ turns, seconds }, servers, { url, what, unit, goal }) {
  const { ours } = servers;
  const bytes = await fetchBytes(ours, url);
  const name = `${bytes.length}.bin`;
  const used = {};
  const runs = {};
  for (const [who, server] of Object.entries(servers)) {
    if (server.files !== undefined) writeFileSync(join(server.files, name), bytes);
    const target = server.files === undefined ? url : `${server.base}/${name}`;
    used[who] = [];
    runs[who] = async () => {
      const before = cpuSeconds(server.child.pid);
      const measured = await wrk(target, ours.key, seconds);
      used[who].push(((cpuSeconds(server.child.pid) - before) / measured.bytes) * bytes.length * 1e6);
      // Of large answers few are whole when the time is over: their bytes count.
      return unit === "MB/s" ? measured.bytes / seconds / 1e6 : measured.requests / seconds;
    };
  }
  const values = await takeTurns(turns, runs);
  const cost = (who) => {
    const micros = median(used[who]);
    return `${who} ${micros >= 1000 ? `${(micros / 1000).toFixed(1)} ms` : `${micros.toFixed(1)} µs`}`;
  };
  const peers = Object.keys(servers).filter((who) => who !== "ours");
  const whole = `${what}, ${CONNECTIONS} connections`;
  const lines = peers.map((peer) => compared({ what: whole, peer, unit, goal }, values.ours, values[peer]));
  lines[0].notes.push(`${what} (${bytes.length} bytes): processor time an answer: ${["ours", ...peers].map(cost).join(", ")}.`);
  return lines;
}

/** Loads a URL for some seconds. Any answer but 200 and any broken connection is a failure of the whole run. */
async function wrk(url, header, seconds) {
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "--timeout", "60s", "-H", header, url];
  const text = await run(LOAD_CORE, "wrk", args, { limitS: seconds + 60 });
  const trouble = /^\s*(Non-2xx.*|Socket errors.*)$/m.exec(text);
  if (trouble) throw new Error(`wrk ${url}: ${trouble[1]}`);
  const [, requests, took, amount, unit] = /([\d]+) requests in ([\d.]+)\w*, ([\d.]+)([KMGT]?B) read/.exec(text);
  const scale = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 }[unit];
  // Both are counted over the time that really passed.
  return { requests: (requests * seconds) / took, bytes: (amount * scale * seconds) / took };
}
