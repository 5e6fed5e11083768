// @vitest-environment jsdom
import {expect, test, vi} from 'vitest';
import {SCANNED} from './cast';
import {extension, live, open, scan} from './modal';
import {button, isOff, said, see, tap, type} from './screen';
import {refusal, type Turn} from './server';
import {close} from './till';

test('a scanned card shows its member', async () => {
  const asked = await open(SCANNED);

  scan(' T667-3YWB ');

  await see('Alice Summer');
  await see('1,234 points');
  await see('Last order #1042 on 2026-11-20: 1 point');
  expect(asked[0]).toMatchObject({
    method: 'POST',
    path: '/pos/v1/scans',
    body: {code: 'T667-3YWB', location_id: 1},
  });
  expect(asked[0]!.body.client_key).toMatch(/^[0-9a-f-]{36}$/);
});

test('the card of the last customer is not scanned again when the modal opens', async () => {
  const subscribe = live.scanned.subscribe;
  live.scanned.value = {data: 'OLD', source: 'external'};
  live.scanned.subscribe = (listener) => {
    listener(live.scanned.value);
    return subscribe(listener);
  };

  const asked = await open();

  expect(asked).toEqual([]);
});

test('the camera is offered where there is one, and put away once it saw a code', async () => {
  await open(SCANNED);
  await tap('Scan with the camera');
  expect(live.scanner.showCameraScanner).toHaveBeenCalledOnce();

  scan('T667-3YWB', 'camera');
  scan('T667-3YWB', 'camera');

  await see('Alice Summer');
  expect(live.scanner.hideCameraScanner).toHaveBeenCalled();
});

test('a till without a camera takes the scanner and the keyboard', async () => {
  live.sources.value = ['external'];
  const asked = await open(SCANNED);
  expect(button('Scan with the camera')).toBeUndefined();

  await type('Or type the code under it', 'T667-3YWB');
  await tap('Look up');

  await see('Alice Summer');
  expect(asked[0]!.body.code).toBe('T667-3YWB');
});

test.each([
  ['', 'Type the code first.'],
  ['x'.repeat(10_000), "That is too long to be a card's code."],
])('a code that cannot be one never leaves the till', async (code, words) => {
  const asked = await open();

  await type('Or type the code under it', code);
  await tap('Look up');

  await see(words);
  expect(asked).toEqual([]);
});

test("a code that nobody has leaves no one else's card standing", async () => {
  await open(SCANNED, refusal(404, 'unknown_code'));
  scan('T667-3YWB');
  await see('Alice Summer');

  scan('gid://shopify/Customer/77');

  await see('No member of this shop has this code.');
  expect(said()).not.toContain('Alice Summer');
});

test.each([
  ['card_void', 410, 'no longer valid'],
  ['client_key_reused', 409, 'sent before with other contents'],
  ['invalid', 422, 'check what you entered'],
  ['member_archived', 409, 'put away'],
  ['not_installed', 403, 'not installed'],
  ['too_large', 413, 'too long'],
  ['unauthorized', 401, 'open it again'],
  ['unknown_member', 404, 'no such member'],
  ['shopify_unavailable', 503, 'Shopify does not answer'],
  ['something_new', 409, 'did not work'],
])('the refusal %s is told in words', async (code, status, words) => {
  await open(...Array<Turn>(4).fill(refusal(status, code)));

  scan('T667-3YWB');

  await see(words);
});

test('offline, the till says so, asks nothing, and goes on when it is back', async () => {
  live.connectivity.value = {internetConnected: 'Disconnected'};
  const asked = await open(SCANNED);
  await see('The till is offline.');
  expect(isOff(button('Look up'))).toBe(true);

  scan('T667-3YWB');
  await see('The till is offline.');
  expect(asked).toEqual([]);
  live.connectivity.set({internetConnected: 'Connected'});
  await vi.waitFor(() => expect(said()).not.toContain('Looking up'));
  scan('T667-3YWB');

  await see('Alice Summer');
});

test('a closed modal listens no more', async () => {
  const asked = await open();
  close(extension);

  scan('T667-3YWB');

  expect(asked).toEqual([]);
  extension.setUp();
});
