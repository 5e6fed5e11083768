import {afterEach, expect, test, vi} from 'vitest';
import {newKey} from '../src/keys';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

afterEach(() => vi.unstubAllGlobals());

test.each([
  ['randomUUID', globalThis.crypto],
  ['random values alone', {getRandomValues: (b: Uint8Array) => crypto.getRandomValues(b)}],
  ['no crypto at all', undefined],
])('a key is a new UUID with %s', (_, available) => {
  const real = globalThis.crypto;
  vi.stubGlobal('crypto', available && {
    ...('randomUUID' in available ? {randomUUID: () => real.randomUUID()} : {}),
    getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => real.getRandomValues(bytes),
  });

  const keys = Array.from({length: 50}, newKey);

  expect(keys.filter((key) => !UUID.test(key))).toEqual([]);
  expect(new Set(keys).size).toBe(50);
});
