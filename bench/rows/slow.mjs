// rows/slow.mjs: rows 7 and 8 on a disk whose every sync takes 5 ms longer (7s, 8s). The delay is strace's, which stops at syncs only; what
// stopping there costs by itself is measured beside it, and row 8 also with a delay that comes without a tracer.
import { rmSync } from "node:fs";
import { join } from "node:path";

import { noiseFile } from "../data.mjs";
import { compared, median, takeTurns } from "../measure.mjs";
import { forgetPeak, memory, run } from "../processes.mjs";
import { mediary, nginx, removeBytes } from "../servers.mjs";
import { preloaded, syncsSoFar, traced } from "../syncs.mjs";
import { CLIENTS, LARGE_BYTES, form, formOf, freshen, putOf, sendLarge, sendMany } from "./uploads.mjs";

const DELAY_MS = 5;
const DELAY_US = DELAY_MS * 1000;
/** What one upload at a time waits for, one after the other: its file, the folder that names it, the database. */
const SYNCS_AN_UPLOAD = 3;
const MANY = 2_000;
const FEW = 200;

const tracing = (values) => `tracing alone leaves ${(median(values.traced) / median(values.plain)).toFixed(2)} of the speed without it`;

/** Row 7 again, all cores. */
export const largeUploadSlowly = (context) => whereTraced(`upload of 1,000 MiB, ${DELAY_MS} ms in every sync, all cores`, largeUpload, context);

/** Row 8 again: with many clients a sync is shared; with one there is nobody to share it with. */
export const manyUploadsSlowly = (context) =>
  whereTraced(`${MANY.toLocaleString("en")} uploads of 50 KB, ${CLIENTS} clients, ${DELAY_MS} ms in every sync`, manyUploads, context);

/** Some machines let nobody trace anything: then the row says so, and the others are measured. */
async function whereTraced(what, row, context) {
  try {
    await run(null, "strace", [...traced("/dev/null", DELAY_US).command.slice(1), "sync", context.scratch]);
  } catch (error) {
    return [{ what, peer: "strace", notes: [`${what}: ${error.message.split("\n")[0]}`] }];
  }
  return row(what, context);
}

async function largeUpload(what, { scratch, turns }) {
  const file = join(scratch, "large.bin");
  noiseFile(file, LARGE_BYTES, 7);
  const notes = join(scratch, "syncs");
  const ours = {
    slow: await mediary(join(scratch, "slow"), { core: null, ...traced(notes, DELAY_US) }),
    traced: await mediary(join(scratch, "traced"), { core: null, ...traced("/dev/null") }),
    plain: await mediary(join(scratch, "plain"), { core: null }),
  };
  const theirs = await nginx(scratch, { core: null });
  const [peaks, syncs] = [[], []];
  const idleBytes = memory(ours.slow.child.pid, "VmRSS");
  const send = (server) => async (turn) => {
    await freshen(file, turn);
    const rate = await sendLarge(null, scratch, formOf(server, file));
    removeBytes(server.folder);
    return rate;
  };
  const values = await takeTurns(turns, {
    slow: async (turn) => {
      forgetPeak(ours.slow.child.pid);
      const before = syncsSoFar(notes);
      const rate = await send(ours.slow)(turn);
      peaks.push(memory(ours.slow.child.pid, "VmHWM"));
      syncs.push(syncsSoFar(notes) - before);
      return rate;
    },
    traced: send(ours.traced),
    plain: send(ours.plain),
    theirs: async (turn) => {
      await freshen(file, turn);
      const rate = await sendLarge(null, scratch, putOf(theirs, file));
      rmSync(join(theirs.files, "large.bin"));
      return rate;
    },
  });
  const row = { what, unit: "MB/s" };
  const peer = "nginx dav PUT (no hash, no fsync), no delay";
  const line = compared({ ...row, peer, goal: { ratio: 0.7 } }, values.slow, values.theirs);
  const mib = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
  line.notes.push(
    `${what}: ${median(syncs)} syncs an upload; memory ${mib(idleBytes)} before, ${mib(median(peaks))} at the peak; ${tracing(values)}.`,
  );
  return [line, compared({ ...row, peer: "ourselves, no delay" }, values.slow, values.plain)];
}

async function manyUploads(what, { scratch, turns }) {
  const notes = join(scratch, "syncs");
  const ours = {
    slow: await mediary(join(scratch, "slow"), traced(notes, DELAY_US)),
    untraced: await mediary(join(scratch, "untraced"), await preloaded(scratch, DELAY_US)),
    traced: await mediary(join(scratch, "traced"), traced("/dev/null")),
    plain: await mediary(join(scratch, "plain")),
  };
  const syncs = { many: [], one: [] };
  const send = (server, count, clients) => (turn) => sendMany(server, { count, clients, seed: 1000 * clients + turn, how: form(server) });
  const counted = (name, count, clients) => async (turn) => {
    const before = syncsSoFar(notes);
    const rate = await send(ours.slow, count, clients)(turn);
    syncs[name].push((syncsSoFar(notes) - before) / count);
    return rate;
  };
  const values = await takeTurns(turns, {
    many: counted("many", MANY, CLIENTS),
    one: counted("one", FEW, 1),
    untraced: send(ours.untraced, MANY, CLIENTS),
    traced: send(ours.traced, MANY, CLIENTS),
    plain: send(ours.plain, MANY, CLIENTS),
  });
  const unit = "uploads/s";
  const alone = values.many.map(() => 1000 / (SYNCS_AN_UPLOAD * DELAY_MS));
  const peer = `one at a time, ${SYNCS_AN_UPLOAD} syncs each (computed)`;
  const line = compared({ what, unit, peer, goal: { ratio: 10 } }, values.many, alone);
  line.notes.push(`${what}: ${median(syncs.many).toFixed(2)} syncs an upload, with one client ${median(syncs.one).toFixed(2)}; ${tracing(values)}.`);
  const untraced = `${what}, without a tracer`;
  return [
    line,
    compared({ what, unit, peer: "ourselves, one client" }, values.many, values.one),
    compared({ what: untraced, unit, peer, goal: { ratio: 10 } }, values.untraced, alone),
    compared({ what: untraced, unit, peer: "ourselves, no delay" }, values.untraced, values.plain),
  ];
}
