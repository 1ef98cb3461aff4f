// engines.mjs: SQL against a library's database, behind the server's back, on either engine. It knows no table.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { run } from "./processes.mjs";

/** SQLite: of a folder, the database of the library in it. */
export async function sqlite(scratch) {
  const program = await buildSql(scratch);
  return (folder) => {
    const file = join(folder, "library", "library.db");
    const rows = (statements) => rowsOf(program, [file], statements);
    return {
      name: "SQLite",
      env: {},
      rows,
      bytes: () => statSync(file).size,
      plan: async (statement) => tree(await rows(`explain query plan ${statement};`)),
      beforeLoad: "pragma journal_mode = off; pragma synchronous = off; pragma foreign_keys = off; pragma cache_size = -524288;",
      afterLoad: "pragma journal_mode = wal;",
    };
  };
}

/** PostgreSQL, the server of scripts/with-postgres: of a folder, a new database. */
export async function postgres() {
  const first = process.env.MEDIARY_TEST_POSTGRES_URL;
  const psql = (url, statements) => rowsOf("psql", ["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", url], statements);
  let made = 0;
  return async () => {
    made += 1;
    const database = `bench_${process.pid}_${made}`;
    await psql(first, `create database ${database};`);
    const url = Object.assign(new URL(first), { pathname: database }).href;
    const rows = (statements) => psql(url, statements);
    const size = `select pg_database_size('${database}');`;
    return {
      name: "PostgreSQL",
      env: { MEDIARY_DATABASE__URL: url },
      rows,
      bytes: async () => Number((await rows(size))[0][0]),
      plan: (statement) => genericPlan(rows, statement),
      beforeLoad: "set session_replication_role = replica;",
      afterLoad: `${["folders", "assets", "versions"].map(catchUp).join("\n")}\nvacuum analyze;`,
    };
  };
}

/** Ids that were given by hand do not move on the sequence of those that are not. */
const catchUp = (table) => `select setval(pg_get_serial_sequence('${table}', 'id'), max(id)) from ${table};`;

/** The plan of a statement whose parameters are not known, as it is made after it ran some times. */
async function genericPlan(rows, statement) {
  const count = Math.max(0, ...[...statement.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const values = count === 0 ? "" : `(${Array(count).fill("null").join(", ")})`;
  const steps = await rows(`set plan_cache_mode = force_generic_plan; prepare asked as ${statement}; explain execute asked${values};`);
  return steps.map(([text]) => `    ${text}`).join("\n");
}

/**
 * Builds sql.c with what the server's build left behind: the same SQLite, which knows the same tables and makes the same plans, as the
 * system's own may not.
 */
async function buildSql(folder) {
  const builds = join(process.env.CARGO_TARGET_DIR, "release", "build");
  const archives = readdirSync(builds)
    .filter((name) => name.startsWith("libsqlite3-sys-"))
    .map((name) => join(builds, name, "out", "libsqlite3.a"))
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (archives.length === 0) throw new Error(`no SQLite in ${builds}: build the release first`);
  const said = readFileSync(join(archives[0], "..", "..", "output"), "utf8");
  const headers = /^cargo::?(?:metadata=)?include=(.*)$/m.exec(said)[1];
  const source = new URL("sql.c", import.meta.url).pathname;
  const program = join(folder, "sql");
  await run(null, "cc", ["-O2", `-I${headers}`, "-o", program, source, archives[0], "-lm", "-lpthread", "-ldl"]);
  return program;
}

/** Runs a program on statements and returns the rows that it prints, each an array of texts. */
async function rowsOf(program, args, statements) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  // A program that ends early is told of by its exit code.
  child.stdin.on("error", () => {});
  child.stdin.end(statements);
  let text = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) text += chunk;
  const [code, signal] = await ended;
  if (code !== 0) throw new Error(`${program} ended with ${code ?? signal}`);
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => line.split("\t"));
}

/** The steps of SQLite's plan, those inside another one further in. */
function tree(steps) {
  const depth = new Map([["0", 0]]);
  const line = ([id, parent, , text]) => {
    depth.set(id, (depth.get(parent) ?? 0) + 1);
    return `${"    ".repeat(depth.get(id))}${text}`;
  };
  return steps.map(line).join("\n");
}
