// What the cashier does with rewards: ask for them, redeem one, take one back. The till only
// says which reward; what it costs, and whether it can be had, the server decides.

import {Refused, erase, get} from './client';
import {placeOf, type Till} from './host';
import type {Event, MemberScreen, ProofScreen, RewardsScreen} from './machine';
import type {Redeemed, Redemption, Rewards} from './wire';
import {reasonFor} from './words';
import {type CartSum, type Choice, type Proof, type RedeemWrite, redeem} from './writes';

/** Refusals that another proof overcomes. */
const WANTS_PROOF = ['second_proof_needed', 'over_redeem_limit'];

type Dispatch = (event: Event) => void;

export interface RewardActions {
  openRewards: (seen: MemberScreen) => void;
  choose: (screen: RewardsScreen, choice: Choice) => void;
  prove: (screen: ProofScreen, proof: Proof) => void;
  /** How far Shopify is with a code; says nothing when nobody answers. */
  look: (redemption: Redemption) => Promise<void>;
  takeBack: (redemption: Redemption) => void;
}

export function rewardActions(
  till: Till,
  dispatch: Dispatch,
  alone: (work: () => Promise<void>) => Promise<void>,
  start: (write: RedeemWrite, choice: Choice) => void,
): RewardActions {
  const send = (screen: RewardsScreen | ProofScreen, choice: Choice, proof: Proof) =>
    start(redeem(screen.member, choice, proof, cartSum(till), placeOf(till)), choice);
  return {
    openRewards: (seen) => void alone(() => openRewards(till, dispatch, seen)),
    choose: (screen, choice) => {
      if (screen.scanned === null) dispatch({type: 'proof', choice, needsManager: false});
      else send(screen, choice, {scanned: screen.scanned});
    },
    prove: (screen, proof) => {
      const scanned = screen.scanned === null ? {} : {scanned: screen.scanned};
      send(screen, screen.choice, {...scanned, ...proof});
    },
    look: async (redemption) => {
      const reply = await get<Redeemed>(addressOf(redemption)).catch(() => null);
      if (reply) dispatch({type: 'redemption', reply});
    },
    takeBack: (redemption) => void alone(() => takeBack(dispatch, redemption)),
  };
}

/** The screen that a refusal of a redemption leads to, if another proof would help. */
export function proofFor(error: unknown, choice: Choice): Event | null {
  if (!(error instanceof Refused) || !WANTS_PROOF.includes(error.code)) return null;
  return {type: 'proof', choice, needsManager: error.code === 'over_redeem_limit'};
}

async function openRewards(till: Till, dispatch: Dispatch, seen: MemberScreen): Promise<void> {
  const {cart_subtotal: subtotal, cart_currency: currency} = cartSum(till);
  const sum = subtotal ? `?cart_subtotal=${subtotal}&cart_currency=${currency}` : '';
  const path = `/pos/v1/members/${encodeURIComponent(seen.member.id)}/rewards${sum}`;
  dispatch({type: 'asked', doing: 'rewards'});
  await telling(dispatch, async () => {
    dispatch({type: 'rewards', rewards: await get<Rewards>(path), seen});
  });
}

async function takeBack(dispatch: Dispatch, redemption: Redemption): Promise<void> {
  dispatch({type: 'asked', doing: 'take_back'});
  await telling(dispatch, async () => {
    dispatch({type: 'redemption', reply: await erase<Redeemed>(addressOf(redemption))});
  });
}

/** What is refused, or not answered, is said where the cashier was. */
async function telling(dispatch: Dispatch, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    const fields = error instanceof Refused ? error.fields : {};
    dispatch({type: 'refused', key: reasonFor(error), fields});
  });
}

function addressOf(redemption: Redemption): string {
  return `/pos/v1/redemptions/${encodeURIComponent(redemption.id)}`;
}

/** Before discounts; nothing while the cart is empty, or has a sale without a price. */
function cartSum(till: Till): CartSum {
  const {lineItems} = till.cart.current.value;
  if (lineItems.length === 0 || lineItems.some(({price}) => price === undefined)) return {};
  const sum = lineItems.reduce((total, {price, quantity}) => total + price! * quantity, 0);
  // POS has prices as binary fractions: to the nearest thousandth they are what they mean.
  const subtotal = String(Math.round(sum * 1000) / 1000);
  return {cart_subtotal: subtotal, cart_currency: till.session.currentSession.currency};
}
