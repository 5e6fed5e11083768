// The device that POS runs on: who is logged in, its scanners, its network, its cart.

import {Cart} from './cart.js';
import {Signal} from './signals.js';
import {createStorage} from './storage.js';

export function createDevice(facts, screen) {
  const connectivity = new Signal({internetConnected: 'Connected'});
  const scannerData = new Signal({});
  const sources = new Signal(facts.sources);
  const device = {
    facts,
    connectivity,
    scannerData,
    cart: new Cart(facts),
    storage: createStorage(facts.shop),
    locale: new Signal(facts.locale),
    staff: new Signal({id: facts.user}),
    isConnected: () => connectivity.value.internetConnected === 'Connected',
    scan: (data, source) => scannerData.set({data, source}),
    toast: (content) => screen.toast(content),
    presentModal: (target) => screen.presentModal(target.replace('.tile.', '.modal.')),
    fate: (request) => ask('/_till/fates', request),
    note: (kind, what) => ask('/_till/notes', {kind, what}),
  };
  device.session = sessionOf(device);
  device.pinPad = {
    showPinPad: (onSubmit, options = {}) => screen.showPinPad(onSubmit, limitsOf(options)),
  };
  device.scanner = {
    scannerData: {current: scannerData.readonly},
    sources: {current: sources.readonly},
    showCameraScanner: () => screen.showCamera(true),
    hideCameraScanner: () => screen.showCamera(false),
  };
  return device;
}

/** Between 4 and 10 digits, by default 4 to 6; POS takes no others. */
function limitsOf(options) {
  const {minPinLength = 4, maxPinLength = 6} = options;
  for (const length of [minPinLength, maxPinLength]) {
    if (!Number.isInteger(length) || length < 4 || length > 10) {
      throw new TypeError(`a PIN has 4 to 10 digits, not ${length}`);
    }
  }
  return {...options, minPinLength, maxPinLength};
}

function sessionOf({facts, staff}) {
  return {
    currentSession: {
      shopId: facts.shopId,
      userId: facts.user,
      shopDomain: facts.shop,
      locationId: facts.location,
      currency: 'USD',
      posVersion: '11.2.0',
    },
    staffMember: staff.readonly,
    deviceId: 1,
    /** A token of the person logged in; undefined when they may not use the app. */
    async getSessionToken() {
      if (!facts.hasAccess) return undefined;
      const who = new URLSearchParams({shop: facts.shop, user: facts.user});
      return (await ask(`/_till/session-token?${who}`)).token;
    },
  };
}

export async function ask(path, content) {
  const request = content && {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(content),
  };
  const answer = await fetch(path, request);
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error ?? `HTTP ${answer.status}`);
  return found;
}
