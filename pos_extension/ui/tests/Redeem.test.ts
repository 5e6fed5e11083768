// @vitest-environment jsdom
import {waitFor} from '@testing-library/preact';
import {expect, test} from 'vitest';
import {ALICE, BY_POINT, FIVE_OFF, ISSUED, REDEEMED, REWARDS, SCANNED} from './cast';
import {extension, live, open, reopen, scan} from './modal';
import {button, said, see, tap, type} from './screen';
import {type Asked, refusal, type Turn} from './server';
import {cartOf} from './till';

const TOKEN = 'm1.ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const REDEEM = 'Redeem Five off for 500 points';

/** At Alice's rewards, one tap before anything is redeemed. */
async function atRewards(scanned: Turn, ...turns: Turn[]): Promise<Asked[]> {
  const asked = await open(scanned, ...turns);
  scan(TOKEN);
  await tap('Redeem a reward');
  await see('Alice Summer has 1,234 points');
  return asked;
}

const redemptions = (asked: Asked[]) => asked.filter(({path}) => path.endsWith('/redemptions'));
const keys = (asked: Asked[]) => new Set(redemptions(asked).map(({body}) => body.client_key));

test('a reward goes into the cart as a code, for the customer whom it is bound to', async () => {
  const asked = await atRewards(SCANNED, REWARDS, REDEEMED);

  await tap(REDEEM);

  await see('In the cart');
  expect(live.setCustomer).toHaveBeenCalledWith({id: ALICE.customer_id});
  expect(live.addCartCodeDiscount.mock.calls).toEqual([[ISSUED.code]]);
  expect(redemptions(asked)[0]).toMatchObject({
    method: 'POST',
    path: `/pos/v1/members/${ALICE.id}/redemptions`,
    body: {reward_id: FIVE_OFF.id, scanned: TOKEN, location_id: 1, pinned_staff_id: 9},
  });
});

test('the till says no cost, only what the cart comes to', async () => {
  const asked = await open(SCANNED, REWARDS, REDEEMED);
  live.cart.set(cartOf({lineItems: [{price: 0.1, quantity: 3}, {price: 12.35, quantity: 2}]}));
  scan(TOKEN);
  await tap('Redeem a reward');
  await see('Alice Summer has 1,234 points');
  await tap(REDEEM);
  await see('In the cart');

  expect(asked[1]!.path).toContain('?cart_subtotal=25&cart_currency=');
  const {body} = redemptions(asked)[0]!;
  expect(body.cart_subtotal).toBe('25');
  expect(Object.keys(body)).not.toContain('cost_points');
  expect(Object.keys(body)).not.toContain('points');
});

test('points are chosen for a reward that is priced by them', async () => {
  const asked = await atRewards(SCANNED, REWARDS, REDEEMED);
  await type('Points for Off by points', '901');
  await tap('Redeem Off by points');
  await see('Enter 100 to 900 points.');

  await type('Points for Off by points', '250');
  await tap('Redeem Off by points');

  await see('In the cart');
  expect(redemptions(asked)).toHaveLength(1);
  expect(redemptions(asked)[0]!.body).toMatchObject({reward_id: BY_POINT.id, points: 250});
});

test('what cannot be had says why, and has no button', async () => {
  const far = {...FIVE_OFF, is_redeemable: false, missing_points: 66, why_not: 'Too few'};
  const shut = {...BY_POINT, is_redeemable: false, why_not: 'The programme is paused'};

  await atRewards(SCANNED, {...REWARDS, rewards: [far, shut]});

  await see('66 more points are needed.');
  await see('The programme is paused');
  expect(button(REDEEM)).toBeUndefined();
});

test('an old code asks for another proof before anything is sent', async () => {
  const asked = await atRewards({...SCANNED, is_newest_code: false}, REWARDS, REDEEMED);

  await tap(REDEEM);
  await see('is not the newest of this card');
  expect(redemptions(asked)).toEqual([]);
  await type("Code from the card's page", '12345');
  await tap('Redeem with this code');
  await see('Enter the six digits.');
  await type("Code from the card's page", '123 456');
  await tap('Redeem with this code');

  await see('In the cart');
  expect(redemptions(asked)).toHaveLength(1);
  expect(redemptions(asked)[0]!.body).toMatchObject({shown_code: '123 456'});
});

test('a code that has grown old meanwhile asks for another proof, too', async () => {
  await atRewards(SCANNED, REWARDS, refusal(409, 'second_proof_needed'));

  await tap(REDEEM);

  await see('Nothing was redeemed: the newest code of the card is needed.');
  await see('Ask a manager');
});

test('the newest code is scanned where the old one was refused', async () => {
  const asked = await atRewards({...SCANNED, is_newest_code: false}, REWARDS, REDEEMED);
  await tap(REDEEM);
  await see('Ask a manager');

  scan('m1.NEWESTNEWESTNEWESTNEWESTNE');

  await see('In the cart');
  expect(redemptions(asked)[0]!.body).toMatchObject({scanned: 'm1.NEWESTNEWESTNEWESTNEWESTNE'});
});

