// What the pages need beyond links and forms: dialogs, toasts, and Shopify admin's own navigation.
// Listeners stand on window or document, so that they outlive every swap.

const PAGE = { target: '#main', select: '#main', swap: 'outerHTML show:top', push: 'true' };

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

addEventListener('encore:close', (event) => document.getElementById(event.detail.id)?.close());

// --- The balance after the change, while it is typed

addEventListener('input', (event) => {
  if (event.target.dataset?.balance !== undefined) preview(event.target);
});

function preview(points) {
  const line = points.form.querySelector('[data-preview]');
  const show = (value) => new Intl.NumberFormat(points.dataset.locale).format(value);
  const balance = BigInt(points.dataset.balance);
  const typed = points.value.trim().replace('−', '-');
  line.textContent = /^[+-]?\d{1,15}$/.test(typed)
    ? `Balance now: ${show(balance)}. After: ${show(balance + BigInt(typed.replace('+', '')))}`
    : `Balance now: ${show(balance)}`;
}

// --- Toasts

addEventListener('encore:toast', (event) => toast(event.detail.message));

function toast(message, isError = false) {
  globalThis.shopify?.toast?.show(message, { isError });
}

addEventListener('htmx:response:error', (event) => {
  const { status } = event.detail.ctx.response;
  if (status === 401) toast('Your session has ended. Reload the page.', true);
  else if (status >= 500) toast('Something went wrong. Nothing was saved; please try again.', true);
});

addEventListener('htmx:error', (event) => {
  if (event.detail.ctx) toast('No connection. Please try again.', true);
});

// A refused form comes back with its error: that is where the focus belongs.
addEventListener('htmx:after:swap', (event) => {
  const { ctx } = event.detail;
  if (ctx.response?.status === 422 || ctx.response?.status === 409) {
    document.querySelector('dialog[open] [aria-invalid], dialog[open] .field-error')?.focus();
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

// --- The token of the first load is spent: it has no business in the address

const address = new URL(location.href);
if (address.searchParams.has('id_token')) {
  address.searchParams.delete('id_token');
  history.replaceState(history.state, '', address);
}
