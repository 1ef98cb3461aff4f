// rows/uploads.mjs: rows 7 and 8, one large upload and many small ones: hashed, synced and recorded when they are acknowledged, against
// servers that only write the bytes to a file.
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

import { noise, noiseFile } from "../data.mjs";
import { compared, median, takeTurns } from "../measure.mjs";
import { LOAD_CORE, SERVER_CORE, cpuSeconds, forgetPeak, memory, run, stop } from "../processes.mjs";
import { dufs, mediary, nginx, removeBytes } from "../servers.mjs";

/** The dialect takes no larger file than this: a gibibyte less 2 %. */
export const LARGE_BYTES = 1000 * 1024 * 1024;
export const SMALL_BYTES = 50_000;
const SMALL_UPLOADS = 10_000;
export const CLIENTS = 16;

/** Row 7, with one core for the server and with all of them: hashing has use for a second. */
export async function largeUpload(context) {
  const file = join(context.scratch, "large.bin");
  noiseFile(file, LARGE_BYTES, 7);
  const whole = await upload(context, file, { core: null, what: "upload of 1,000 MiB, all cores for both" });
  const single = await upload(context, file, { core: SERVER_CORE, what: "upload of 1,000 MiB, server on one core" });
  return [whole, single];
}

async function upload({ scratch, turns }, file, { core, what }) {
  const folder = join(scratch, core === null ? "all" : "one");
  const [ours, theirs] = [await mediary(folder, { core }), await nginx(folder, { core })];
  const load = core === null ? null : LOAD_CORE;
  const [peaks, used] = [[], { ours: [], theirs: [] }];
  const idleBytes = memory(ours.child.pid, "VmRSS");
  const send = async (server, who, request) => {
    const before = cpuSeconds(server.child.pid);
    const rate = await sendLarge(load, folder, request);
    used[who].push(cpuSeconds(server.child.pid) - before);
    return rate;
  };
  const values = await takeTurns(turns, {
    ours: async (turn) => {
      await freshen(file, turn);
      forgetPeak(ours.child.pid);
      const rate = await send(ours, "ours", formOf(ours, file));
      peaks.push(memory(ours.child.pid, "VmHWM"));
      removeBytes(folder);
      return rate;
    },
    theirs: async (turn) => {
      await freshen(file, turn);
      const rate = await send(theirs, "theirs", putOf(theirs, file));
      rmSync(join(theirs.files, "large.bin"));
      return rate;
    },
  });
  const idleAfter = memory(ours.child.pid, "VmRSS");
  await Promise.all([stop(ours.child), stop(theirs.child)]);
  rmSync(folder, { recursive: true });
  const line = compared({ what, peer: "nginx dav PUT (no hash, no fsync)", unit: "MB/s", goal: { ratio: 0.7 } }, values.ours, values.theirs);
  const mib = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
  line.notes.push(
    `${what}: memory ${mib(idleBytes)} before the first upload, ${mib(median(peaks))} at the peak of one, ${mib(idleAfter)} after the last; ` +
      `processor time ${median(used.ours).toFixed(2)} s, nginx ${median(used.theirs).toFixed(2)} s.`,
  );
  return line;
}

/** Equal bytes would be stored once only: every upload begins with others. And nobody pays for what was written before. */
export async function freshen(file, turn) {
  const patched = openSync(file, "r+");
  writeSync(patched, noise(64, 1000 + turn), 0, 64, 0);
  closeSync(patched);
  await run(null, "sync", [], { limitS: 300 });
}

/** What curl is told to send a file as a form to Mediary, or plainly to a peer. */
export const formOf = (ours, file) => ["-H", ours.key, "-F", `files[0]=@${file}`, `${ours.api}/files?organizationId=${ours.organization_id}`];
export const putOf = (peer, file) => ["-T", file, `${peer.base}/large.bin`];

/** Sends the large file and returns its MB/s. */
export async function sendLarge(core, folder, request) {
  const args = ["-sS", "--fail-with-body", "-o", join(folder, "answer"), "-w", "%{time_total}", "-H", "Expect:", ...request];
  return LARGE_BYTES / Number(await run(core, "curl", args, { limitS: 300 })) / 1e6;
}

/** Row 8. */
export async function manyUploads({ scratch, turns }) {
  const ours = await mediary(scratch);
  const goal = { ratio: 0.5 };
  const row = { what: `${SMALL_UPLOADS.toLocaleString("en")} uploads of 50 KB, ${CLIENTS} clients`, unit: "uploads/s", goal };
  let theirs;
  try {
    theirs = await dufs(scratch);
  } catch (error) {
    return [{ ...row, peer: "dufs", notes: [`the peer dufs can not be started: ${error.message.split("\n")[0]}`] }];
  }
  const count = Math.ceil(SMALL_UPLOADS / turns);
  const values = await takeTurns(turns, {
    ours: (turn) => sendMany(ours, { count, clients: CLIENTS, seed: 100 + turn, how: form(ours) }),
    theirs: (turn) => sendMany(theirs, { count, clients: CLIENTS, seed: 100 + turn, how: ["put", "/"] }),
  });
  return [compared({ ...row, peer: "dufs PUT (no hash, no fsync, no row)" }, values.ours, values.theirs)];
}

export const form = (ours) => ["form", `/fliplet/v1/media/files?organizationId=${ours.organization_id}`, ours.key];

/** Sends so many small files, none like those of another seed, and returns how many a second. */
export async function sendMany(server, { count, clients, seed, how }) {
  await run(null, "sync", [], { limitS: 300 });
  const script = new URL("../uploader.mjs", import.meta.url).pathname;
  const options = [count, clients, SMALL_BYTES, seed].map(String);
  return count / Number(await run(LOAD_CORE, "node", [script, server.base, ...options, ...how], { limitS: 300 }));
}
