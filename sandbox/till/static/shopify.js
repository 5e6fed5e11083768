// The `shopify` global of one target: what POS 2026-07 gives it, and nothing more.

import {createI18n} from './words.js';

export function shopifyFor(frame, device, refuse) {
  const {target, locale, words, apiVersion} = frame;
  const standard = {
    extensionPoint: target,
    extension: {apiVersion, target},
    i18n: createI18n(locale, words, refuse),
    locale: {current: device.locale.readonly},
    toast: {show: (content) => device.toast(String(content))},
    session: device.session,
    connectivity: {current: device.connectivity.readonly},
    storage: device.storage,
    cart: device.cart.api,
    pinPad: device.pinPad,
    device: {
      name: 'Till stand-in',
      registerName: 'Register 1',
      getDeviceId: async () => 'till-stand-in',
      isTablet: async () => innerWidth >= 768,
    },
  };
  if (target.endsWith('.tile.render')) {
    return strict({...standard, action: {presentModal: () => device.presentModal(target)}}, target);
  }
  // Scanners belong to modals alone.
  return strict({...standard, scanner: device.scanner}, target);
}

/** Reading what POS does not have is a mistake to be heard of, not `undefined`. */
function strict(api, target) {
  return new Proxy(api, {
    get(known, name) {
      if (typeof name === 'symbol' || name in known) return known[name];
      throw new TypeError(`${target} has no shopify.${name}`);
    },
    set(_, name) {
      throw new TypeError(`shopify.${String(name)} cannot be set`);
    },
  });
}
