// What the modal shows, as one value, and how each event changes it. No effects live here.

import type {
  Card,
  CheckedIn,
  Fields,
  Granted,
  Member,
  Offer,
  Redeemed,
  Redemption,
  Rewards,
  Settings,
} from './wire';
import type {Choice, Draft, Settled, Wish, Write} from './writes';

/** Said at the top of a screen: a key of the locale file, with what it mentions. `day` is ISO. */
export interface Notice {
  tone: 'success' | 'info' | 'warning' | 'critical';
  key: string;
  values?: Record<string, string | number>;
  day?: string;
  /** More of it, in words that the server chose. */
  detail?: string;
}

interface Common {
  notice?: Notice;
}

export interface ScanScreen extends Common {
  at: 'scan';
}

/** The member, and how they came here: `scanned` proves their card for as long as it is newest. */
interface Seen extends Common {
  member: Member;
  isNewestCode: boolean;
  scanned: string | null;
}

export interface MemberScreen extends Seen {
  at: 'member';
}

export interface RewardsScreen extends Seen {
  at: 'rewards';
  offers: Offer[];
  held: Redemption[];
}

/** The card's code is not enough: a code from the member's page, or a manager, is. */
export interface ProofScreen extends Seen {
  at: 'proof';
  choice: Choice;
  fields: Fields;
  /** What the member's page shows is no help against the user's own limit. */
  needsManager: boolean;
}

export interface RedeemedScreen extends Seen {
  at: 'redeemed';
  redemption: Redemption;
  /** The code that it had: one that is taken back may still be in the cart. */
  lastCode: string | null;
}

export interface GrantScreen extends Seen {
  at: 'grant';
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
export type Resting =
  | ScanScreen
  | MemberScreen
  | RewardsScreen
  | ProofScreen
  | RedeemedScreen
  | GrantScreen
  | EnrolScreen
  | PassScreen;

export interface BusyScreen {
  at: 'busy';
  doing: Write['kind'] | 'card' | 'settings' | 'rewards' | 'take_back';
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
  | {type: 'rewards'; rewards: Rewards; seen: MemberScreen}
  | {type: 'proof'; choice: Choice; needsManager: boolean}
  | {type: 'redemption'; reply: Redeemed}
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
    case 'rewards':
      return {...model, screen: rewardsOf(event.seen, event.rewards)};
    case 'proof':
      return {...model, screen: proofOf(resting(model.screen), event)};
    case 'redemption':
      return progress(model, event.reply);
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
      const {write, reply} = settled as Of<'scan'>;
      const {member, is_newest_code: isNewestCode} = reply;
      const scanned = isNewestCode ? String(write.body.code) : null;
      return {...model, screen: {at: 'member', member, isNewestCode, scanned}};
    }
    case 'grant':
      return grantSettled(model, (settled as Of<'grant'>).reply);
    case 'check_in':
      return visited(model, (settled as Of<'check_in'>).reply);
    case 'redeem':
      return {...model, screen: redeemed((settled as Of<'redeem'>).reply)};
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
  const notice = visitNotice(reply);
  return {...model, screen: memberAgain(model, reply.member, notice)};
}

function visitNotice({points, is_held, next_on}: CheckedIn): Notice {
  if (is_held) return {tone: 'info', key: 'check_in.held'};
  if (points) return {tone: 'success', key: 'check_in.done', values: {count: points}};
  if (next_on) return {tone: 'info', key: 'check_in.again', day: next_on};
  return {tone: 'info', key: 'check_in.noted'};
}

function grantSettled(model: Model, reply: Granted): Model {
  const notice: Notice = {tone: 'success', key: 'grant.done', values: {count: reply.granted}};
  const {settings} = model;
  return {
    settings: settings && {...settings, grant: {...settings.grant, left_today: reply.left_today}},
    screen: memberAgain(model, reply.member, notice),
  };
}

/** Back to the member, who came here as before. */
function memberAgain(model: Model, member: Member, notice: Notice): MemberScreen {
  const back = resting(model.screen);
  const {isNewestCode, scanned} = 'scanned' in back ? back : {isNewestCode: true, scanned: null};
  return {at: 'member', member, isNewestCode, scanned, notice};
}

function rewardsOf(seen: MemberScreen, {member, rewards, redemptions}: Rewards): RewardsScreen {
  const {isNewestCode, scanned} = seen;
  return {at: 'rewards', member, isNewestCode, scanned, offers: rewards, held: redemptions};
}

function proofOf(back: Resting, wanted: {choice: Choice; needsManager: boolean}): Resting {
  if (!('scanned' in back)) return back;
  const {member, isNewestCode, scanned} = back;
  return {at: 'proof', member, isNewestCode, scanned, fields: {}, ...wanted};
}

/** An answer that comes when the cashier has gone on to something else changes nothing. */
function progress(model: Model, reply: Redeemed): Model {
  const back = resting(model.screen);
  const isShown = back.at === 'redeemed' && back.redemption.id === reply.redemption.id;
  return isShown ? {...model, screen: redeemed(reply, back.lastCode)} : model;
}

/** Each redemption makes the card's code an old one. */
function redeemed({member, redemption}: Redeemed, known: string | null = null): RedeemedScreen {
  const lastCode = redemption.code ?? known;
  return {at: 'redeemed', member, redemption, lastCode, isNewestCode: false, scanned: null};
}

function refuse(back: Resting, event: {key: string; fields: Fields}): Resting {
  const notice: Notice = {tone: 'critical', key: event.key};
  const {reward} = event.fields;
  if (reward !== undefined) return {...back, notice: {...notice, detail: reward}};
  if (back.at === 'grant' || back.at === 'enrol' || back.at === 'proof') {
    return {...back, notice, fields: event.fields};
  }
  return {...back, notice};
}

function doubt(back: Resting, write: Write | null): Screen {
  // Nothing hangs on a question that only reads: say so and stay.
  if (write === null) return {...back, notice: {tone: 'critical', key: 'errors.no_answer'}};
  return {at: 'doubt', write, back};
}
