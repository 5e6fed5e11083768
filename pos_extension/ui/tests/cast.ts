// The cast: member Alice of shop Aurora, as the server tells of her.

import type {Card, Enrolled, Granted, Member, Scanned, Settings} from '../src/wire';

export const ALICE: Member = {
  id: '1-0192f00000007000800000000000a11c',
  name: 'Alice Summer',
  contact: 'a•••@example.com',
  points: 1234,
  tier: null,
  customer_id: 77,
  joined_on: '2026-05-01',
  short_code: 'T667-3YWB',
  last_order: {name: '#1042', on: '2026-11-20', points: 1},
};

export const CARD: Card = {url: 'https://encore.example.com/card/x', qr_modules: squares(21)};

export const SETTINGS: Settings = {
  shop: {name: 'Aurora', currency: 'EUR'},
  grant: {
    max_per_day: 500,
    left_today: 480,
    reasons: [
      {code: 'goodwill', label: 'Goodwill'},
      {code: 'other', label: 'Other'},
    ],
  },
};

export const SCANNED: Scanned = {member: ALICE, is_newest_code: true};
export const GRANTED: Granted = {
  member: {...ALICE, points: 1284},
  granted: 50,
  left_today: 430,
};
export const ENROLLED: Enrolled = {member: ALICE, was_known: false, card: CARD};

/** A chessboard: no QR code, but easy to tell from anything else. */
function squares(side: number): string[] {
  return Array.from({length: side}, (_, y) =>
    Array.from({length: side}, (_, x) => String((x + y) % 2)).join(''),
  );
}
