// The till's page: home screen, cart and checkout, and the desk from which people drive it.

import {ask, createDevice} from './device.js';

const facts = JSON.parse(document.getElementById('facts').textContent);
const at = (id) => document.getElementById(id);

const screen = {
  toast(content) {
    at('toast').textContent = content;
    at('toast').hidden = false;
    clearTimeout(screen.toastTimer);
    screen.toastTimer = setTimeout(() => (at('toast').hidden = true), 4000);
  },
  presentModal(target) {
    screen.closeModal();
    const frame = document.createElement('iframe');
    frame.title = target;
    frame.name = target;
    frame.src = `/extension/${target}?locale=${facts.locale}&dir=${facts.dir}`;
    at('modal').append(frame);
    at('modal').hidden = false;
  },
  closeModal() {
    at('modal').querySelector('iframe')?.remove();
    at('modal').hidden = true;
    screen.showCamera(false);
    // The home screen is drawn anew when it comes back.
    document.querySelectorAll('iframe.tile').forEach((tile) => tile.contentWindow.location.reload());
  },
  /** Digits for an extension: it says whether they are accepted, and hears how the pad closed. */
  showPinPad(onSubmit, {title, label, masked = true, minPinLength, maxPinLength, onDismissed}) {
    const pad = at('pin-pad');
    const close = (result) => {
      pad.hidden = true;
      onDismissed?.(result);
    };
    at('pin-title').textContent = title ?? '';
    at('pin-label').textContent = label ?? '';
    at('pin-problem').textContent = '';
    at('pin').value = '';
    at('pin').type = masked ? 'password' : 'text';
    pad.hidden = false;
    at('pin').focus();
    at('pin-cancel').onclick = () => close({completed: false});
    pad.onsubmit = async (event) => {
      event.preventDefault();
      const pin = [...at('pin').value].map(Number);
      const isWhole = pin.every((digit) => digit >= 0 && digit <= 9);
      if (!isWhole || pin.length < minPinLength || pin.length > maxPinLength) {
        at('pin-problem').textContent = `${minPinLength} to ${maxPinLength} digits`;
        return;
      }
      const verdict = await onSubmit(pin);
      if (verdict?.result === 'accept') close({completed: true, pin});
      else at('pin-problem').textContent = verdict?.errorMessage ?? 'Not accepted';
    };
  },
  showCamera(isOn) {
    at('camera').hidden = !isOn;
    if (isOn) at('scan-source').value = 'camera';
  },
};

const device = createDevice(facts, screen);

// What frames ask for: they run on this same origin.
window.till = {
  device,
  closeModal: screen.closeModal,
  refuse(what) {
    at('refusals').hidden = false;
    at('refusals').append(Object.assign(document.createElement('p'), {textContent: what}));
    void device.note('refused', what);
  },
};

function showPlace() {
  const place = facts.locations.find(({id}) => id === facts.location);
  at('place').textContent = `${facts.shop} · ${place.name}`;
  for (const {id, name} of facts.staff) at('user').append(new Option(name, id, false, id === facts.user));
  at('access').checked = facts.hasAccess;
}

function showCart(cart) {
  const {customer} = cart;
  at('customer').textContent = customer ? device.cart.names.get(customer.id) : 'No customer';
  at('remove-customer').hidden = !customer;
  at('discounts').replaceChildren(
    ...cart.cartDiscounts.map(({amount, discountDescription: code}) =>
      Object.assign(document.createElement('p'), {textContent: `${code}: −${amount.toFixed(2)}`}),
    ),
  );
  at('total').textContent = `Total ${cart.grandTotal}`;
}

async function checkout() {
  const {customer} = device.cart.current.value;
  const sale = {shop: facts.shop, user: facts.user, location: facts.location};
  const codes = device.cart.codes;
  const wanted = {...sale, amount: at('amount').value, customer_id: customer?.id ?? null, codes};
  try {
    const order = await ask('/_till/checkout', wanted);
    at('receipt').textContent = `Paid ${order.total}, order ${order.name}`;
    device.cart.clear();
    device.cart.setAmount(at('amount').value);
  } catch (error) {
    at('receipt').textContent = `Not paid: ${error.message}`;
  }
}

function goTo(changes) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) address.searchParams.set(name, value);
  location.href = address;
}

// Not before: a frame that is quicker than this script would find no till.
for (const tile of document.querySelectorAll('iframe.tile')) tile.src = tile.dataset.src;
device.cart.current.subscribe(showCart);
showPlace();
device.cart.setAmount(at('amount').value);
at('amount').addEventListener('input', () => device.cart.setAmount(at('amount').value));
at('remove-customer').addEventListener('click', () => device.cart.removeCustomer());
at('checkout').addEventListener('click', checkout);
at('close-modal').addEventListener('click', screen.closeModal);
at('camera-off').addEventListener('click', () => screen.showCamera(false));
at('scanner').addEventListener('submit', (event) => {
  event.preventDefault();
  device.scan(at('scan-text').value, at('scan-source').value);
});
at('offline').addEventListener('change', () => {
  const isOffline = at('offline').checked;
  at('network').textContent = isOffline ? 'Offline' : 'Online';
  at('network').classList.toggle('off', isOffline);
  device.connectivity.set({internetConnected: isOffline ? 'Disconnected' : 'Connected'});
});
for (const mode of ['lose_request', 'lose_answer']) {
  at(mode.replace('_', '-')).addEventListener('click', () => ask('/_control/faults', {mode}));
}
at('user').addEventListener('change', () => goTo({user: at('user').value}));
at('access').addEventListener('change', () => goTo({access: at('access').checked ? 'yes' : 'no'}));
