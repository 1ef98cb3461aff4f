// rows/packages.mjs: row 10, a ZIP of a folder of 1,000 files, against `zip -0` to a pipe.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { addFile, addFolder } from "../client.mjs";
import { noise } from "../data.mjs";
import { compared, median, takeTurns } from "../measure.mjs";
import { LOAD_CORE, SERVER_CORE, cpuSeconds, forgetPeak, memory, onCore, run } from "../processes.mjs";
import { mediary } from "../servers.mjs";

const FILES = 1000;
const FILE_BYTES = Math.round(2 ** 30 / FILES);

/** Row 10. */
export async function packages({ scratch, turns }) {
  const ours = await mediary(scratch);
  const files = join(scratch, "files");
  mkdirSync(files);
  const folder = await addFolder(ours, "Package");
  for (let number = 0; number < FILES; number += 1) {
    const [name, bytes] = [`${number}.bin`, noise(FILE_BYTES, 10_000 + number)];
    writeFileSync(join(files, name), bytes);
    await addFile(ours, name, bytes, "application/octet-stream", folder);
  }
  await run(null, "sync", [], { limitS: 300 });
  const first = { ours: [], theirs: [] };
  const [peaks, used] = [[], []];
  const idleBytes = memory(ours.child.pid, "VmRSS");
  const values = await takeTurns(turns, {
    ours: async () => {
      forgetPeak(ours.child.pid);
      const before = cpuSeconds(ours.child.pid);
      const args = ["-sS", "--fail", "-o", "/dev/null", "-w", "%{time_total} %{time_starttransfer} %{size_download}", "-H", ours.key];
      const text = await run(LOAD_CORE, "curl", [...args, `${ours.api}/zip?folderId=${folder}`], { limitS: 300 });
      const [seconds, firstByte, size] = text.split(" ").map(Number);
      first.ours.push(firstByte * 1000);
      peaks.push(memory(ours.child.pid, "VmHWM"));
      used.push(cpuSeconds(ours.child.pid) - before);
      return size / seconds / 1e6;
    },
    theirs: async () => {
      const { seconds, firstByte, size } = await zip(files);
      first.theirs.push(firstByte);
      return size / seconds / 1e6;
    },
  });
  const peer = "zip -0 -r - to a pipe";
  const line = compared({ what: "ZIP of 1,000 files, 1 GiB", peer, unit: "MB/s", goal: { ratio: 1.0 } }, values.ours, values.theirs);
  const mib = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
  line.notes.push(
    `first byte after ${median(first.ours).toFixed(1)} ms, zip ${median(first.theirs).toFixed(1)} ms; ` +
      `memory ${mib(idleBytes)} before, ${mib(median(peaks))} at the peak, of which what is held in memory for hot files may be 256 MiB; ` +
      `processor time ${median(used).toFixed(2)} s.`,
  );
  return [line];
}

/** Packs a folder into a pipe that is read on the other core. */
async function zip(folder) {
  const script = 'const t = process.hrtime.bigint(); let size = 0, first; process.stdin.on("data", (d) => { first ??= process.hrtime.bigint() - t; size += d.length; }).on("end", () => console.log(size, Number(first) / 1e6));';
  const [reader, readerArgs] = onCore(LOAD_CORE, "node", ["-e", script]);
  const [packer, packerArgs] = onCore(SERVER_CORE, "zip", ["-0", "-q", "-r", "-", "."]);
  const sink = spawn(reader, readerArgs, { stdio: ["pipe", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const source = spawn(packer, packerArgs, { cwd: folder, stdio: ["ignore", sink.stdin, "inherit"] });
    sink.stdin.destroy();
    let text = "";
    sink.stdout.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    source.on("error", reject);
    sink.on("error", reject);
    sink.on("close", () => {
      const [size, firstByte] = text.split(" ").map(Number);
      if (!(size > FILES * FILE_BYTES)) return reject(new Error(`zip gave ${size} bytes`));
      resolve({ seconds: (performance.now() - begun) / 1000, firstByte, size });
    });
  });
}
