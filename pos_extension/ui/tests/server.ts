// Our server, as far as `fetch` shows it: answers in turn, and what was asked.

import {vi} from 'vitest';

export interface Asked {
  method: string;
  path: string;
  body: Record<string, unknown>;
}

/** An answer's JSON, a refusal with its status, or a connection that is lost. */
export type Turn = object | {status: number; code?: string; fields?: object} | 'lost';

/** A `fetch` that answers `turns` one after the other; more requests than turns are an error. */
export function serverOf(...turns: Turn[]): {fetch: typeof fetch; asked: Asked[]} {
  const asked: Asked[] = [];
  const answer = vi.fn(async (path: string, request: RequestInit = {}) => {
    const body = request.body ? JSON.parse(String(request.body)) : {};
    asked.push({method: request.method ?? 'GET', path, body});
    const turn = turns.shift();
    if (turn === undefined) throw new Error(`nobody expected ${path}`);
    if (turn === 'lost') throw new TypeError('Network request failed');
    return responseTo(turn);
  });
  return {fetch: answer as unknown as typeof fetch, asked};
}

export function refusal(status: number, code: string, fields: object = {}): Turn {
  return {status, code, fields};
}

function responseTo(turn: object): Response {
  if (!('status' in turn)) return json(200, turn);
  const {status, code, fields} = turn as {status: number; code?: string; fields?: object};
  return code
    ? json(status, {error: {code, message: 'In English', fields}})
    : new Response('<h1>Bad gateway</h1>', {status});
}

function json(status: number, content: object): Response {
  const headers = {'Content-Type': 'application/json'};
  return new Response(JSON.stringify(content), {status, headers});
}