test('a manager vouches with a PIN that the till hides', async () => {
  const asked = await atRewards({...SCANNED, is_newest_code: false}, REWARDS, REDEEMED);
  await tap(REDEEM);

  await tap('Ask a manager');
  const [submit, options] = live.pinPad.showPinPad.mock.calls[0]!;
  expect(options).toMatchObject({masked: true, minPinLength: 6, maxPinLength: 8});
  expect(submit([2, 7, 1, 8, 2, 8])).toEqual({result: 'accept'});
  options.onDismissed({completed: true});

  await see('In the cart');
  expect(redemptions(asked)[0]!.body).toMatchObject({manager_pin: '271828'});
});

test('a PIN pad that is closed sends nothing', async () => {
  const asked = await atRewards({...SCANNED, is_newest_code: false}, REWARDS);
  await tap(REDEEM);
  await tap('Ask a manager');

  const [, options] = live.pinPad.showPinPad.mock.calls[0]!;
  options.onDismissed({completed: false});

  await see('Ask a manager');
  expect(redemptions(asked)).toEqual([]);
});

test('a wrong code is told beside its field', async () => {
  const words = 'This code is not right, or its minute is over.';
  const wrong = refusal(409, 'wrong_proof', {shown_code: words});
  await atRewards({...SCANNED, is_newest_code: false}, REWARDS, wrong);
  await tap(REDEEM);
  await type("Code from the card's page", '123456');

  await tap('Redeem with this code');

  await see('That is not right. Nothing was redeemed.');
  await see(words);
});

test("beyond the cashier's limit only a manager helps", async () => {
  await atRewards(SCANNED, REWARDS, refusal(409, 'over_redeem_limit'));

  await tap(REDEEM);

  await see('That is more than you may redeem today. A manager can allow it.');
  expect(said()).not.toContain("Code from the card's page");
});

test.each([
  ['insufficient_points', 'There are not enough points for this reward.'],
  ['out_of_stock', 'This reward is out of stock.'],
  ['discount_refused', 'Shopify made no discount of it. The points are back.'],
  ['programme_paused', 'The programme is paused: nothing can be redeemed now.'],
])('%s is told in words, with what the server adds', async (code, words) => {
  await atRewards(SCANNED, REWARDS, refusal(409, code, {reward: 'And this is why.'}));

  await tap(REDEEM);

  await see(words);
  await see('And this is why.');
  expect(live.addCartCodeDiscount).not.toHaveBeenCalled();
});

test('a customer who redeems often is told of', async () => {
  const flagged = {...ISSUED, warnings: ['velocity_member', 'velocity_user']};
  await atRewards(SCANNED, REWARDS, {...REDEEMED, redemption: flagged});

  await tap(REDEEM);

  await see('This customer redeems unusually often today.');
  await see('redeemed unusually often today');
});

test('a code that Shopify is still making goes into the cart when it is there', async () => {
  const making = {...REDEEMED, redemption: {...ISSUED, state: 'reserved', code: null}};
  await atRewards(SCANNED, REWARDS, making, making, REDEEMED);

  await tap(REDEEM);

  await see('In the cart');
  expect(live.addCartCodeDiscount.mock.calls).toEqual([[ISSUED.code]]);
});

test('a code that Shopify never made leaves the points where they were', async () => {
  const making = {...REDEEMED, redemption: {...ISSUED, state: 'reserved', code: null}};
  const back = {member: ALICE, redemption: {...ISSUED, state: 'returned', code: null}};
  await atRewards(SCANNED, REWARDS, making, back);

  await tap(REDEEM);

  await see('Taken back. The points are back.');
  expect(live.addCartCodeDiscount).not.toHaveBeenCalled();
});

test('a store credit of which nobody knows is left to staff, and not asked for again', async () => {
  const doubt = {...ISSUED, kind: 'store_credit', state: 'reserved', code: null, is_in_doubt: true};
  const asked = await atRewards(SCANNED, REWARDS, {...REDEEMED, redemption: doubt}, REDEEMED);

  await tap(REDEEM);

  await see('Staff must look at it in the admin.');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(asked.filter(({path}) => path.endsWith(ISSUED.id)).length).toBe(0);
});

test('who has gone on is not called back to a code that is ready', async () => {
  const making = {...REDEEMED, redemption: {...ISSUED, state: 'reserved', code: null}};
  const asked = await atRewards(SCANNED, REWARDS, making, REDEEMED);
  await tap(REDEEM);
  await see('Shopify is making the code');

  await tap('Scan another card');

  await see('Or type the code under it');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(said()).not.toContain('In the cart');
  expect(asked.filter(({path}) => path.endsWith(ISSUED.id)).length).toBeLessThan(2);
});

test('a cart that refuses the code keeps it to be tried again', async () => {
  await atRewards(SCANNED, REWARDS, REDEEMED);
  live.addCartCodeDiscount.mockRejectedValueOnce(new Error('not for these goods'));
  await tap(REDEEM);
  await see('The code could not be put into the cart.');

  await tap('Try again');

  await see('In the cart');
  expect(live.addCartCodeDiscount).toHaveBeenCalledTimes(2);
});

