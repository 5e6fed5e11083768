// Puts the code of a redemption into the cart, for the customer whom it is bound to.

import {useEffect, useRef, useState} from 'preact/hooks';
import {type Till, useSignal} from './host';
import type {Member, Redemption} from './wire';

export type CartState = 'waiting' | 'busy' | 'done' | 'failed' | 'occupied' | 'not_editable';

/**
 * Adds the code as soon as there is one, once; `again` is the cashier's own word for it. A cart
 * that belongs to somebody else is theirs until the cashier says so.
 */
export function useCode(till: Till, member: Member, redemption: Redemption) {
  const [state, setState] = useState<CartState>('waiting');
  const begun = useRef(false);
  const add = async (code: string, replaces: boolean) => {
    const {editable, customer} = till.cart.current.value;
    if (editable === false) return setState('not_editable');
    const isTheirs = customer === undefined || customer.id === member.customer_id;
    if (!isTheirs && !replaces) return setState('occupied');
    setState('busy');
    try {
      await attach(till, member);
      // Not as a discount of the till's own: only a code is seen on the order.
      await till.cart.addCartCodeDiscount(code);
      setState('done');
    } catch {
      setState('failed');
    }
  };
  const {code} = redemption;
  useEffect(() => {
    if (code === null || begun.current) return;
    begun.current = true;
    void add(code, false);
  }, [code]);
  return {state, again: () => void (code !== null && add(code, true))};
}

/** A code that was taken back leaves the cart; what comes back is one that only a person can remove. */
export function useLeftover(till: Till, {state}: Redemption, lastCode: string | null) {
  const {cartDiscounts} = useSignal(till.cart.current);
  const isBack = state === 'returning' || state === 'returned';
  const isInCart =
    isBack && cartDiscounts.some((discount) => discount.discountDescription === lastCode);
  useEffect(() => {
    // POS removes the one discount of a cart, or all of them: never somebody else's with ours.
    if (isInCart && cartDiscounts.length === 1) {
      till.cart.removeCartDiscount().catch(() => undefined);
    }
  }, [isInCart]);
  return isInCart ? lastCode : null;
}

/** Shopify refuses the code for anybody but its member. */
async function attach(till: Till, {customer_id: id}: Member): Promise<void> {
  if (id === null || till.cart.current.value.customer?.id === id) return;
  await till.cart.setCustomer({id});
}
