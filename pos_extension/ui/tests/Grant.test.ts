// @vitest-environment jsdom
import {expect, test} from 'vitest';
import {ALICE, GRANTED, SCANNED, SETTINGS} from './cast';
import {extension, live, open, reopen, scan} from './modal';
import {button, choose, isOff, see, tap, type, typed} from './screen';
import {type Asked, refusal, type Turn} from './server';

/** At the grant of 50 points for Alice, one tap before it is sent. */
async function readyToGrant(...turns: Turn[]): Promise<Asked[]> {
  const asked = await open(SCANNED, SETTINGS, ...turns);
  scan('T667-3YWB');
  await tap('Grant points');
  await see('Grant points to Alice Summer');
  await type('Points', '50');
  choose('goodwill');
  return asked;
}

const grants = (asked: Asked[]) => asked.filter(({path}) => path.endsWith('/grants'));

test('points are granted with a reason, and what is left today shrinks', async () => {
  const after = {...SETTINGS, grant: {...SETTINGS.grant, left_today: 430}};
  const asked = await readyToGrant(GRANTED, after);
  await see('You may grant 480 more points today.');

  await tap('Grant');

  await see('50 points granted.');
  await see('1,284 points');
  expect(grants(asked)[0]).toMatchObject({
    path: `/pos/v1/members/${ALICE.id}/grants`,
    body: {points: 50, reason: 'goodwill', location_id: 1, pinned_staff_id: 9},
  });
  await tap('Grant points');
  await see('You may grant 430 more points today.');
});

test.each([
  ['', 'whole number'],
  ['0', 'whole number'],
  ['-5', 'whole number'],
  ['1.5', 'whole number'],
  ['lots', 'whole number'],
  ['481', 'Only 480 points are left'],
])('%s is no number of points to grant', async (points, words) => {
  const asked = await readyToGrant();

  await type('Points', points);
  await tap('Grant');

  await see(words);
  expect(grants(asked)).toEqual([]);
});

test('a grant needs a reason', async () => {
  const asked = await open(SCANNED, SETTINGS);
  scan('T667-3YWB');
  await tap('Grant points');
  await see('Grant points to');
  await type('Points', '50');

  await tap('Grant');

  await see('Choose a reason.');
  expect(grants(asked)).toEqual([]);
});

test('the cap of the day is told, and what was typed stays', async () => {
  const words = 'You can grant 20 more points today.';
  const less = {...SETTINGS, grant: {...SETTINGS.grant, left_today: 20}};
  await readyToGrant(refusal(409, 'over_daily_cap', {points: words}), less);

  await tap('Grant');

  await see('more than you may grant today');
  await see(words);
  await see('You may grant 20 more points today.');
  expect(typed('Points')).toBe('50');
});

test('nothing left to grant is said before anybody types', async () => {
  const none = {...SETTINGS, grant: {...SETTINGS.grant, left_today: 0}};
  await open(SCANNED, none);
  scan('T667-3YWB');

  await tap('Grant points');

  await see('all the points that you may grant today');
  expect(isOff(button('Grant'))).toBe(true);
});

test('what is left is asked again each time, for midnight ends the day', async () => {
  const none = {...SETTINGS, grant: {...SETTINGS.grant, left_today: 0}};
  await open(SCANNED, none, SETTINGS);
  scan('T667-3YWB');
  await tap('Grant points');
  await see('all the points that you may grant today');

  await tap('Cancel');
  await tap('Grant points');

  await see('You may grant 480 more points today.');
  expect(isOff(button('Grant'))).toBe(false);
});

test('a grant whose answers are all lost is sent again with its first key', async () => {
  const asked = await readyToGrant('lost', 'lost', 'lost', 'lost', GRANTED);

  await tap('Grant');
  await see('Nobody knows yet whether Alice Summer got 50 points.');
  await tap('Try again');

  await see('50 points granted.');
  expect(grants(asked)).toHaveLength(5);
  expect(new Set(grants(asked).map(({body}) => body.client_key)).size).toBe(1);
});

test('a grant in doubt outlives the modal', async () => {
  await readyToGrant('lost', 'lost', 'lost', 'lost');
  await tap('Grant');
  await see('Nobody knows yet');

  await reopen(GRANTED);
  await see('Nobody knows yet whether Alice Summer got 50 points.');
  await tap('Try again');

  await see('1,284 points');
  expect(await extension.shopify.storage.get('pending_grant')).toBeUndefined();
});

test('two taps are one grant', async () => {
  const asked = await readyToGrant(GRANTED);
  const send = button('Grant')!;

  send.dispatchEvent(new MouseEvent('click'));
  send.dispatchEvent(new MouseEvent('click'));

  await see('50 points granted.');
  expect(grants(asked)).toHaveLength(1);
});

test('a scan in the middle of a grant waits, and says so', async () => {
  const asked = await readyToGrant();

  scan('SOMEBODY-ELSE');

  expect(live.toast.show).toHaveBeenCalledWith('Finish this first, then scan again.');
  expect(asked.filter(({path}) => path.endsWith('/scans'))).toHaveLength(1);
});
