/* The admin's side of the frame: draws menu, toasts and save bar, and mints tokens for the app. */
"use strict";

const facts = JSON.parse(document.getElementById("facts").textContent);
const frame = document.getElementById("app");
const base = `/store/${facts.handle}/apps/encore`;
const part = (id) => document.getElementById(id);

// Every message of the app, for tests that look at what it asked for.
window.messages = [];

function command(type, data = {}) {
  frame.contentWindow.postMessage({ appBridge: true, type, data }, facts.appOrigin);
}

addEventListener("message", async (event) => {
  const fromApp = event.origin === facts.appOrigin && event.source === frame.contentWindow;
  if (!fromApp || !event.data?.appBridge) return;
  const { request, type, data } = event.data;
  window.messages.push({ type, data });
  const answer = await handlers[type]?.(data);
  if (request) {
    frame.contentWindow.postMessage({ appBridge: true, request, data: answer }, facts.appOrigin);
  }
});

const handlers = {
  "id-token": mintToken,
  user: () => ({ ...facts.user, accountAccess: "account owner" }),
  menu: drawMenu,
  address: followAddress,
  toast: showToast,
  "toast-hide": hideToast,
  "ui-save-bar": ({ isOpen }) => part("save-bar").classList.toggle("open", isOpen),
  "ui-modal": showModal,
  "s-app-window": showModal,
  loading: ({ isLoading }) => part("loading").classList.toggle("on", isLoading),
  redirect: ({ url }) => location.assign(url),
  "resource-picker": () => [facts.products[0]],
  "leave-confirmation": confirmLeaving,
  scopes: () => scopeDetail(),
  "scopes-request": ({ scopes }) => changeScopes([...facts.scopes, ...scopes]),
  "scopes-revoke": ({ scopes }) => changeScopes(facts.scopes.filter((s) => !scopes.includes(s))),
};

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

async function mintToken() {
  const answer = await post("/_admin/session-token", { shop: facts.shop, user: facts.user.id });
  return answer.token;
}

// --- menu and address

function adminPath(appPath) {
  const path = appPath.replace(/^\/app(?=[/?]|$)/, "").replace(/^\/(?=\?|$)/, "");
  return `${base}${path}`;
}

function drawMenu({ items }) {
  const links = items.filter((item) => !item.isHome).map((item) => {
    const link = document.createElement("a");
    link.href = adminPath(item.href);
    link.textContent = item.label;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      part("menu").classList.remove("open");
      command("navigate", { href: item.href });
    });
    return link;
  });
  part("app-menu").replaceChildren(...links);
  markCurrent();
}

function followAddress({ path, title }) {
  if (!/^\/app([/?]|$)/.test(path)) return;
  const address = new URL(adminPath(path), location.origin);
  const user = new URLSearchParams(location.search).get("user");
  if (user) address.searchParams.set("user", user);
  history.replaceState(null, "", address);
  if (title) {
    part("title").textContent = title;
    document.title = `${title} · ${facts.shop}`;
  }
  markCurrent();
}

function markCurrent() {
  for (const link of part("app-menu").children) {
    const isCurrent = location.pathname.startsWith(new URL(link.href).pathname);
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

part("menu-button").addEventListener("click", () => part("menu").classList.toggle("open"));
part("user").addEventListener("change", (event) => {
  const address = new URL(location.href);
  address.searchParams.set("user", event.target.value);
  location.assign(address);
});

// --- toast, save bar, modal

let toastTimer = 0;

function showToast({ id, message, isError, duration, action }) {
  part("toast-text").textContent = message;
  part("toast").classList.toggle("error", isError);
  part("toast").classList.add("open");
  const button = part("toast-action");
  button.hidden = !action;
  button.textContent = action ?? "";
  button.onclick = () => command("toast-action", { id });
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    hideToast();
    command("toast-dismiss", { id });
  }, duration);
}

function hideToast() {
  part("toast").classList.remove("open");
}

part("save").addEventListener("click", () => command("save"));
part("discard").addEventListener("click", () => command("discard"));

function confirmLeaving() {
  const isDirty = part("save-bar").classList.contains("open");
  if (isDirty && !confirm("Leave the page with unsaved changes?")) return new Promise(() => {});
  return undefined;
}

function showModal({ isOpen, id, src }) {
  const dialog = part("modal");
  if (!isOpen) return dialog.close();
  dialog.dataset.element = id;
  part("modal-frame").hidden = !src;
  if (src) part("modal-frame").src = new URL(src, facts.appOrigin).href;
  return dialog.showModal();
}

part("modal").addEventListener("close", (event) => {
  command("modal-closed", { id: event.target.dataset.element });
});

// --- scopes

function scopeDetail() {
  return { granted: facts.scopes, required: facts.scopes, optional: facts.optionalScopes };
}

async function changeScopes(scopes) {
  await post("/_control/scopes", { shop: facts.shop, scopes });
  facts.scopes = scopes;
  return { result: "granted-all", detail: scopeDetail() };
}
