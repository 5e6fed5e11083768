// Shopify's tester with what it leaves out: signals that work, and our real words.

import {render} from 'preact';
import {vi} from 'vitest';
import english from '../locales/en.default.json';

export class LiveSignal<T> {
  readonly #listeners = new Set<(value: T) => void>();

  constructor(public value: T) {}

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  set(value: T): void {
    this.value = value;
    this.#listeners.forEach((listener) => listener(value));
  }

  subscribe = (listener: (value: T) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** English as POS would say it; a key without words is an error, so that none is forgotten. */
export const i18n = {
  formatNumber: (value: number | bigint) => new Intl.NumberFormat('en').format(value),
  formatCurrency: (value: number | bigint) => String(value),
  formatDate: (date: Date) => date.toISOString().slice(0, 10),
  translate: ((key: string, values: Record<string, string | number> = {}) => {
    let found = key.split('.').reduce<unknown>((part, name) => at(part, name), english);
    if (typeof found === 'object') found = at(found, values.count === 1 ? 'one' : 'other');
    if (typeof found !== 'string') throw new Error(`no words for ${key}`);
    return found.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      if (!(name in values)) throw new Error(`nothing for {{${name}}} in ${key}`);
      return String(values[name]);
    });
  }) as never,
};

function at(part: unknown, name: string): unknown {
  return (part as Record<string, unknown> | undefined)?.[name];
}

export interface Cart {
  customer: {id: number} | undefined;
  editable: boolean;
  lineItems: {price: number | undefined; quantity: number}[];
  cartDiscounts: {discountDescription: string}[];
}

/** The tester refuses to read a key that is not there, so all of them are. */
export function cartOf(part: Partial<Cart> = {}): Cart {
  return {customer: undefined, editable: true, lineItems: [], cartDiscounts: [], ...part};
}

/** Closes what is open; the tester by itself leaves effects running. */
export function close(extension: {tearDown: () => void}): void {
  render(null, document.body);
  extension.tearDown();
}

/** Makes the tester's `shopify` live, and hands back what a test moves. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function enliven(shopify: any) {
  const scanned = new LiveSignal<{data?: string; source?: string}>({});
  const sources = new LiveSignal(['camera', 'external']);
  const cart = new LiveSignal(cartOf());
  const connectivity = new LiveSignal({internetConnected: 'Connected'});
  const setCustomer = vi.fn(async (customer: {id: number}) =>
    cart.set({...cart.value, customer}),
  );
  const addCartCodeDiscount = vi.fn(async (code: string) => {
    const cartDiscounts = [...cart.value.cartDiscounts, {discountDescription: code}];
    cart.set({...cart.value, cartDiscounts});
  });
  const removeCartDiscount = vi.fn(async () => cart.set({...cart.value, cartDiscounts: []}));
  const pinPad = {showPinPad: vi.fn()};
  shopify.i18n = i18n;
  shopify.cart = {current: cart, setCustomer, addCartCodeDiscount, removeCartDiscount};
  shopify.pinPad = pinPad;
  shopify.connectivity = {current: connectivity};
  shopify.session.staffMember = new LiveSignal({id: 9});
  const scanner = {
    scannerData: {current: scanned},
    sources: {current: sources},
    showCameraScanner: vi.fn(),
    hideCameraScanner: vi.fn(),
  };
  if ('scanner' in shopify) shopify.scanner = scanner; // a tile has none
  shopify.toast = {show: vi.fn()};
  const {toast} = shopify;
  return {
    scanned,
    sources,
    cart,
    connectivity,
    setCustomer,
    addCartCodeDiscount,
    removeCartDiscount,
    pinPad,
    scanner,
    toast,
  };
}

export type Live = ReturnType<typeof enliven>;
