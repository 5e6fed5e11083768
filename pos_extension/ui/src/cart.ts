// Puts the code of a redemption into the cart, for the customer whom it is bound to.

import {useEffect, useRef, useState} from 'preact/hooks';
import type {Till} from './host';
import type {Member, Redemption} from './wire';

export type CartState = 'waiting' | 'busy' | 'done' | 'failed' | 'not_editable';

/** Adds the code as soon as there is one, once; `again` tries anew after a failure. */
export function useCode(till: Till, member: Member, redemption: Redemption) {
  const [state, setState] = useState<CartState>('waiting');
  const begun = useRef(false);
  const add = async (code: string) => {
    if (till.cart.current.value.editable === false) return setState('not_editable');
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
    void add(code);
  }, [code]);
  return {state, again: () => void (code !== null && add(code))};
}

/** Shopify refuses the code for anybody but its member. */
async function attach(till: Till, {customer_id: id}: Member): Promise<void> {
  if (id === null || till.cart.current.value.customer?.id === id) return;
  await till.cart.setCustomer({id});
}
