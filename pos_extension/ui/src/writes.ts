// What the cashier asks of the server, as values: made once, sent as often as it takes.

import {post} from './client';
import {newKey} from './keys';
import type {CheckedIn, Enrolled, Granted, Member, Offer, Redeemed, Scanned} from './wire';

interface Sent {
  path: string;
  /** Holds the client key; never changed once made. */
  body: Record<string, unknown>;
}

export interface ScanWrite extends Sent {
  kind: 'scan';
}

export interface GrantWrite extends Sent {
  kind: 'grant';
  member: Pick<Member, 'id' | 'name'>;
  points: number;
}

export interface EnrolWrite extends Sent {
  kind: 'enrol';
}

export interface CheckInWrite extends Sent {
  kind: 'check_in';
}

export interface RedeemWrite extends Sent {
  kind: 'redeem';
  member: Pick<Member, 'id' | 'name'>;
  reward: string;
}

export type Write = ScanWrite | GrantWrite | EnrolWrite | CheckInWrite | RedeemWrite;

export type Settled =
  | {write: ScanWrite; reply: Scanned}
  | {write: GrantWrite; reply: Granted}
  | {write: EnrolWrite; reply: Enrolled}
  | {write: CheckInWrite; reply: CheckedIn}
  | {write: RedeemWrite; reply: Redeemed};

/** Where the till stands, and who is pinned in at it. */
export interface Place {
  locationId: number;
  staffId: number | undefined;
}

/** A grant as the cashier typed it. */
export interface Wish {
  points: string;
  reason: string;
  note: string;
}

/** A reward that was chosen; `points` only for one that is priced per point. */
export interface Choice {
  offer: Offer;
  points: number | null;
}

/** What shows that the card is here: what was scanned, or what somebody typed. */
export interface Proof {
  scanned?: string;
  shown_code?: string;
  manager_pin?: string;
}

/** What the cart comes to, for a reward of which the cart can use a part only. */
export interface CartSum {
  cart_subtotal?: string;
  cart_currency?: string;
}

export interface Draft {
  name: string;
  contact: string;
}

export function scan(code: string, place: Place): ScanWrite {
  return {kind: 'scan', path: '/pos/v1/scans', body: {code, ...stamp(place)}};
}

export function grant(member: Member, wish: Wish, place: Place): GrantWrite {
  const points = Number(wish.points);
  const body = {points, reason: wish.reason, ...stamp(place)};
  return {
    kind: 'grant',
    path: `/pos/v1/members/${encodeURIComponent(member.id)}/grants`,
    body: {
      ...body,
      ...(wish.note ? {note: wish.note} : {}),
      ...(place.staffId === undefined ? {} : {pinned_staff_id: place.staffId}),
    },
    member: {id: member.id, name: member.name},
    points,
  };
}

export function enrol(draft: Draft, place: Place): EnrolWrite {
  return {kind: 'enrol', path: '/pos/v1/members', body: {...draft, ...stamp(place)}};
}

export function checkIn(member: Member, place: Place): CheckInWrite {
  const path = `/pos/v1/members/${encodeURIComponent(member.id)}/check-ins`;
  return {kind: 'check_in', path, body: stamp(place)};
}

export function redeem(
  member: Pick<Member, 'id' | 'name'>,
  {offer, points}: Choice,
  proof: Proof,
  cart: CartSum,
  place: Place,
): RedeemWrite {
  return {
    kind: 'redeem',
    path: `/pos/v1/members/${encodeURIComponent(member.id)}/redemptions`,
    body: {
      reward_id: offer.id,
      ...(points === null ? {} : {points}),
      ...cart,
      ...proof,
      ...stamp(place),
      ...(place.staffId === undefined ? {} : {pinned_staff_id: place.staffId}),
    },
    member: {id: member.id, name: member.name},
    reward: offer.name,
  };
}

/** The same write without what proves the card: a server that has done it asks for no proof. */
export function withoutProof(write: RedeemWrite): RedeemWrite {
  const {scanned: _, shown_code: __, manager_pin: ___, ...body} = write.body;
  return {...write, body};
}

/** Send it until it is settled; throws Refused or NoAnswer. */
export async function send(write: Write): Promise<Settled> {
  return {write, reply: await post(write.path, write.body)} as Settled;
}

function stamp(place: Place): {location_id: number; client_key: string} {
  return {location_id: place.locationId, client_key: newKey()};
}
