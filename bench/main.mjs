// main.mjs [--rows 1,2] [--turns 5] [--seconds 3] [--out FILE]: measures the rows that are asked for, prints the table, and writes it to
// FILE; when all rows are measured and no FILE is named, to results.md.
// It knows the rows by name only; what each measures is in rows/.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { stopAll } from "./processes.mjs";
import { machine, table } from "./report.mjs";
import { coldOverHttp } from "./rows/cold.mjs";
import { hotRendition, originals } from "./rows/delivery.mjs";
import { folders } from "./rows/folders.mjs";
import { idle } from "./rows/idle.mjs";
import { packages } from "./rows/packages.mjs";
import { coldRendition, fourSizes, otherFormats } from "./rows/renditions.mjs";
import { sealed } from "./rows/sealed.mjs";
import { size, sizeOnPostgres } from "./rows/size.mjs";
import { largeUploadSlowly, manyUploadsSlowly } from "./rows/slow.mjs";
import { largeUpload, manyUploads } from "./rows/uploads.mjs";

const ROWS = new Map([
  ["1", hotRendition],
  ["2", originals],
  ["3", coldRendition],
  ["4", coldOverHttp],
  ["5", otherFormats],
  ["6", fourSizes],
  ["7", largeUpload],
  ["7s", largeUploadSlowly],
  ["8", manyUploads],
  ["8s", manyUploadsSlowly],
  ["9", size],
  ["10", packages],
  ["11", idle],
  ["13", folders],
  ["14", sealed],
]);
// Only beside a server of scripts/with-postgres.
if (process.env.MEDIARY_TEST_POSTGRES_URL) ROWS.set("9p", sizeOnPostgres);

const { values } = parseArgs({
  options: {
    rows: { type: "string" },
    turns: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    out: { type: "string" },
  },
});
const wanted = values.rows === undefined ? [...ROWS.keys()] : values.rows.split(",");
const unknown = wanted.filter((row) => !ROWS.has(row));
if (unknown.length > 0) {
  console.error(`bench: there is no row ${unknown.join(", ")}; there are ${[...ROWS.keys()].join(", ")}`);
  process.exit(64);
}

const bench = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const scratch = join(bench, ".cache", `run-${process.pid}`);
const context = {
  scratch,
  turns: Math.max(1, Number(values.turns)),
  seconds: Math.max(1, Number(values.seconds)),
};

/** Leaves neither processes nor files behind, however it ends. */
async function cleanUp() {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    console.error(`bench: stopped by ${signal}`);
    cleanUp().finally(() => process.exit(1));
  });
}

const lines = [];
try {
  for (const row of wanted) {
    mkdirSync(join(scratch, row), { recursive: true });
    console.error(`bench: row ${row}`);
    const found = await ROWS.get(row)({ ...context, scratch: join(scratch, row) });
    lines.push(...found.map((line) => ({ row, ...line })));
    await stopAll();
    rmSync(join(scratch, row), { recursive: true, force: true });
  }
} finally {
  await cleanUp();
}

const text = table(lines);
console.log(text);
const out = values.out ?? (values.rows === undefined ? join(bench, "results.md") : undefined);
if (out !== undefined) {
  const how = values.rows === undefined ? "`make bench`" : `\`bench/run --rows ${values.rows}\``;
  const head = `# Measured against the peers\n\nWritten by ${how}. ${machine()}\n`;
  writeFileSync(out, `${head}\n${text}\n`);
}
