// asker.mjs BASE PATHS CLIENTS [HEADER]: asks for each of the paths in the file PATHS (one a line) once, over CLIENTS connections that are
// kept alive, and prints as JSON how many seconds it took altogether, the milliseconds of each answer and the bytes of all.
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";

const [base, file, clients, header] = process.argv.slice(2);
const paths = readFileSync(file, "utf8").split("\n").filter(Boolean);
const agent = new Agent({ keepAlive: true, maxSockets: Number(clients) });
const [name, value] = header === undefined ? [] : header.split(": ");
const headers = name === undefined ? {} : { [name]: value };
const times = [];
let bytes = 0;

/** One answer, which has to be an image. */
function ask(path) {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(`${base}${path}`, { agent, headers }, (answer) => {
      const type = answer.headers["content-type"];
      if (answer.statusCode !== 200 || type !== "image/jpeg") reject(new Error(`${path}: ${answer.statusCode} ${type}`));
      answer.on("data", (chunk) => (bytes += chunk.length));
      answer.on("error", reject);
      answer.on("end", () => {
        times.push(Number((performance.now() - begun).toFixed(3)));
        resolve();
      });
    });
    request.on("error", reject);
  });
}

let next = 0;
async function client() {
  while (next < paths.length) {
    next += 1;
    await ask(paths[next - 1]);
  }
}

const begun = performance.now();
try {
  await Promise.all(Array.from({ length: Number(clients) }, client));
} catch (error) {
  console.error(`asker: ${error.message}`);
  process.exit(1);
}
console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1000, times_ms: times, bytes }));
agent.destroy();
