// @vitest-environment jsdom
/// <reference types="@shopify/ui-extensions/pos.home.tile.render" />
import {fireEvent, waitFor} from '@testing-library/preact';
import {getExtension} from '@shopify/ui-extensions-tester';
import {createStorage} from '@shopify/ui-extensions-tester/point-of-sale';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {scansToday} from '../src/scans';
import {grant} from '../src/writes';
import {ALICE} from './cast';
import {see} from './screen';
import {close, enliven, type Live} from './till';

const extension = getExtension('pos.home.tile.render');
let live: Live;

beforeEach(() => {
  extension.setUp();
  live = enliven(extension.shopify);
});
afterEach(() => close(extension));

const tile = () => document.body.querySelector('s-tile')!;

test('the tile opens the modal', async () => {
  const presentModal = vi.fn();
  extension.shopify.action.presentModal = presentModal;
  await extension.render();

  await see('Scan a card');
  fireEvent.click(tile());

  expect(presentModal).toHaveBeenCalledOnce();
});

test('someone who may not use the app is told whom to ask', async () => {
  extension.shopify.session.getSessionToken = async () => undefined;

  await extension.render();

  await see('Ask the owner for access to Encore');
  expect(tile().hasAttribute('disabled')).toBe(true);
});

test('a platform in trouble leaves the tile standing', async () => {
  extension.shopify.session.getSessionToken = () => Promise.reject(new Error('App failed to load'));

  await extension.render();

  await see('Not available right now');
  expect(tile().hasAttribute('disabled')).toBe(false);
});

test('the tile says when the till is offline, and when it is back', async () => {
  await extension.render();

  live.connectivity.set({internetConnected: 'Disconnected'});
  await see('Offline');
  live.connectivity.set({internetConnected: 'Connected'});

  await see('Scan a card');
});

test('the tile counts the scans of today and shows a grant that waits', async () => {
  const now = new Date();
  const day = `${now.getFullYear()}-${now.getMonth() + 1}-${now.getDate()}`;
  const write = grant(ALICE, {points: '5', reason: 'other', note: ''}, {locationId: 1, staffId: 1});
  extension.shopify.storage = createStorage({
    scans_today: {day, scans: 3},
    pending_grant: {write, at: now.getTime()},
  }) as never;
  expect(await scansToday(extension.shopify.storage as never)).toBe(3);

  await extension.render();

  await see('Something waits to be confirmed');
  await waitFor(() => expect(tile().getAttribute('itemcount') ?? tile().getAttribute('itemCount')).toBe('3'));
});
