import assert from 'node:assert/strict';
import test from 'node:test';

import { interval, median, spread } from './statistics.mjs';

test('the median of an odd and of an even number of figures, whatever their order', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 10, 2]), 3);
  assert.equal(median([7]), 7);
});

test('an interval holds the median, is the same again, and is nothing wide where all figures are the same', () => {
  const figures = [1.02, 1.01, 1.05, 0.99, 1.03, 1.02, 1.04, 1.0, 1.02, 1.01, 1.06, 1.03, 0.98, 1.02, 1.02];
  const [low, high] = interval(figures);
  assert.ok(low <= median(figures) && median(figures) <= high, `${low} to ${high}`);
  assert.deepEqual(interval(figures), [low, high]);
  assert.deepEqual(interval([2, 2, 2]), [2, 2]);
});

test('of 15 figures the interval is that between the 4th and the 12th', () => {
  // By the binomial distribution a draw's median is at most the 3rd with 0.4 %, at most the 4th with 2.55 %.
  assert.deepEqual(interval(Array.from({ length: 15 }, (_, n) => n + 1)), [4, 12]);
});

test('the spread is half of the range of the middle half', () => {
  assert.equal(spread([8, 9, 10, 11, 12]), 0.1);
  assert.equal(spread([5, 5, 5]), 0);
});
