import {afterEach, expect, test, vi} from 'vitest';
import {get, NoAnswer, post, Refused} from '../src/client';
import {refusal, serverOf, type Turn} from './server';

const SOON = {timeoutMs: 50, waitsMs: [1, 1, 1]};

afterEach(() => vi.unstubAllGlobals());

function serve(...turns: Turn[]) {
  const server = serverOf(...turns);
  vi.stubGlobal('fetch', server.fetch);
  return server.asked;
}

test('a lost answer is asked for again with the very same body', async () => {
  const asked = serve('lost', {status: 502}, {granted: 5});

  const answer = await post('/pos/v1/x', {client_key: 'k', points: 5}, SOON);

  expect(answer).toEqual({granted: 5});
  expect(asked).toHaveLength(3);
  expect(new Set(asked.map(({body}) => JSON.stringify(body))).size).toBe(1);
});

test('a refusal is not argued with', async () => {
  const asked = serve(refusal(422, 'invalid', {points: 'Too few'}));

  const problem = await post('/pos/v1/x', {}, SOON).catch((error: unknown) => error);

  expect(problem).toBeInstanceOf(Refused);
  expect(problem).toMatchObject({code: 'invalid', status: 422, fields: {points: 'Too few'}});
  expect(asked).toHaveLength(1);
});

test('a server that cannot now is asked again, and then believed', async () => {
  const busy = refusal(503, 'shopify_unavailable');
  const asked = serve(busy, busy, busy, busy);

  await expect(post('/pos/v1/x', {}, SOON)).rejects.toMatchObject({code: 'shopify_unavailable'});

  expect(asked).toHaveLength(4);
});

test('silence ends as no answer', async () => {
  const fetch = vi.fn(() => new Promise<Response>(() => undefined));
  vi.stubGlobal('fetch', fetch);

  await expect(get('/pos/v1/settings', SOON)).rejects.toBeInstanceOf(NoAnswer);

  expect(fetch).toHaveBeenCalledTimes(4);
});

test('an answer that breaks off in its middle was lost', async () => {
  const broken = () => Promise.resolve(new Response('{"granted": 5', {status: 200}));
  const fetch = vi.fn<() => Promise<Response>>().mockImplementationOnce(broken);
  fetch.mockResolvedValueOnce(new Response('{"granted": 5}', {status: 200}));
  vi.stubGlobal('fetch', fetch);

  expect(await post('/pos/v1/x', {}, SOON)).toEqual({granted: 5});
});

test('a refusal without words of ours is unknown, not a crash', async () => {
  serve({status: 404});
  vi.stubGlobal('fetch', async () => new Response('null', {status: 404}));

  await expect(get('/pos/v1/x', SOON)).rejects.toMatchObject({code: 'unknown', status: 404});
});
