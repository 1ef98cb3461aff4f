// servers.mjs: Mediary and its peers, set up in a folder and started. It knows how each is configured, not what is measured.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { SERVER_CORE, answers, freePort, run, start } from "./processes.mjs";

const MEDIARY = join(process.env.CARGO_TARGET_DIR, "release", "mediary");

/** A new library, served. Each request is a line in its log. */
export async function mediary(folder, options = {}) {
  const data = join(folder, "library");
  const { fliplet, mediaflow, botdoc } = JSON.parse(await run(null, MEDIARY, ["init", "--data", data, "--json"], { env: options.env }));
  const keys = { ...fliplet, mediaflow, botdoc };
  return serveMediary(folder, { ...options, keys });
}

/** Serves the library that is in the folder already. */
export async function serveMediary(folder, { keys, ...options }) {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const log = join(folder, "mediary.log");
  const child = startMediary(folder, port, options);
  await answers(`${base}/healthz`, child, log);
  return { base, child, folder, api: `${base}/fliplet/v1/media`, keys, ...keys, key: `Auth-token: ${keys.auth_token}` };
}

/** Has the files of its first tenant sealed at rest from now on. */
export async function keysOn({ folder }, env) {
  await run(null, MEDIARY, ["keys", "on", "--tenant", "1", "--data", join(folder, "library")], { env });
}

/** An access token for Mediaflow's API. */
export async function accessToken({ base, keys }) {
  const { client_id, client_secret, refresh_token } = keys.mediaflow;
  const query = new URLSearchParams({ grant_type: "refresh_token", client_id, client_secret, refresh_token });
  const answer = await fetch(`${base}/mediaflow/1/oauth2/token?${query}`);
  return (await answer.json()).access_token;
}

/** A token for Botdoc's API, as the header that carries it. */
export async function botdocKey({ base, keys }) {
  const { email, api_key } = keys.botdoc;
  const answer = await fetch(`${base}/botdoc/v1/auth/get_token/`, { method: "POST", body: new URLSearchParams({ email, api_key }) });
  return `Authorization: JWT ${(await answer.json()).token}`;
}

/**
 * Takes the bytes of all uploads away behind the server's back, as a peer's file is removed after each turn: or one of the two would
 * write to memory that the machine has used before, and the other to memory that it has not.
 */
export function removeBytes(folder) {
  const originals = join(folder, "library", "blobs", "originals");
  for (const shard of readdirSync(originals)) {
    for (const name of readdirSync(join(originals, shard))) rmSync(join(originals, shard, name));
  }
}

/** Starts it and does not wait for anything. `command` stands before its own, `env` holds settings: syncs.mjs and engines.mjs have some. */
export function startMediary(folder, port, { core = SERVER_CORE, level = "warn", command = [], env: settings = {} } = {}) {
  const args = ["serve", "--data", join(folder, "library"), "--listen", `127.0.0.1:${port}`];
  const env = { MEDIARY_LOG__ACCESS: join(folder, "access.log"), MEDIARY_LOG__LEVEL: level, ...settings };
  const [program, ...all] = [...command, MEDIARY, ...args];
  return start(core, program, all, { log: join(folder, "mediary.log"), env });
}

/**
 * nginx over the folder `files`: one worker, sendfile, a log of one JSON line a request; and PUT. Tuned, it holds files open and
 * gathers its log lines, which it does not do by itself.
 */
export async function nginx(folder, { core = SERVER_CORE, tuned = false } = {}) {
  const files = join(folder, "files");
  const own = join(folder, tuned ? "nginx-tuned" : "nginx");
  for (const path of [files, own]) mkdirSync(path, { recursive: true });
  const port = await freePort();
  const path = (name) => join(own, name);
  const config = `
${process.getuid() === 0 ? "user root;" : ""}
worker_processes 1;
daemon off;
pid ${path("pid")};
error_log ${path("error.log")};
events { worker_connections 1024; }
http {
  log_format line escape=json '{"time":"$time_iso8601","request_id":"$request_id","peer":"$remote_addr","method":"$request_method",'
    '"path":"$request_uri","status":$status,"bytes":$body_bytes_sent,"duration_s":$request_time}';
  access_log ${path("access.log")} line ${tuned ? "buffer=64k flush=100ms" : ""};
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  ${tuned ? "open_file_cache max=1000 inactive=60s;" : ""}
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path ${path("body")};
  proxy_temp_path ${path("proxy")};
  fastcgi_temp_path ${path("fastcgi")};
  uwsgi_temp_path ${path("uwsgi")};
  scgi_temp_path ${path("scgi")};
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${port};
    root ${files};
    location / { dav_methods PUT DELETE; create_full_put_path on; }
  }
}
`;
  await writeFile(path("nginx.conf"), config);
  const log = path("output.log");
  const child = start(core, "nginx", ["-p", own, "-c", path("nginx.conf"), "-e", path("error.log")], { log });
  const base = `http://127.0.0.1:${port}`;
  await answers(`${base}/`, child, log);
  return { base, child, files };
}

/** dufs over an empty folder, open to PUT. */
export async function dufs(folder, { core = SERVER_CORE } = {}) {
  const files = join(folder, "dufs");
  mkdirSync(files, { recursive: true });
  const port = await freePort();
  const log = join(folder, "dufs.log");
  const child = start(core, "dufs", ["--bind", "127.0.0.1", "--port", String(port), "--allow-upload", files], { log });
  const base = `http://127.0.0.1:${port}`;
  await answers(`${base}/`, child, log);
  return { base, child, files };
}
