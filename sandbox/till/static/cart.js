// The cart of the sale that is going on: its signal, and what extensions may do to it.

import {Signal} from './signals.js';

export class Cart {
  current;

  constructor(facts) {
    this.facts = facts;
    this.names = new Map();
    this.current = new Signal(emptyCart());
  }

  /** The custom sale that the cashier typed; an empty amount is an empty cart. */
  setAmount(amount) {
    const price = Number(amount) || 0;
    const line = {uuid: crypto.randomUUID(), title: 'Custom sale', quantity: 1, price};
    const total = price.toFixed(2);
    this.change({
      lineItems: price ? [{...line, taxable: true, taxLines: [], discounts: [], properties: {}}] : [],
      subtotal: total,
      grandTotal: total,
    });
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
      setCustomer: (customer) => this.setCustomer(customer),
      removeCustomer: async () => this.removeCustomer(),
      clearCart: async () => this.clear(),
      ...Object.fromEntries(NOT_MODELLED.map((name) => [name, refuse(name)])),
    };
  }
}

const NOT_MODELLED = [
  'bulkCartUpdate', 'applyCartDiscount', 'addCartCodeDiscount', 'removeCartDiscount',
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
