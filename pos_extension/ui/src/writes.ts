// What the cashier asks of the server, as values: made once, sent as often as it takes.

import {post} from './client';
import {newKey} from './keys';
import type {CheckedIn, Enrolled, Granted, Member, Scanned} from './wire';

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

export type Write = ScanWrite | GrantWrite | EnrolWrite | CheckInWrite;

export type Settled =
  | {write: ScanWrite; reply: Scanned}
  | {write: GrantWrite; reply: Granted}
  | {write: EnrolWrite; reply: Enrolled}
  | {write: CheckInWrite; reply: CheckedIn};

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

/** Send it until it is settled; throws Refused or NoAnswer. */
export async function send(write: Write): Promise<Settled> {
  return {write, reply: await post(write.path, write.body)} as Settled;
}

function stamp(place: Place): {location_id: number; client_key: string} {
  return {location_id: place.locationId, client_key: newKey()};
}
