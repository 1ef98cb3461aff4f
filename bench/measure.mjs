// measure.mjs: takes turns (A B A B …) and medians, so that what else the machine does hits both alike. It knows nothing of what it measures.

/**
 * Runs the measurements in `runs` (name → async function that returns a number) one after the other, round after round, after one round
 * that does not count. Returns the values of each by its name.
 */
export async function takeTurns(turns, runs) {
  const values = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let turn = -1; turn < turns; turn += 1) {
    for (const [name, measure] of Object.entries(runs)) {
      const value = await measure(turn);
      if (turn >= 0) values[name].push(value);
    }
  }
  return values;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that such a part of all values does not exceed. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}

/** A line of the table out of the two lists of values. `spread` is the lowest and highest ratio of one turn. */
export function compared({ what, peer, unit, goal }, ours, theirs) {
  const each = ours.map((value, turn) => value / theirs[turn]);
  const [mine, others] = [median(ours), median(theirs)];
  const spread = [Math.min(...each), Math.max(...each)];
  return { what, peer, unit, goal, ours: mine, theirs: others, ratio: mine / others, spread, notes: [] };
}
