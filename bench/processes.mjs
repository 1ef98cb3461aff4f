// processes.mjs: starts and stops processes on a core of their own, and reads what the kernel says of them.
// It knows no server in particular.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";

/** Servers run on the first core and what loads them on the second, where there are two. */
const PINNED = availableParallelism() > 1;
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** What is started sees none of the caller's own settings of a Mediary. */
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MEDIARY_|DATABASE_URL$)/.test(name)));

const running = new Set();

/** A command line that runs on one core; on any when `core` is null. */
export function onCore(core, command, args) {
  return PINNED && core !== null ? ["taskset", ["-c", String(core), command, ...args]] : [command, args];
}

/** Starts a server. Its output goes to the file `log`. */
export function start(core, command, args, { log, env = {} }) {
  const output = openSync(log, "a");
  const [program, all] = onCore(core, command, args);
  const child = spawn(program, all, { stdio: ["ignore", output, output], env: { ...ENVIRONMENT, ...env } });
  // A program that is missing shows in the wait for its first answer.
  child.on("error", () => {});
  running.add(child);
  child.on("exit", () => running.delete(child));
  return child;
}

/** Stops one that was started: kindly, then not. */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(late);
}

/** Stops all that is still running. */
export async function stopAll() {
  await Promise.all([...running].map(stop));
}

/** Runs a command to its end and returns what it printed; fails when it fails or takes longer than `limitS` seconds. */
export async function run(core, command, args, { limitS = 120, env = {} } = {}) {
  const [program, all] = onCore(core, command, args);
  const child = spawn(program, all, { stdio: ["ignore", "pipe", "pipe"], env: { ...ENVIRONMENT, ...env }, timeout: limitS * 1000 });
  running.add(child);
  const texts = [child.stdout, child.stderr].map(async (stream) => {
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += chunk;
    return text;
  });
  const ended = once(child, "exit");
  const [out, errors] = await Promise.all(texts);
  const [code, signal] = await ended;
  running.delete(child);
  if (code !== 0) throw new Error(`${command} ended with ${code ?? signal}: ${errors.trim() || out.trim()}`);
  return out;
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves when `url` is answered at all; fails when the server ends or ten seconds are over. */
export async function answers(url, child, log) {
  for (const until = Date.now() + 10_000; Date.now() < until; await pause(10)) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      if (child.exitCode !== null || child.pid === undefined) break;
    }
  }
  throw new Error(`no answer from ${url}; it said: ${readFileSync(log, "utf8").slice(-2000)}`);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The process and its children, by id. */
function family(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean),
  );
  return [String(pid), ...children.flatMap(family)];
}

/** Processor time used so far by a process and its children, those that have ended included, in seconds. */
export function cpuSeconds(pid) {
  const ticks = family(pid).map((id) => {
    const fields = readFileSync(`/proc/${id}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
    return fields.slice(11, 15).reduce((sum, some) => sum + Number(some), 0);
  });
  return ticks.reduce((sum, some) => sum + some, 0) / 100;
}

/** One line of a process's status, such as `VmRSS`, in bytes. */
export function memory(pid, line) {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found[1]) * 1024;
}

/** Lets the highest memory use (`VmHWM`) count from now on. */
export function forgetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
