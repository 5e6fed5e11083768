// The admin's save bar: what was typed into a form marked `data-saves` is never left without asking.
// The bar is open exactly while `unsaved` holds a form of the page.

const BAR = 'unsaved-bar';
const unsaved = new Set();

let isOpen = false;

function show() {
  if (isOpen === unsaved.size > 0) return;
  isOpen = !isOpen;
  const saveBar = globalThis.shopify?.saveBar;
  if (isOpen) saveBar?.show(BAR);
  else saveBar?.hide(BAR);
}

function forget(form) {
  if (form) unsaved.delete(form);
  else unsaved.clear();
  show();
}

const last = () => [...unsaved].at(-1);

function remember(form) {
  if (!form?.matches('[data-saves]')) return;
  unsaved.delete(form); // The one that was changed last is the one that the bar saves first.
  unsaved.add(form);
  show();
}

// What only looks at the form another way is no change of it.
addEventListener('input', ({ target }) => target.closest('[data-view]') || remember(target.form));

// A button that brings or takes a row of the form.
addEventListener('click', ({ target }) => remember(target.closest('[data-changes]')?.form));

// --- What the server says of a form

const part = (target) => (typeof target === 'string' ? document.querySelector(target) : target);
const isSaved = ({ response }) => response.status < 300 && response.headers.get('HX-Trigger')?.includes('encore:toast');

// Before anything is swapped: a saved form may lead to another page, and that is no leaving.
addEventListener('htmx:before:response', ({ detail: { ctx } }) => {
  if (isSaved(ctx)) [ctx.sourceElement, part(ctx.target)].filter((one) => unsaved.has(one)).forEach(forget);
});

// A refused form comes in place of itself, and so does one with another row: both are not saved yet.
addEventListener('htmx:after:swap', () => {
  for (const form of [...unsaved].filter((one) => !one.isConnected)) {
    unsaved.delete(form);
    remember(document.getElementById(form.id));
  }
  show();
});

// --- Leaving

const isPage = (ctx) => ctx.request?.method === 'GET' && ctx.select === '#main';

addEventListener('htmx:before:request', (event) => {
  const { ctx } = event.detail;
  if (!unsaved.size || !isPage(ctx)) return;
  event.preventDefault();
  leave(ctx.request.action);
});

async function leave(address) {
  // It never comes back from who wants to stay.
  await globalThis.shopify?.saveBar?.leaveConfirmation();
  forget();
  htmx.ajax('GET', address, PAGE); // As encore.js goes to a page.
}

// Going back in the history has left already.
addEventListener('htmx:before:history:restore', () => forget());

// --- The bar's own buttons

document.getElementById(BAR).addEventListener('click', ({ target }) => {
  const form = last();
  if (!form) return;
  if (target.getAttribute('variant') === 'primary') form.requestSubmit();
  else discard();
});

function discard() {
  forget();
  htmx.ajax('GET', location.pathname + location.search, { target: '#main', select: '#main', swap: 'outerHTML' });
}
