// What the pages need beyond links and forms: dialogs, toasts, and Shopify admin's own navigation.
// Listeners stand on window or document, so that they outlive every swap.

// What is said from here, in the language of the page; `say` fills in what stands in braces.
const WORDS = JSON.parse(document.documentElement.dataset.words);
const say = (name, values) => WORDS[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);

const PAGE = { target: '#main', select: '#main', swap: 'outerHTML show:top', push: 'true' };

// --- What a swap brings speaks the language of the document around it

addEventListener('htmx:config:request', (event) => {
  event.detail.ctx.request.headers['Encore-Language'] = document.documentElement.lang;
});

// --- Of tabs that do not fit, the one that is open is seen

function showOpenTab() {
  for (const tab of document.querySelectorAll('.tabs [aria-current]')) {
    const { left, right } = tab.getBoundingClientRect();
    const row = tab.parentElement.getBoundingClientRect();
    tab.parentElement.scrollLeft += (left + right - row.left - row.right) / 2;
  }
}

addEventListener('DOMContentLoaded', showOpenTab);
addEventListener('htmx:after:swap', showOpenTab);

// --- Dialogs

addEventListener('click', (event) => {
  const opener = event.target.closest('[data-open]');
  if (opener) openDialog(document.getElementById(opener.dataset.open), opener.dataset.sign);
  const closer = event.target.closest('[data-close]');
  if (closer) closer.closest('dialog').close();
});

function openDialog(dialog, sign) {
  dialog.showModal();
  const points = dialog.querySelector('#points');
  if (!points) return;
  if (sign !== undefined && (points.value === '' || /^[+−-]$/.test(points.value))) {
    points.value = sign === '+' ? '' : sign;
  }
  preview(points);
  points.focus();
  points.setSelectionRange(points.value.length, points.value.length);
}

addEventListener('encore:close', (event) => {
  const open = document.getElementById(event.detail.id);
  if (open?.close) open.close();
  else open?.removeAttribute('open');
});

// --- The balance after the change, while it is typed

addEventListener('input', (event) => {
  if (event.target.dataset?.balance !== undefined) preview(event.target);
});

function preview(points) {
  const line = points.form.querySelector('[data-preview]');
  const show = (value) => new Intl.NumberFormat(points.dataset.locale).format(value);
  const balance = BigInt(points.dataset.balance);
  const typed = points.value.trim().replace('−', '-');
  const isNumber = /^[+-]?\d{1,15}$/.test(typed);
  const after = isNumber ? balance + BigInt(typed.replace('+', '')) : balance;
  const isTooMuch = after < 0n && typed.startsWith('-');
  const sentence = isNumber ? (isTooMuch ? 'tooMuch' : 'after') : 'balance';
  line.textContent = say(sentence, { balance: show(balance), after: show(after) });
}

// --- Toasts

addEventListener('encore:toast', (event) => toast(event.detail.message));

function toast(message, isError = false) {
  globalThis.shopify?.toast?.show(message, { isError });
}

addEventListener('htmx:response:error', (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx)) return;
  const { status } = ctx.response;
  if (status === 401) toast(say('ended'), true);
  else if (status >= 500) toast(say('failed'), true);
});

addEventListener('htmx:error', (event) => {
  const { ctx } = event.detail;
  if (ctx && !isPoll(ctx)) toast(say('offline'), true);
});

// A poll that fails comes again by itself: no reason to disturb anybody.
const isPoll = (ctx) => ctx.sourceElement?.getAttribute('hx-trigger')?.startsWith('every');

addEventListener('htmx:before:swap', (event) => {
  const { ctx } = event.detail;
  if (!ctx.select?.startsWith('#')) return;
  // An answer without the part that was asked for (a proxy's error page) must not blank the page.
  if (!ctx.text.includes(`id="${ctx.select.slice(1)}"`)) event.preventDefault();
  // The admin reads the title when the address changes, which is before htmx sets it.
  else if (ctx.title) document.title = ctx.title;
});

// A refused form comes back with its error: that is where the focus belongs.
addEventListener('htmx:after:swap', (event) => {
  const { ctx } = event.detail;
  if (ctx.response?.status === 422 || ctx.response?.status === 409) {
    const form = document.querySelector('dialog[open]') ?? document.getElementById('main');
    form?.querySelector('[aria-invalid]')?.focus();
  } else if (ctx.select === '#main') {
    document.getElementById('main')?.focus({ preventScroll: true });
  }
});

