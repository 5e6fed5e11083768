// @vitest-environment jsdom
import {expect, test} from 'vitest';
import {ALICE, SCANNED} from './cast';
import {live, open, scan} from './modal';
import {button, isOff, see, tap} from './screen';
import {type Asked, refusal, type Turn} from './server';

const VISIT = {member: {...ALICE, points: 1239}, points: 5, is_held: false, next_on: '2026-11-23'};

async function checkIn(...turns: Turn[]): Promise<Asked[]> {
  const asked = await open(SCANNED, ...turns);
  scan('T667-3YWB');
  await see('Alice Summer');
  await tap('Check in');
  return asked;
}

const visits = (asked: Asked[]) => asked.filter(({path}) => path.endsWith('/check-ins'));

test('a visit earns, and the new balance stands on the screen', async () => {
  const asked = await checkIn(VISIT);

  await see('Checked in: 5 points.');
  await see('1,239 points');
  expect(visits(asked)).toMatchObject([
    {path: `/pos/v1/members/${ALICE.id}/check-ins`, body: {location_id: 1}},
  ]);
});

test.each([
  [{...VISIT, points: 0}, 'The next visit that earns is from 2026-11-23.'],
  [{...VISIT, points: 0, next_on: null}, 'Visits here earn nothing now'],
  [{...VISIT, is_held: true}, 'The programme is paused'],
])('a visit that earns nothing now says why', async (reply: object, words: string) => {
  await checkIn(reply);

  await see(words);
});

test('a visit without an answer is sent again under the same key', async () => {
  const asked = await checkIn('lost', 'lost', 'lost', 'lost', VISIT);
  await see('Nobody knows yet whether the member was checked in');

  await tap('Try again');

  await see('Checked in: 5 points.');
  expect(new Set(visits(asked).map(({body}) => body.client_key)).size).toBe(1);
});

test('a place that is not the shop’s is refused in words', async () => {
  await checkIn(refusal(404, 'unknown_location'));

  await see('knows no open place of this shop here');
});

test('a till that is offline cannot check in', async () => {
  await open(SCANNED);
  scan('T667-3YWB');
  await see('Alice Summer');

  live.connectivity.set({internetConnected: 'Disconnected'});

  await expect.poll(() => isOff(button('Check in'))).toBe(true);
});
