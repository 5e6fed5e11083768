// @vitest-environment jsdom
import {expect, test} from 'vitest';
import {ALICE, SCANNED} from './cast';
import {live, open, scan} from './modal';
import {see, tap} from './screen';
import {cartOf} from './till';

test('the member is attached to the cart, and the screen says so', async () => {
  await open(SCANNED);
  scan('T667-3YWB');

  await tap('Attach to cart');

  await see('Attached to the cart');
  expect(live.setCustomer).toHaveBeenCalledExactlyOnceWith({id: 77});
  live.cart.set(cartOf());
  await see('Attach to cart');
});

test('a cart that shows its customer late still counts as attached', async () => {
  live.setCustomer.mockImplementation(async () => undefined);
  await open(SCANNED);
  scan('T667-3YWB');

  await tap('Attach to cart');

  await see('Attached to the cart');
});

test('a failure to attach can be tried again', async () => {
  live.setCustomer.mockRejectedValueOnce(new Error('POS says no'));
  await open(SCANNED);
  scan('T667-3YWB');

  await tap('Attach to cart');
  await see('could not be attached');
  await tap('Attach to cart');

  await see('Attached to the cart');
});

test.each([
  [{cart: {editable: false}, member: ALICE}, 'This cart cannot be changed.'],
  [{cart: {}, member: {...ALICE, customer_id: null}}, 'no customer in Shopify'],
  [{cart: {customer: {id: 5}}, member: ALICE}, 'belongs to somebody else'],
])('a cart that cannot simply take the member says why', async ({cart, member}, words) => {
  live.cart.value = cartOf(cart);
  await open({member, is_newest_code: true});

  scan('T667-3YWB');

  await see(words);
});

test('an older code works and is pointed out', async () => {
  await open({member: {...ALICE, tier: 'Gold'}, is_newest_code: false});

  scan('T667-3YWB');

  await see('older code');
  await see('Gold');
});
