// What the modal shows, as one value, and how each event changes it. No effects live here.

import type {Card, CheckedIn, Fields, Granted, Member, Settings} from './wire';
import type {Draft, Settled, Wish, Write} from './writes';

/** Said at the top of a screen: a key of the locale file, with what it mentions. `day` is ISO. */
export interface Notice {
  tone: 'success' | 'info' | 'warning' | 'critical';
  key: string;
  values?: Record<string, string | number>;
  day?: string;
}

interface Common {
  notice?: Notice;
}

export interface ScanScreen extends Common {
  at: 'scan';
}

export interface MemberScreen extends Common {
  at: 'member';
  member: Member;
  isNewestCode: boolean;
}

export interface GrantScreen extends Common {
  at: 'grant';
  member: Member;
  isNewestCode: boolean;
  /** As typed, so that a refusal does not wipe it. */
  wish: Wish;
  fields: Fields;
}

export interface EnrolScreen extends Common {
  at: 'enrol';
  draft: Draft;
  fields: Fields;
}

export interface PassScreen extends Common {
  at: 'pass';
  member: Member;
  card: Card;
}

/** Where the cashier goes on when a request comes to nothing. */
export type Resting = ScanScreen | MemberScreen | GrantScreen | EnrolScreen | PassScreen;

export interface BusyScreen {
  at: 'busy';
  doing: Write['kind'] | 'card' | 'settings';
  back: Resting;
}

/** Nobody knows whether `write` arrived: only sending the very same again is safe. */
export interface DoubtScreen {
  at: 'doubt';
  write: Write;
  back: Resting;
}

export type Screen = Resting | BusyScreen | DoubtScreen;

export interface Model {
  screen: Screen;
  settings: Settings | null;
}

export type Event =
  | {type: 'settings'; settings: Settings}
  | {type: 'go'; screen: Resting}
  | {type: 'asked'; doing: BusyScreen['doing']}
  | {type: 'settled'; settled: Settled}
  | {type: 'card'; card: Card; member: Member}
  | {type: 'refused'; key: string; fields: Fields}
  | {type: 'unanswered'; write: Write | null}
  | {type: 'found'; write: Write};

export const START: Model = {screen: {at: 'scan'}, settings: null};

export function next(model: Model, event: Event): Model {
  switch (event.type) {
    case 'settings':
      return {...model, settings: event.settings};
    case 'go':
      return {...model, screen: event.screen};
    case 'asked':
      return {...model, screen: {at: 'busy', doing: event.doing, back: behind(model, event)}};
    case 'settled':
      return settle(model, event.settled);
    case 'card':
      return {...model, screen: {at: 'pass', member: event.member, card: event.card}};
    case 'refused':
      return {...model, screen: refuse(resting(model.screen), event)};
    case 'unanswered':
      return {...model, screen: doubt(resting(model.screen), event.write)};
    case 'found':
      return {...model, screen: {at: 'doubt', write: event.write, back: {at: 'scan'}}};
  }
}

/** A scan that fails must not leave the last customer's card standing. */
function behind(model: Model, event: {doing: BusyScreen['doing']}): Resting {
  return event.doing === 'scan' ? {at: 'scan'} : resting(model.screen);
}

/** The screen under a request, without what was last said on it. */
function resting(screen: Screen): Resting {
  if (screen.at === 'busy' || screen.at === 'doubt') return screen.back;
  const {notice: _, ...quiet} = screen;
  return quiet;
}

function settle(model: Model, settled: Settled): Model {
  switch (settled.write.kind) {
    case 'scan': {
      const {member, is_newest_code: isNewestCode} = (settled as Of<'scan'>).reply;
      return {...model, screen: {at: 'member', member, isNewestCode}};
    }
    case 'grant':
      return grantSettled(model, (settled as Of<'grant'>).reply);
    case 'check_in':
      return visited(model, (settled as Of<'check_in'>).reply);
    case 'enrol': {
      const {member, was_known, card} = (settled as Of<'enrol'>).reply;
      const key = was_known ? 'enrol.known' : 'enrol.done';
      const notice: Notice = {tone: was_known ? 'info' : 'success', key};
      return {...model, screen: {at: 'pass', member, card, notice}};
    }
  }
}

type Of<Kind extends Write['kind']> = Extract<Settled, {write: {kind: Kind}}>;

function visited(model: Model, reply: CheckedIn): Model {
  const back = resting(model.screen);
  const isNewestCode = 'isNewestCode' in back ? back.isNewestCode : true;
  const notice = visitNotice(reply);
  return {...model, screen: {at: 'member', member: reply.member, isNewestCode, notice}};
}

function visitNotice({points, is_held, next_on}: CheckedIn): Notice {
  if (is_held) return {tone: 'info', key: 'check_in.held'};
  if (points) return {tone: 'success', key: 'check_in.done', values: {count: points}};
  if (next_on) return {tone: 'info', key: 'check_in.again', day: next_on};
  return {tone: 'info', key: 'check_in.noted'};
}

function grantSettled(model: Model, reply: Granted): Model {
  const back = resting(model.screen);
  const isNewestCode = 'isNewestCode' in back ? back.isNewestCode : true;
  const notice: Notice = {tone: 'success', key: 'grant.done', values: {count: reply.granted}};
  const {settings} = model;
  return {
    settings: settings && {...settings, grant: {...settings.grant, left_today: reply.left_today}},
    screen: {at: 'member', member: reply.member, isNewestCode, notice},
  };
}

function refuse(back: Resting, event: {key: string; fields: Fields}): Resting {
  const notice: Notice = {tone: 'critical', key: event.key};
  if (back.at === 'grant' || back.at === 'enrol') return {...back, notice, fields: event.fields};
  return {...back, notice};
}

function doubt(back: Resting, write: Write | null): Screen {
  // Nothing hangs on a question that only reads: say so and stay.
  if (write === null) return {...back, notice: {tone: 'critical', key: 'errors.no_answer'}};
  return {at: 'doubt', write, back};
}
