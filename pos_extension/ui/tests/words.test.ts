// The words of the till: none that nobody reads, none missing.

import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import locale from '../locales/en.default.json';

const SRC = join(__dirname, '../src');
/** Keys that are put together: what stands before the dot, and what may follow. */
const PUT_TOGETHER = {
  busy: ['scan', 'grant', 'check_in', 'enrol', 'card', 'settings', 'rewards', 'redeem', 'take_back'],
  doubt: ['grant', 'check_in', 'enrol'],
};
const PLURAL = ['one', 'other'];

const source = (readdirSync(SRC, {recursive: true}) as string[])
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => readFileSync(join(SRC, name), 'utf8'))
  .join('\n');

function keysOf(words: object, before = ''): string[] {
  return Object.entries(words).flatMap(([name, value]) => {
    const key = before + name;
    const isWhole = typeof value === 'string' || PLURAL.every((form) => form in value);
    return isWhole ? [key] : keysOf(value, `${key}.`);
  });
}

function isUsed(key: string): boolean {
  const [group, name] = key.split('.') as [string, string];
  if (group in PUT_TOGETHER && PUT_TOGETHER[group as 'busy'].includes(name)) return true;
  // Refusals are known by the server's code.
  return source.includes(`'${key}'`) || (group === 'errors' && source.includes(`'${name}'`));
}

test('every word has a place where it shows', () => {
  expect(keysOf(locale).filter((key) => !isUsed(key))).toEqual([]);
});

test('nobody is promised an email that the shop may not send', () => {
  expect(locale.enrol.hint).toContain('the shop can send');
});
