// The cart of the sale that is going on: its signal, and what extensions may do to it.

import {Signal} from './signals.js';

export class Cart {
  current;

  constructor(facts) {
    this.facts = facts;
    this.names = new Map();
    this.amount = '0.00';
    this.current = new Signal(emptyCart());
  }

  /** The custom sale that the cashier typed; an empty amount is an empty cart. */
  setAmount(amount) {
    const price = Number(amount) || 0;
    const line = {uuid: crypto.randomUUID(), title: 'Custom sale', quantity: 1, price};
    const total = price.toFixed(2);
    this.amount = total;
    this.change({
      lineItems: price ? [{...line, taxable: true, taxLines: [], discounts: [], properties: {}}] : [],
      subtotal: total,
      grandTotal: total,
    });
    void this.recount();
  }

  /** The codes that were added, as they are typed. */
  get codes() {
    return this.current.value.cartDiscounts.map(({discountDescription}) => discountDescription);
  }

  /** Shopify says whether a code goes with this cart, and what it takes off. */
  async addCartCodeDiscount(code) {
    if (typeof code !== 'string' || !code) throw new TypeError('addCartCodeDiscount wants a code');
    if (this.current.value.lineItems.length === 0) throw new Error('the cart is empty');
    if (this.codes.includes(code)) throw new Error(`${code} is in the cart already`);
    await this.count([...this.codes, code]);
  }

  /** POS has one function for the one discount of a cart. */
  async removeCartDiscount() {
    if (this.codes.length > 1) throw new Error('the stand-in removes one discount only');
    this.change({cartDiscounts: [], grandTotal: this.amount});
  }

  /** A changed cart loses the codes that no longer go with it. */
  async recount() {
    if (this.codes.length === 0) return;
    const bare = {cartDiscounts: [], grandTotal: this.amount};
    await this.count(this.codes).catch(() => this.change(bare));
  }

  async count(codes) {
    const {customer} = this.current.value;
    const {shop, user, location} = this.facts;
    const sale = {shop, user, location, amount: this.amount, customer_id: customer?.id ?? null, codes};
    const answer = await fetch('/_till/quote', {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify(sale),
    });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.error ?? `HTTP ${answer.status}`);
    const amount = Number(found.discounts);
    const cartDiscounts = codes.map((code) => ({amount, discountDescription: code, type: 'Code'}));
    this.change({cartDiscounts, taxTotal: found.tax, grandTotal: found.total});
  }

  change(part) {
    this.current.set({...this.current.value, ...part});
  }

  clear() {
    this.current.set(emptyCart());
  }

  removeCustomer() {
    const {customer: _, ...rest} = this.current.value;
    this.current.set(rest);
    void this.recount();
  }

  async setCustomer(customer) {
    if (!Number.isSafeInteger(customer?.id)) throw new TypeError('setCustomer wants {id: number}');
    const shop = encodeURIComponent(this.facts.shop);
    const answer = await fetch(`/_till/customers/${customer.id}?shop=${shop}`);
    if (!answer.ok) throw new Error(`no customer ${customer.id} in this shop`);
    this.names.set(customer.id, (await answer.json()).name);
    this.change({customer: {id: customer.id}});
  }

  /** `shopify.cart`; what the stand-in does not model is refused, not ignored. */
  get api() {
    const refuse = (name) => async () => {
      throw new Error(`the stand-in does not model cart.${name}`);
    };
    return {
      current: this.current.readonly,
      addCartCodeDiscount: (code) => this.addCartCodeDiscount(code),
      removeCartDiscount: () => this.removeCartDiscount(),
      setCustomer: (customer) => this.setCustomer(customer),
      removeCustomer: async () => this.removeCustomer(),
      clearCart: async () => this.clear(),
      ...Object.fromEntries(NOT_MODELLED.map((name) => [name, refuse(name)])),
    };
  }
}

const NOT_MODELLED = [
  'bulkCartUpdate', 'applyCartDiscount',
  'removeAllDiscounts', 'addCustomSale', 'addLineItem', 'removeLineItem', 'addCartProperties',
  'removeCartProperties', 'addLineItemProperties', 'bulkAddLineItemProperties',
  'removeLineItemProperties', 'setLineItemDiscount', 'bulkSetLineItemDiscounts',
  'setAttributedStaff', 'setAttributedStaffToLineItem', 'removeLineItemDiscount', 'addAddress',
  'deleteAddress', 'updateDefaultAddress', 'addLineItemSellingPlan', 'removeLineItemSellingPlan',
];

function emptyCart() {
  return {
    editable: true,
    subtotal: '0.00',
    taxTotal: '0.00',
    grandTotal: '0.00',
    cartDiscounts: [],
    lineItems: [],
    properties: {},
  };
}
