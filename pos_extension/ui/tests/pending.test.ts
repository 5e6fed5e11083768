import {createStorage} from '@shopify/ui-extensions-tester/point-of-sale';
import {expect, test} from 'vitest';
import type {Till} from '../src/host';
import {findPending, forget, remember} from '../src/pending';
import {countScan, scansToday} from '../src/scans';
import {enrol, grant} from '../src/writes';
import {ALICE} from './cast';

const PLACE = {locationId: 5, staffId: undefined};
const WISH = {points: '50', reason: 'goodwill', note: ''};
const HOUR_MS = 3_600_000;

test('a grant is remembered until its answer is known', async () => {
  const storage = createStorage() as Till['storage'];
  const write = grant(ALICE, WISH, PLACE);

  await remember(storage, write);
  expect(await findPending(storage)).toEqual(write);
  await forget(storage, write);

  expect(await findPending(storage)).toBeNull();
});

test('a grant of yesterday is not sent again: its key may be forgotten by now', async () => {
  const storage = createStorage() as Till['storage'];
  const write = grant(ALICE, WISH, PLACE);

  await remember(storage, write, Date.now() - 25 * HOUR_MS);

  expect(await findPending(storage)).toBeNull();
});

test('who enrols leaves no name or address on the device', async () => {
  const storage = createStorage() as Till['storage'];

  await remember(storage, enrol({name: 'Alice', contact: 'alice@example.com'}, PLACE));

  expect(await storage.entries()).toEqual([]);
});

test('a storage that fails stops nothing', async () => {
  const broken = new Proxy({}, {get: () => () => Promise.reject(new Error('full'))});

  await remember(broken as Till['storage'], grant(ALICE, WISH, PLACE));

  expect(await findPending(broken as Till['storage'])).toBeNull();
  expect(await scansToday(broken as Till['storage'])).toBe(0);
});

test('scans are counted for the day', async () => {
  const storage = createStorage() as Till['storage'];
  const [monday, tuesday] = [new Date(2026, 10, 23, 23, 59), new Date(2026, 10, 24, 0, 1)];

  await countScan(storage, monday);
  await countScan(storage, monday);

  expect(await scansToday(storage, monday)).toBe(2);
  expect(await scansToday(storage, tuesday)).toBe(0);
});
