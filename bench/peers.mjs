// peers.mjs: the peers that make pictures: sharp as a library, ipx and thumbor as servers over a folder of files. It knows how they are
// installed and started, not what is measured.
import { existsSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { SERVER_CORE, answers, freePort, run, start } from "./processes.mjs";

const BENCH = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const THUMBOR = join(process.env.TOOLS_DIR, "thumbor", "bin", "thumbor");

/** Installs what package-lock.json names, unless that is there already. */
export async function sharpInstalled() {
  const [wanted, there] = [join(BENCH, "package-lock.json"), join(BENCH, "node_modules", ".package-lock.json")];
  if (existsSync(there) && statSync(there).mtimeMs >= statSync(wanted).mtimeMs) return;
  console.error("bench: npm ci");
  await run(null, "npm", ["ci", "--prefix", BENCH, "--no-audit", "--no-fund"], { limitS: 300 });
}

/** A picture file out of rows of pixels, by sharp: `options` are those of its output format. */
export async function encoded(rows, width, height, format, options) {
  await sharpInstalled();
  const { default: sharp } = await import("sharp");
  return sharp(rows, { raw: { width, height, channels: 3 } }).toFormat(format, options).toBuffer();
}

/** Which sharp and which libvips. */
export async function sharpVersion() {
  const { default: sharp } = await import("sharp");
  return `sharp ${sharp.versions.sharp} (libvips ${sharp.versions.vips})`;
}

/** ipx over the folder `files`, as its own command starts it. It keeps no result. */
export async function ipx(folder, files, { core = SERVER_CORE } = {}) {
  await sharpInstalled();
  const port = await freePort();
  const log = join(folder, "ipx.log");
  const program = join(BENCH, "node_modules", "ipx", "bin", "ipx.mjs");
  const args = [program, "serve", "--dir", files, "--host", "127.0.0.1", "--port", String(port)];
  const child = start(core, "node", args, { log, env: { NODE_ENV: "production" } });
  const base = `http://127.0.0.1:${port}`;
  await answers(`${base}/`, child, log);
  return { base, child, path: (name, width, quality) => `/w_${width},f_jpeg,q_${quality}/${name}` };
}

/** thumbor over the folder `files`: keeps neither sources nor results. Nothing when it is not installed. */
export async function thumbor(folder, files, { core = SERVER_CORE } = {}) {
  if (!existsSync(THUMBOR)) return undefined;
  const config = `
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = ${JSON.stringify(files)}
STORAGE = "thumbor.storages.no_storage"
RESULT_STORAGE = None
ALLOW_UNSAFE_URL = True
RESPECT_ORIENTATION = True
`;
  const settings = join(folder, "thumbor.conf");
  await writeFile(settings, config);
  const port = await freePort();
  const log = join(folder, "thumbor.log");
  const args = ["--ip", "127.0.0.1", "--port", String(port), "--conf", settings, "--log-level", "warning"];
  const child = start(core, THUMBOR, args, { log });
  const base = `http://127.0.0.1:${port}`;
  await answers(`${base}/healthcheck`, child, log);
  const path = (name, width, quality) => `/unsafe/${width}x0/filters:format(jpeg):quality(${quality})/${name}`;
  return { base, child, path };
}
