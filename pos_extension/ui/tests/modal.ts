/// <reference types="@shopify/ui-extensions/pos.home.modal.render" />
// The modal, opened anew for each test beside a server that answers in turn.

import {getExtension} from '@shopify/ui-extensions-tester';
import {createStorage} from '@shopify/ui-extensions-tester/point-of-sale';
import {afterEach, beforeEach, expect, vi} from 'vitest';
import {PATIENCE} from '../src/client';
import {PACE} from '../src/screens/Redeemed';
import {see} from './screen';
import {type Asked, serverOf, type Turn} from './server';
import {close, enliven, type Live} from './till';

export const extension = getExtension('pos.home.modal.render');
/** What a test moves: scanners, cart, network. New for each test. */
export let live: Live;

beforeEach(setUp);
afterEach(() => close(extension));

function setUp(): void {
  PATIENCE.waitsMs = [1, 1, 1];
  PACE.lookMs = 60;
  extension.setUp();
  live = enliven(extension.shopify);
  extension.shopify.storage = createStorage() as never;
}

/** Opens the modal on its first screen; the list grows with each request. */
export async function open(...turns: Turn[]): Promise<Asked[]> {
  const asked = await start(...turns);
  await see('Scan a card');
  await vi.waitFor(() => expect(live.scanned.hasListeners).toBe(true));
  return asked;
}

/** Closes the modal and opens it again on the same device. */
export async function reopen(...turns: Turn[]): Promise<Asked[]> {
  const {storage} = extension.shopify;
  close(extension);
  setUp();
  extension.shopify.storage = storage;
  return start(...turns);
}

export function scan(code: string, source = 'external'): void {
  live.scanned.set({data: code, source});
}

async function start(...turns: Turn[]): Promise<Asked[]> {
  const server = serverOf(...turns);
  extension.fetch = server.fetch;
  await extension.render();
  return server.asked;
}
