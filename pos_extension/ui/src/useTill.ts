// Joins the machine to the world: requests, the scanner, the till's memory.

import {useEffect, useReducer, useRef} from 'preact/hooks';
import {get, Refused} from './client';
import {placeOf, type Till} from './host';
import {type Event, type GrantScreen, type Model, next, type Resting, START} from './machine';
import {findPending, forget, remember} from './pending';
import {proofFor, type RewardActions, rewardActions} from './rewards';
import {countScan} from './scans';
import type {Card, Member, Settings} from './wire';
import {reasonFor, type Words} from './words';
import {
  checkIn,
  type Choice,
  type Draft,
  enrol,
  grant,
  scan,
  send,
  type Wish,
  type Write,
} from './writes';

/** A card's code is short; what is longer never leaves the till. */
const CODE_MAX = 255;
/** While these show, a scan is a new customer. */
const LISTENING = ['scan', 'member', 'rewards', 'redeemed', 'pass'];

type Dispatch = (event: Event) => void;

export interface Actions extends RewardActions {
  go: (screen: Resting) => void;
  lookUp: (code: string) => void;
  openGrant: (screen: GrantScreen) => void;
  grant: (screen: GrantScreen, wish: Wish) => void;
  checkIn: (member: Member) => void;
  enrol: (draft: Draft) => void;
  showCard: (member: Member) => void;
  /** Send the very same write again. */
  again: (write: Write) => void;
  /** Give an unanswered write up. */
  leave: (write: Write, back: Resting) => void;
}

export function useTill(till: Till, words: Words): [Model, Actions] {
  const [model, dispatch] = useReducer(next, START);
  const isBusy = useRef(false);
  // A second tap, or the camera's second look, is the same wish.
  const alone = async (work: () => Promise<void>): Promise<void> => {
    if (isBusy.current) return;
    isBusy.current = true;
    await work().finally(() => (isBusy.current = false));
  };
  // What a redemption was for, should another proof be wanted for it.
  const chosen = useRef<Choice | null>(null);
  const start = (write: Write) =>
    void alone(() => carryOut(till, dispatch, write, write.kind === 'redeem' ? chosen.current : null));
  const go = (screen: Resting) => dispatch({type: 'go', screen});
  const actions: Actions = {
    go,
    lookUp: (code) => {
      const key = problemOf(code);
      if (key) go({at: 'scan', notice: {tone: 'critical', key}});
      else start(scan(code.trim(), placeOf(till)));
    },
    openGrant: (screen) => void alone(() => openGrant(till, dispatch, screen)),
    grant: (screen, wish) => {
      go({...screen, wish, fields: {}});
      start(grant(screen.member, wish, placeOf(till)));
    },
    checkIn: (member) => start(checkIn(member, placeOf(till))),
    enrol: (draft) => {
      go({at: 'enrol', draft, fields: {}});
      start(enrol(draft, placeOf(till)));
    },
    showCard: (member) => void alone(() => showCard(dispatch, member)),
    ...rewardActions(till, dispatch, alone, (write, choice) => {
      chosen.current = choice;
      start(write);
    }),
    again: start,
    leave: (write, back) => {
      void forget(till.storage, write);
      go(back);
    },
  };
  usePending(till, dispatch);
  useScanner(till, model, actions, words);
  return [model, actions];
}

function problemOf(code: string): string | null {
  if (!code.trim()) return 'scan.code_missing';
  return code.length > CODE_MAX ? 'scan.code_too_long' : null;
}

/** Send a write, and tell the machine how it ended. */
async function carryOut(
  till: Till,
  dispatch: Dispatch,
  write: Write,
  choice: Choice | null,
): Promise<void> {
  dispatch({type: 'asked', doing: write.kind});
  if (till.connectivity.current.value.internetConnected !== 'Connected') {
    dispatch({type: 'refused', key: 'common.offline', fields: {}});
    return;
  }
  await remember(till.storage, write);
  try {
    const settled = await send(write);
    await forget(till.storage, write);
    if (write.kind === 'scan') await countScan(till.storage);
    dispatch({type: 'settled', settled});
  } catch (error) {
    if (error instanceof Refused) {
      await forget(till.storage, write);
      if (error.code === 'over_daily_cap') await refreshSettings(till, dispatch);
      const proof = choice && proofFor(error, choice);
      if (proof) dispatch(proof);
      dispatch({type: 'refused', key: reasonFor(error), fields: error.fields});
    } else {
      dispatch({type: 'unanswered', write: write.kind === 'scan' ? null : write});
    }
  }
}

/** Points were granted elsewhere: what is left today is not what we thought. */
async function refreshSettings(till: Till, dispatch: Dispatch): Promise<void> {
  try {
    dispatch({type: 'settings', settings: await get<Settings>(settingsPath(till))});
  } catch {
    // The refusal is told all the same.
  }
}

/** What is left today is asked each time: another till, or midnight, may have changed it. */
async function openGrant(till: Till, dispatch: Dispatch, screen: GrantScreen): Promise<void> {
  await ask(dispatch, 'settings', async () => {
    dispatch({type: 'settings', settings: await get<Settings>(settingsPath(till))});
    dispatch({type: 'go', screen});
  });
}

/** Limits may differ from place to place. */
function settingsPath(till: Till): string {
  return `/pos/v1/settings?location_id=${placeOf(till).locationId}`;
}

async function showCard(dispatch: Dispatch, member: Member): Promise<void> {
  await ask(dispatch, 'card', async () => {
    const path = `/pos/v1/members/${encodeURIComponent(member.id)}/card`;
    const {card} = await get<{card: Card}>(path);
    dispatch({type: 'card', card, member});
  });
}

/** A question that only reads: when it comes to nothing, the screen says so. */
async function ask(
  dispatch: Dispatch,
  doing: 'card' | 'settings',
  work: () => Promise<void>,
): Promise<void> {
  dispatch({type: 'asked', doing});
  await work().catch((error: unknown) =>
    dispatch({type: 'refused', key: reasonFor(error), fields: {}}),
  );
}

/** A grant that a closed modal left without an answer is asked about first. */
function usePending(till: Till, dispatch: Dispatch): void {
  useEffect(() => {
    void findPending(till.storage).then((write) => write && dispatch({type: 'found', write}));
  }, []);
}

/** Listens to every scanner for as long as the modal is open. */
function useScanner(till: Till, model: Model, actions: Actions, words: Words): void {
  const heard = useRef<(code: string) => void>(() => undefined);
  heard.current = (code) => {
    till.scanner.hideCameraScanner();
    const {screen} = model;
    if (screen.at === 'proof') actions.prove(screen, {scanned: code.trim()});
    else if (LISTENING.includes(screen.at)) actions.lookUp(code);
    else till.toast.show(words('scan.later'));
  };
  useEffect(() => {
    // Some signals tell their value at once: that is the last customer's card.
    let isOld = true;
    const stop = till.scanner.scannerData.current.subscribe(({data}) => {
      if (!isOld && data) heard.current(data);
    });
    isOld = false;
    return () => {
      stop();
      till.scanner.hideCameraScanner();
    };
  }, []);
}
