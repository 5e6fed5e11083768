// Every word that a cashier reads comes from locales/; here it is chosen.

import {Refused} from './client';
import type {Till} from './host';

/** The refusals that have words of their own, by the server's code. */
const KNOWN = [
  'card_void',
  'cart_too_small',
  'client_key_reused',
  'discount_refused',
  'insufficient_points',
  'invalid',
  'member_archived',
  'member_moved',
  'not_found',
  'not_installed',
  'not_returnable',
  'out_of_stock',
  'over_daily_cap',
  'over_redeem_limit',
  'programme_paused',
  'reward_limit_reached',
  'reward_not_available',
  'reward_not_found',
  'second_proof_needed',
  'shopify_refused',
  'shopify_unavailable',
  'too_large',
  'too_many_cards',
  'too_many_tries',
  'unauthorized',
  'unknown_code',
  'unknown_location',
  'unknown_member',
  'unknown_redemption',
  'wrong_proof',
];

export interface Words {
  (key: string, values?: Record<string, string | number>): string;
  number: (value: number) => string;
  /** A day, `2026-05-01`, as people write it. */
  day: (iso: string) => string;
}

export function wordsOf(till: Pick<Till, 'i18n'>): Words {
  const {i18n} = till;
  const number = (value: number) => i18n.formatNumber(value);
  const translate = (key: string, values: Record<string, string | number> = {}) =>
    i18n.translate(key, withNumber(values, number));
  // Noon keeps the day the same in every time zone near UTC.
  const day = (iso: string) =>
    i18n.formatDate(new Date(`${iso.slice(0, 10)}T12:00:00Z`), {dateStyle: 'medium'});
  return Object.assign(translate, {number, day});
}

/** The locale key of a refusal. */
export function reasonFor(error: unknown): string {
  if (!(error instanceof Refused)) return 'errors.no_answer';
  if (KNOWN.includes(error.code)) return `errors.${error.code}`;
  if (error.status === 401 || error.status === 403) return 'errors.unauthorized';
  if (error.status === 413) return 'errors.too_large';
  if (error.status === 422) return 'errors.invalid';
  return 'errors.unknown';
}

/** `count` picks the plural; `{{number}}` is the same, written as people do. */
function withNumber(
  values: Record<string, string | number>,
  number: (value: number) => string,
): Record<string, string | number> {
  return typeof values.count === 'number' ? {...values, number: number(values.count)} : values;
}
