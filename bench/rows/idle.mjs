// rows/idle.mjs: row 11, what a server costs that does nothing, and how soon it answers after it was started.
import { connect } from "node:net";

import { median } from "../measure.mjs";
import { addFile } from "../client.mjs";
import { noise } from "../data.mjs";
import { freePort, memory, pause, stop } from "../processes.mjs";
import { mediary, startMediary } from "../servers.mjs";

const IDLE_MS = 3000;

/** Row 11. */
export async function idle({ scratch, turns }) {
  const server = await mediary(scratch, { core: null });
  for (let number = 0; number < 100; number += 1) await addFile(server, `${number}.bin`, noise(10_000, number));
  await stop(server.child);
  const [sizes, anonymous] = [[], []];
  const starts = await timesToAnswer(scratch, turns, async (child) => {
    await pause(IDLE_MS);
    sizes.push(memory(child.pid, "VmRSS"));
    anonymous.push(memory(child.pid, "RssAnon"));
  });
  const mib = (values) => median(values) / 2 ** 20;
  return [
    {
      what: "idle memory, small library, all cores",
      unit: "MiB",
      ours: mib(sizes),
      goal: { most: 40, unit: "MiB" },
      notes: [`of the idle memory ${mib(anonymous).toFixed(1)} MiB are its own and not pages of its files.`],
    },
    { what: "start to first answer, small library, all cores", unit: "ms", ours: median(starts), goal: { most: 300, unit: "ms" }, notes: [] },
  ];
}

/** Starts the server on the library in a folder again and again: how many milliseconds to each first answer. */
export async function timesToAnswer(folder, turns, look = async () => {}, env = {}) {
  const times = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const port = await freePort();
    const begun = performance.now();
    const child = startMediary(folder, port, { core: null, env });
    await firstAnswer(port, child);
    times.push(performance.now() - begun);
    await look(child);
    await stop(child);
  }
  return times;
}

/** Asks until there is an answer; a connection that is refused is tried again at once. */
async function firstAnswer(port, child) {
  for (const until = performance.now() + 10_000; performance.now() < until && child.exitCode === null; await pause(0)) {
    if (await isAnswered(port)) return;
  }
  throw new Error("the server did not answer within ten seconds");
}

function isAnswered(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("connect", () => socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    socket.on("data", (data) => resolve(data.toString("latin1").startsWith("HTTP/1.1 200")));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
  });
}