// --- Shopify admin's navigation: swap the page instead of loading a new document

document.addEventListener('shopify:navigate', (event) => {
  const address = new URL(event.target.getAttribute('href') ?? '', location.href);
  if (address.origin !== location.origin) return;
  event.preventDefault();
  htmx.ajax('GET', address.pathname + address.search, PAGE);
});

// --- An email in a frame of its own: it runs nothing, loads nothing and styles nothing outside

const INLINE = / style="([^"]*)"/g;
const SHEET = /<style[^>]*>([\s\S]*?)<\/style>/g;

function showEmail(frame) {
  const page = frame.contentDocument;
  if (!page || frame.dataset.shown === frame.dataset.email) return;
  frame.dataset.shown = frame.dataset.email;
  const sheets = [...frame.dataset.email.matchAll(SHEET)].map(([, css]) => css);
  const plain = frame.dataset.email.replace(SHEET, '').replace(INLINE, ' data-style="$1"');
  const email = new DOMParser().parseFromString(plain, 'text/html');
  page.documentElement.replaceWith(page.adoptNode(email.documentElement));
  // The page's policy lets no style in that is written down, and what is set from here it lets in.
  for (const part of page.querySelectorAll('[data-style]')) part.style.cssText = part.dataset.style;
  const sheet = new frame.contentWindow.CSSStyleSheet();
  sheet.replaceSync(sheets.join('\n'));
  page.adoptedStyleSheets = [sheet];
  frame.style.blockSize = `${page.documentElement.scrollHeight}px`;
}

const showEmails = () => document.querySelectorAll('iframe[data-email]').forEach(showEmail);
addEventListener('DOMContentLoaded', showEmails);
addEventListener('htmx:after:swap', showEmails);
// Some browsers put an empty page into a new frame only after a moment.
addEventListener('load', ({ target }) => {
  if (target.dataset?.email === undefined) return;
  delete target.dataset.shown;
  showEmail(target);
}, true);

// --- Files: fetched, for a link would carry no token

addEventListener('click', (event) => {
  const button = event.target.closest('[data-download]');
  if (button) download(button).catch(() => toast(say('offline'), true));
});

async function download(button) {
  button.disabled = true;
  const label = button.textContent;
  try {
    const answer = await fetch(fileAddress(button));
    if (!answer.ok) {
      toast(say(answer.status === 404 ? 'noFile' : 'failed'), true);
      return;
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await received(answer, (share) => { button.textContent = `${label} ${share}%`; }));
    link.download = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition'))?.[1] ?? 'data.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } finally {
    button.disabled = false;
    button.textContent = label;
  }
}

// What a form around the button says goes with it: whom the file is to hold.
function fileAddress({ dataset, form }) {
  return form ? `${dataset.download}?${new URLSearchParams(new FormData(form))}` : dataset.download;
}

// A file that tells its lines shows how far it is.
async function received(answer, tell) {
  const lines = Number(answer.headers.get('Encore-Rows'));
  if (!lines) return answer.blob();
  const reader = answer.body.getReader();
  const parts = [];
  for (let seen = 0, part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    for (const byte of part.value) if (byte === 10) seen += 1;
    tell(Math.min(100, Math.floor((100 * seen) / lines)));
  }
  return new Blob(parts, { type: 'text/csv' });
}

// --- Members that are ticked, and what can be done for them

addEventListener('change', ({ target }) => {
  if (target.dataset?.markAll !== undefined) {
    document.querySelectorAll('[data-mark]').forEach((mark) => { mark.checked = target.checked; });
  }
  if (target.matches?.('[data-mark], [data-mark-all], [data-mark-every]')) showMarked();
});

function showMarked() {
  const bar = document.getElementById('marked');
  const marks = [...document.querySelectorAll('[data-mark]')];
  const count = marks.filter((mark) => mark.checked).length;
  const isAll = count === marks.length;
  const every = bar.querySelector('[data-mark-every]');
  bar.hidden = count === 0;
  every.closest('label').hidden = !isAll;
  if (!isAll) every.checked = false;
  document.querySelector('[data-mark-all]').checked = isAll;
  bar.querySelector('output').value = say(every.checked ? 'every' : 'selected', { count });
}

// --- The token of the first load is spent: it has no business in the address

const address = new URL(location.href);
if (address.searchParams.has('id_token')) {
  address.searchParams.delete('id_token');
  history.replaceState(history.state, '', address);
}
