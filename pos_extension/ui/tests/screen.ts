// Looks at and touches what the extension drew, as a cashier would.

import {configure, fireEvent, waitFor} from '@testing-library/preact';
import {expect} from 'vitest';

// The whole document in each failure hides what failed.
// A busy machine draws late; no test is about how fast.
configure({
  asyncUtilTimeout: 10_000,
  getElementError: (message) => new Error(message ?? 'not found'),
});

/** Everything that can be read, headings and labels of elements included. */
export function said(): string {
  const spoken = ['heading', 'subheading', 'label', 'details', 'error', 'accessibilitylabel'];
  const attributes = [...document.body.querySelectorAll('*')].flatMap((element) =>
    spoken.map((name) => element.getAttribute(name) ?? ''),
  );
  return [document.body.textContent, ...attributes].join('\n');
}

export async function see(text: string): Promise<void> {
  await waitFor(() => expect(said()).toContain(text));
}

export async function tap(name: string): Promise<void> {
  await waitFor(() => expect(button(name)).toBeDefined());
  fireEvent.click(button(name)!);
}

export function button(name: string): Element | undefined {
  return [...document.body.querySelectorAll('s-button')].find((b) => b.textContent === name);
}

export function isOff(element: Element | undefined): boolean {
  return element?.hasAttribute('disabled') ?? true;
}

/** Types into the field of that label. */
export async function type(label: string, text: string): Promise<void> {
  const field = fieldOf(label);
  field.value = text;
  fireEvent.input(field);
  // Drawn again, the field shows what the extension keeps.
  await new Promise((resolve) => setTimeout(resolve));
  expect(typed(label)).toBe(text);
}

/** What stands in the field of that label. */
export function typed(label: string): string {
  const field = fieldOf(label);
  return field.value ?? field.getAttribute('value') ?? '';
}

function fieldOf(label: string): Element & {value?: string} {
  return document.body.querySelector(`[label="${label}"]`)!;
}

export function choose(value: string): void {
  const list = document.body.querySelector('s-choice-list') as Element & {values: string[]};
  list.values = [value];
  fireEvent.change(list);
}
