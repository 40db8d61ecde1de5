// Rows that a test of tests/native prints which is otherwise ignored.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The lines of JSON of the test of that name, with these variables set. */
export async function natively(test, variables) {
  const program = process.env.DUALFETCH_NATIVE_TESTS;
  assert.ok(program, 'DUALFETCH_NATIVE_TESTS names the built tests/native.rs: see scripts/test');
  const args = ['--ignored', '--exact', test, '--nocapture'];
  const { stdout } = await promisify(execFile)(program, args, { env: { ...process.env, ...variables }, maxBuffer: 1 << 28 });
  return stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}
