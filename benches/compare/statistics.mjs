// What is said of figures that were measured again and again.

const level = 0.95;
const draws = 10_000;

/** The middle one; of an even number the mean of the two in the middle. */
export function median(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/**
 * Where the median lies, with 95 % confidence, by the percentile bootstrap: the medians of as many figures drawn from
 * these, over and over. The same figures always give the same interval.
 */
export function interval(figures) {
  const random = seeded(figures.length);
  const medians = Array.from({ length: draws }, () =>
    median(figures.map(() => figures[Math.floor(random() * figures.length)])),
  ).sort((a, b) => a - b);
  const at = (share) => medians[Math.round(share * (draws - 1))];
  return [at((1 - level) / 2), at((1 + level) / 2)];
}

/** Half of the range in which the middle half of the figures lies, as a share of their median: the noise of a run. */
export function spread(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const quartile = (share) => {
    const at = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
    return low + (high - low) * (at % 1);
  };
  return (quartile(0.75) - quartile(0.25)) / 2 / median(figures);
}

/** Numbers from 0 to 1 (mulberry32). */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
