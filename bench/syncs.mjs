// syncs.mjs: ways to run a program so that each of its syncs lasts longer, as on a slower disk. It knows no program in particular.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { run } from "./processes.mjs";

/**
 * Under strace, which notes each sync in the file `notes`. All other system calls go by it, and the program stays our own child (`-D`).
 * Without a delay one sees what stopping at each sync costs by itself.
 */
export function traced(notes, delayUs = 0) {
  const delay = delayUs > 0 ? ["-e", `inject=fsync,fdatasync:delay_exit=${delayUs}`] : [];
  const command = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-e", "signal=none", ...delay, "-o", notes];
  return { command };
}

/** How many syncs have begun that are noted in the file. */
export function syncsSoFar(notes) {
  return readFileSync(notes, "latin1").match(/sync\(/g)?.length ?? 0;
}

/** With a library before the system's own: no tracer, which takes time from the core of the program that it stops. */
export async function preloaded(folder, delayUs) {
  const library = join(folder, "delay.so");
  const source = new URL("delay.c", import.meta.url).pathname;
  await run(null, "cc", ["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  return { env: { LD_PRELOAD: library, SYNC_DELAY_US: String(delayUs) } };
}
