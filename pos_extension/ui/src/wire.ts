// The JSON of `/pos/v1`, as our server speaks it. Points are whole numbers; ids are opaque.

export interface Reason {
  code: string;
  label: string;
}

export interface Settings {
  shop: {name: string; currency: string};
  grant: {max_per_day: number; left_today: number; reasons: Reason[]};
}

export interface LastOrder {
  name: string;
  on: string;
  points: number;
}

export interface Member {
  id: string;
  name: string;
  contact: string | null;
  points: number;
  tier: string | null;
  customer_id: number | null;
  joined_on: string;
  short_code: string;
  last_order: LastOrder | null;
}

/** What a customer's phone scans: `qr_modules` has a string of 0 and 1 for each row. */
export interface Card {
  url: string;
  qr_modules: string[];
  /** The page behind it sends the card to the member's address. */
  needs_email: boolean;
}

export interface Scanned {
  member: Member;
  is_newest_code: boolean;
}

export interface Granted {
  member: Member;
  granted: number;
  left_today: number;
}

/** `points` of this visit; `next_on` is the day from which one here earns again, null for never. */
export interface CheckedIn {
  member: Member;
  points: number;
  is_held: boolean;
  next_on: string | null;
}

export interface Enrolled {
  member: Member;
  was_known: boolean;
  card: Card;
}

/** What points buy. `cost_points`: now, with this cart; `why_not` in the server's words. */
export interface Offer {
  id: string;
  name: string;
  kind: string;
  pricing: 'fixed' | 'per_point';
  worth: string;
  cost_points: number;
  points_min: number | null;
  points_max: number | null;
  missing_points: number;
  is_redeemable: boolean;
  why_not: string | null;
}

/**
 * `code` is null until it can be used, and once it cannot; store credit has none.
 * `is_in_doubt`: nobody knows whether Shopify paid it; staff in the admin must say.
 */
export interface Redemption {
  id: string;
  name: string;
  kind: string;
  points: number;
  points_returned: number;
  state: 'reserved' | 'issued' | 'used' | 'returning' | 'returned';
  is_in_doubt: boolean;
  code: string | null;
  variant_id: number | null;
  last_valid_on: string | null;
  warnings: string[];
}

export interface Rewards {
  member: Member;
  rewards: Offer[];
  redemptions: Redemption[];
}

export interface Redeemed {
  member: Member;
  redemption: Redemption;
}

/** The problem of each field, by the field's name. */
export type Fields = Record<string, string>;
