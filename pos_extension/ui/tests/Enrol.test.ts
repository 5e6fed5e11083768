// @vitest-environment jsdom
import {expect, test} from 'vitest';
import {ALICE, CARD, ENROLLED, SCANNED} from './cast';
import {open, scan} from './modal';
import {see, tap, type, typed} from './screen';
import {refusal} from './server';

test('someone new enrols with two fields and gets a code to scan', async () => {
  const asked = await open(ENROLLED);
  await tap('Enrol a new member');
  await type('Name', ' Alice Summer ');
  await type('Email or phone', 'alice@example.com');

  await tap('Enrol');

  await see('Welcome! The card is ready.');
  const image = document.body.querySelector('s-image')!;
  expect(image.getAttribute('src')).toMatch(/^data:image\/png;base64,/);
  expect(asked[0]).toMatchObject({
    path: '/pos/v1/members',
    body: {name: 'Alice Summer', contact: 'alice@example.com', location_id: 1},
  });
  await tap('Go to the member');
  await see('1,234 points');
});

test('someone who is a member already gets the card by their own mail', async () => {
  await open({...ENROLLED, was_known: true, card: {...CARD, needs_email: true}});
  await tap('Enrol a new member');
  await type('Name', 'Alice Summer');
  await type('Email or phone', 'alice@example.com');

  await tap('Enrol');

  await see('This customer is a member already.');
  await see("Scan this with the customer's phone. The card is then sent to their email address.");
});

test('an enrolment that is refused keeps what was typed and marks the field', async () => {
  await open(refusal(422, 'invalid', {contact: 'Not a phone number'}));
  await tap('Enrol a new member');
  await tap('Enrol');
  await see('Enter a name.');
  await see('Enter an email or a phone number.');
  await type('Name', 'Alice Summer');
  await type('Email or phone', '12');

  await tap('Enrol');

  await see('Not a phone number');
  expect(typed('Name')).toBe('Alice Summer');
});

test("a member's code can be shown again", async () => {
  const asked = await open(SCANNED, {card: ENROLLED.card});
  scan('T667-3YWB');

  await tap("Show the card's QR code");

  await see("Scan this with the customer's phone");
  expect(asked[1]).toMatchObject({method: 'GET', path: `/pos/v1/members/${ALICE.id}/card`});
});