test("somebody else's cart is theirs until the cashier says so", async () => {
  await atRewards(SCANNED, REWARDS, REDEEMED);
  live.cart.set(cartOf({customer: {id: 5}}));

  await tap(REDEEM);
  await see('The cart belongs to somebody else.');
  expect(live.setCustomer).not.toHaveBeenCalled();
  expect(live.addCartCodeDiscount).not.toHaveBeenCalled();
  await tap('Replace the customer and use the code');

  await see('In the cart');
  expect(live.setCustomer).toHaveBeenCalledWith({id: ALICE.customer_id});
});

test('a cart that cannot be changed is left alone', async () => {
  await atRewards(SCANNED, REWARDS, REDEEMED);
  live.cart.set(cartOf({editable: false}));

  await tap(REDEEM);

  await see('This cart cannot be changed.');
  expect(live.addCartCodeDiscount).not.toHaveBeenCalled();
});

test('store credit has no code', async () => {
  const credited = {...ISSUED, kind: 'store_credit', state: 'used', code: null};
  await atRewards(SCANNED, REWARDS, {...REDEEMED, redemption: credited});

  await tap(REDEEM);

  await see("Credited to the customer's store credit");
  expect(button('Take it back')).toBeUndefined();
});

test('a code is taken back, and the points with it', async () => {
  const going = {...REDEEMED, redemption: {...ISSUED, state: 'returning', code: null}};
  const gone = {member: ALICE, redemption: {...ISSUED, state: 'returned', code: null}};
  const asked = await atRewards(SCANNED, REWARDS, REDEEMED, going, gone);
  await tap(REDEEM);
  await see('In the cart');

  await tap('Take it back');

  await see('Taken back. The points are back.');
  expect(live.cart.value.cartDiscounts).toEqual([]);
  const [voided] = asked.filter(({method}) => method === 'DELETE');
  expect(voided!.path).toBe(`/pos/v1/redemptions/${ISSUED.id}`);
});

test('a code that stands beside another discount is removed by the cashier', async () => {
  const gone = {member: ALICE, redemption: {...ISSUED, state: 'returned', code: null}};
  await atRewards(SCANNED, REWARDS, REDEEMED, gone);
  live.cart.set(cartOf({cartDiscounts: [{discountDescription: 'Friday'}]}));
  await tap(REDEEM);
  await see('In the cart');

  await tap('Take it back');

  await see('Remove ENC-A2B3-C4D5 from the cart: it is good no longer.');
  expect(live.removeCartDiscount).not.toHaveBeenCalled();
  live.cart.set(cartOf());
  await waitFor(() => expect(said()).not.toContain('Remove ENC-A2B3-C4D5'));
});

test('what is held already is used without paying again', async () => {
  const asked = await atRewards(SCANNED, {...REWARDS, redemptions: [ISSUED]});

  await tap('Use Five off now');

  await see('In the cart');
  expect(redemptions(asked)).toEqual([]);
});

test('a redemption whose answers are lost is sent again with its first key', async () => {
  const asked = await atRewards(SCANNED, REWARDS, 'lost', 'lost', 'lost', 'lost', REDEEMED);

  await tap(REDEEM);
  await see('Nobody knows yet whether Five off was redeemed for Alice Summer.');
  await tap('Try again');

  await see('In the cart');
  expect(redemptions(asked)).toHaveLength(5);
  expect(keys(asked).size).toBe(1);
});

test('a redemption in doubt outlives the modal, and what proved the card does not', async () => {
  const asked = await atRewards(SCANNED, REWARDS, 'lost', 'lost', 'lost', 'lost');
  await tap(REDEEM);
  await see('Nobody knows yet');
  const kept = JSON.stringify(await extension.shopify.storage.get('pending_redeem'));
  expect(kept).not.toContain(TOKEN);

  const later = await reopen(REDEEMED);
  await see('Nobody knows yet whether Five off was redeemed for Alice Summer.');
  await tap('Try again');

  await see('In the cart');
  expect(keys(later)).toEqual(keys(asked));
  expect(await extension.shopify.storage.get('pending_redeem')).toBeUndefined();
});

test('a redemption that never arrived is not made without a card', async () => {
  await atRewards(SCANNED, REWARDS, 'lost', 'lost', 'lost', 'lost');
  await tap(REDEEM);
  await see('Nobody knows yet');
  await reopen(refusal(409, 'second_proof_needed'));
  await see('Nobody knows yet');

  await tap('Try again');

  await see('Nothing was redeemed: the newest code of the card is needed.');
  await see('Scan a card');
});

test('two taps are one redemption', async () => {
  const asked = await atRewards(SCANNED, REWARDS, REDEEMED);
  const send = button(REDEEM)!;

  send.dispatchEvent(new MouseEvent('click'));
  send.dispatchEvent(new MouseEvent('click'));

  await see('In the cart');
  expect(redemptions(asked)).toHaveLength(1);
});
