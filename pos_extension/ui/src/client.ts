// Talks to our server. A request without a settled answer is sent again, byte for byte, so that
// its client key stays the same and it counts once.

import type {Fields} from './wire';

/** The server said no; `code` is for us, `fields` names what to mend. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly fields: Fields = {},
  ) {
    super(code);
  }
}

/** No answer came: what was asked may have happened or not. */
export class NoAnswer extends Error {}

export interface Patience {
  timeoutMs: number;
  /** The wait before each further try; as many tries as waits, and one. */
  waitsMs: number[];
}

export const PATIENCE: Patience = {timeoutMs: 8000, waitsMs: [400, 1200, 3000]};

/** GET `path`; POS itself adds the session token to requests that go to our server. */
export function get<T>(path: string, patience = PATIENCE): Promise<T> {
  return ask<T>(path, {headers: {Accept: 'application/json'}}, patience);
}

/** POST `body` as JSON; it carries a `client_key`, so a second arrival changes nothing. */
export function post<T>(path: string, body: object, patience = PATIENCE): Promise<T> {
  const headers = {Accept: 'application/json', 'Content-Type': 'application/json'};
  return ask<T>(path, {method: 'POST', headers, body: JSON.stringify(body)}, patience);
}

/** DELETE `path`; a second arrival finds it gone, and answers the same. */
export function erase<T>(path: string, patience = PATIENCE): Promise<T> {
  return ask<T>(path, {method: 'DELETE', headers: {Accept: 'application/json'}}, patience);
}

async function ask<T>(path: string, request: RequestInit, patience: Patience): Promise<T> {
  for (const waitMs of [...patience.waitsMs, null]) {
    try {
      return await once<T>(path, request, patience.timeoutMs);
    } catch (error) {
      if (error instanceof Refused && (waitMs === null || !isPassing(error.status))) throw error;
      if (waitMs !== null) await pause(waitMs);
    }
  }
  throw new NoAnswer(path);
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 429;
}

/** One try; throws Refused for a refusal in our server's words, anything else leaves it open. */
async function once<T>(path: string, request: RequestInit, timeoutMs: number): Promise<T> {
  const response = await inTime(fetch(path, request), timeoutMs);
  // A body that breaks off is a lost answer too, and so is a proxy's page.
  const content = await inTime(response.json() as Promise<unknown>, timeoutMs);
  if (response.ok) return content as T;
  const error = (content as {error?: {code?: string; fields?: Fields}} | null)?.error;
  if (!error?.code && isPassing(response.status)) throw new NoAnswer(path);
  throw new Refused(error?.code ?? 'unknown', response.status, error?.fields);
}

async function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer('timeout')), timeoutMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(waitMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, waitMs));
}
