// rows/uploads.mjs: rows 7 and 8, one large upload and many small ones: hashed, synced and recorded when they are acknowledged, against
// servers that only write the bytes to a file.
import { openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

import { noise, noiseFile } from "../data.mjs";
import { compared, median, takeTurns } from "../measure.mjs";
import { LOAD_CORE, SERVER_CORE, cpuSeconds, forgetPeak, memory, run, stop } from "../processes.mjs";
import { dufs, mediary, nginx, removeBytes } from "../servers.mjs";

/** The dialect takes no larger file than this: a gibibyte less 2 %. */
const LARGE_BYTES = 1000 * 1024 * 1024;
const SMALL_BYTES = 50_000;
const SMALL_UPLOADS = 10_000;
const CLIENTS = 16;

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
  const patched = openSync(file, "r+");
  const [peaks, used] = [[], { ours: [], theirs: [] }];
  const idleBytes = memory(ours.child.pid, "VmRSS");
  // Equal bytes would be stored once only: every upload begins with others.
  const freshen = async (turn) => {
    writeSync(patched, noise(64, 1000 + turn), 0, 64, 0);
    await run(null, "sync", [], { limitS: 300 });
  };
  const send = async (server, who, url, args) => {
    const before = cpuSeconds(server.child.pid);
    const common = ["-sS", "--fail-with-body", "-o", join(folder, "answer"), "-w", "%{time_total}", "-H", "Expect:"];
    const seconds = Number(await run(load, "curl", [...common, ...args, url], { limitS: 300 }));
    used[who].push(cpuSeconds(server.child.pid) - before);
    return LARGE_BYTES / seconds / 1e6;
  };
  const values = await takeTurns(turns, {
    ours: async (turn) => {
      await freshen(turn);
      forgetPeak(ours.child.pid);
      const url = `${ours.api}/files?organizationId=${ours.organization_id}`;
      const rate = await send(ours, "ours", url, ["-H", ours.key, "-F", `files[0]=@${file}`]);
      peaks.push(memory(ours.child.pid, "VmHWM"));
      removeBytes(folder);
      return rate;
    },
    theirs: async (turn) => {
      await freshen(turn);
      const rate = await send(theirs, "theirs", `${theirs.base}/large.bin`, ["-T", file]);
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
  const send = (server, ...args) => async (turn) => {
    await run(null, "sync", [], { limitS: 300 });
    const script = new URL("../uploader.mjs", import.meta.url).pathname;
    const seed = 100 + turn;
    const options = [server.base, String(count), String(CLIENTS), String(SMALL_BYTES), String(seed), ...args];
    return count / Number(await run(LOAD_CORE, "node", [script, ...options], { limitS: 300 }));
  };
  const form = `/fliplet/v1/media/files?organizationId=${ours.organization_id}`;
  const values = await takeTurns(turns, {
    ours: send(ours, "form", form, ours.key),
    theirs: send(theirs, "put", "/"),
  });
  return [compared({ ...row, peer: "dufs PUT (no hash, no fsync, no row)" }, values.ours, values.theirs)];
}
