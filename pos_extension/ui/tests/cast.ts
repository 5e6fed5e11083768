// The cast: member Alice of shop Aurora, as the server tells of her.

import type {
  Card,
  Enrolled,
  Granted,
  Member,
  Offer,
  Redeemed,
  Redemption,
  Rewards,
  Scanned,
  Settings,
} from '../src/wire';

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

export const CARD: Card = {url: 'https://encore.example.com/card/x', qr_modules: squares(21), needs_email: false};

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

export const FIVE_OFF: Offer = {
  id: '0192f000-0000-7000-8000-0000000f15e0',
  name: 'Five off',
  kind: 'fixed_amount',
  pricing: 'fixed',
  worth: '€5.00 off',
  cost_points: 500,
  points_min: null,
  points_max: null,
  missing_points: 0,
  is_redeemable: true,
  why_not: null,
};

export const BY_POINT: Offer = {
  ...FIVE_OFF,
  id: '0192f000-0000-7000-8000-0000000b9070',
  name: 'Off by points',
  pricing: 'per_point',
  cost_points: 900,
  points_min: 100,
};

export const REWARDS: Rewards = {member: ALICE, rewards: [FIVE_OFF, BY_POINT], redemptions: []};

export const ISSUED: Redemption = {
  id: '1-0192f00000007000800000000000c0de',
  name: 'Five off',
  kind: 'fixed_amount',
  points: 500,
  points_returned: 0,
  state: 'issued',
  is_in_doubt: false,
  code: 'ENC-A2B3-C4D5',
  variant_id: null,
  last_valid_on: '2026-12-22',
  warnings: [],
};

export const REDEEMED: Redeemed = {member: {...ALICE, points: 734}, redemption: ISSUED};

/** A chessboard: no QR code, but easy to tell from anything else. */
function squares(side: number): string[] {
  return Array.from({length: side}, (_, y) =>
    Array.from({length: side}, (_, x) => String((x + y) % 2)).join(''),
  );
}
