// report.mjs: the table, in Markdown, and what it says of the machine. It knows no row.
import { cpus, totalmem } from "node:os";

/** The machine and the day in one sentence. */
export function machine() {
  const [{ model }] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${model.trim()}, ${memory} GiB; the server on one core, the load on another.`;
}

const number = (value) =>
  value >= 1000 ? Math.round(value).toLocaleString("en") : value.toLocaleString("en", { maximumSignificantDigits: 3 });

/** The table of all lines, what was noted beside it, and which fall short. */
export function table(lines) {
  const rows = lines.map((line) => {
    const { ours, theirs, unit, ratio, spread } = line;
    const of = (value) => (value === undefined ? "–" : `${number(value)} ${unit}`);
    const compared = ratio === undefined ? "–" : `${ratio.toFixed(2)} (${spread.map((s) => s.toFixed(2)).join("–")})`;
    const verdict = ours === undefined ? "not measured" : line.goal === undefined ? "" : isMet(line) ? "met" : "**falls short**";
    return [line.row, line.what, line.peer ?? "–", of(ours), of(theirs), compared, goalText(line.goal), verdict];
  });
  const head = ["row", "work", "peer", "ours", "peer's", "ratio (lowest–highest of a turn)", "goal", ""];
  const text = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const notes = lines.flatMap(({ row, notes }) => notes.map((note) => `- Row ${row}: ${note}`)).join("\n");
  const details = lines.flatMap((line) => line.details ?? []);
  const folded = details.map(({ title, text }) => `<details><summary>${title}</summary>\n\n~~~\n${text}\n~~~\n\n</details>`);
  const short = lines.filter((line) => line.ours !== undefined && !isMet(line)).map(({ row, what }) => `${row} (${what})`);
  const verdict = short.length > 0 ? `Fall short: ${short.join("; ")}.` : "All that was measured meets its goal.";
  return [text, notes, verdict, ...folded].filter(Boolean).join("\n\n");
}

/** A goal is a ratio to reach (`ratio`), one to stay below (`ratioMost`) or a value to stay below (`most`); a line without one informs. */
function isMet({ ours, ratio, goal }) {
  if (goal === undefined) return true;
  if (goal.ratioMost !== undefined) return ratio <= goal.ratioMost;
  return goal.ratio === undefined ? ours <= goal.most : ratio >= goal.ratio;
}

function goalText(goal) {
  if (goal === undefined) return "–";
  if (goal.ratioMost !== undefined) return `≤ ${goal.ratioMost.toFixed(1)} ×`;
  return goal.ratio === undefined ? `≤ ${goal.most} ${goal.unit}` : `≥ ${goal.ratio.toFixed(1)} ×`;
}
