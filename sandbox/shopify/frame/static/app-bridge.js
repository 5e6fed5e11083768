/*
 * Stands in for Shopify's app-bridge.js inside the app's frame: the same public
 * API, spoken to our own admin page by postMessage. Loaded from the admin's
 * origin, so that `ADMIN` is the only window this script talks to.
 */
(() => {
  "use strict";

  const script = document.currentScript;
  const ADMIN = new URL(script.src).origin;
  const query = new URLSearchParams(location.search);
  const RETRY_HEADER = "X-Shopify-Retry-Invalid-Session-Request";
  const REAUTHORIZE_HEADER = "X-Shopify-API-Request-Failure-Reauthorize-Url";
  const SHOPIFY_PARAMETERS = [
    "id_token", "hmac", "host", "shop", "embedded", "session", "timestamp", "locale",
    "shopify-reload",
  ];

  // --- messages to and from the admin

  let lastRequest = 0;
  const waiting = new Map();

  function tell(type, data = {}) {
    parent.postMessage({ appBridge: true, type, data }, ADMIN);
  }

  function ask(type, data = {}) {
    return new Promise((resolve) => {
      lastRequest += 1;
      waiting.set(lastRequest, resolve);
      parent.postMessage({ appBridge: true, request: lastRequest, type, data }, ADMIN);
    });
  }

  addEventListener("message", (event) => {
    const fromAdmin = event.origin === ADMIN && event.source === parent;
    if (!fromAdmin || !event.data?.appBridge) return;
    const { request, type, data } = event.data;
    if (request && waiting.has(request)) {
      waiting.get(request)(data);
      waiting.delete(request);
    } else if (commands[type]) {
      commands[type](data);
    }
  });

  const commands = {
    navigate: (data) => navigate(data.href),
    "toast-action": (data) => toasts.get(data.id)?.onAction?.(),
    "toast-dismiss": (data) => toasts.get(data.id)?.onDismiss?.(),
    save: () => saveBarButton("[variant=primary]")?.click(),
    discard: () => saveBarButton(":not([variant=primary])")?.click(),
    "modal-closed": (data) => document.getElementById(data.id)?.hide?.(),
  };

  // --- session tokens, and fetch with them

  let kept = null;

  function isFresh(token) {
    const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    return JSON.parse(atob(payload)).exp * 1000 > Date.now() + 5000;
  }

  async function idToken({ renew = false } = {}) {
    if (renew || !kept || !isFresh(kept)) kept = await ask("id-token");
    return kept;
  }

  const plainFetch = window.fetch.bind(window);

  async function fetchWithToken(request, options) {
    const authorized = new Request(request.clone());
    authorized.headers.set("Authorization", `Bearer ${await idToken(options)}`);
    return plainFetch(authorized);
  }

  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    const isOurs = new URL(request.url).hostname === location.hostname;
    if (!isOurs || request.headers.has("Authorization")) return plainFetch(request);
    let response = await fetchWithToken(request);
    if (response.status === 401 && response.headers.has(RETRY_HEADER)) {
      response = await fetchWithToken(request, { renew: true });
    }
    const reauthorize = response.headers.get(REAUTHORIZE_HEADER);
    if (reauthorize) tell("redirect", { url: new URL(reauthorize, location).href });
    return response;
  };

  // --- the bounce page: come back with a token

  const reload = query.get("shopify-reload");

  async function bounce() {
    const target = new URL(reload, location.href);
    if (target.origin !== location.origin) return;
    target.searchParams.set("id_token", await idToken());
    location.replace(target);
  }

  if (reload) bounce();

  // --- navigation: the admin's address follows the app, and its menu leads it

  function tellAddress() {
    if (reload) return;
    const here = new URL(location.href);
    SHOPIFY_PARAMETERS.forEach((name) => here.searchParams.delete(name));
    tell("address", { path: here.pathname + here.search, title: document.title });
  }

  for (const method of ["pushState", "replaceState"]) {
    const original = history[method];
    history[method] = function (...parameters) {
      original.apply(this, parameters);
      tellAddress();
    };
  }
  addEventListener("popstate", tellAddress);

  let isNavigationHandled = false;
  const addDocumentListener = document.addEventListener;
  document.addEventListener = function (type, ...rest) {
    if (type === "shopify:navigate") isNavigationHandled = true;
    return addDocumentListener.call(this, type, ...rest);
  };

  function navigate(href) {
    const links = [...document.querySelectorAll("s-app-nav a, ui-nav-menu a")];
    const link = links.find((candidate) => candidate.getAttribute("href") === href);
    const event = new Event("shopify:navigate", { bubbles: true, cancelable: true });
    (link ?? document.documentElement).dispatchEvent(event);
    // An app without a listener is navigated as a document.
    if (!isNavigationHandled) location.assign(href);
  }

  function tellMenu() {
    const menu = document.querySelector("s-app-nav, ui-nav-menu");
    if (!menu) return;
    const items = [...menu.children].map((link) => ({
      href: link.getAttribute("href"),
      label: link.textContent.trim(),
      isHome: link.getAttribute("rel") === "home",
    }));
    tell("menu", { items });
  }

  // --- elements that the admin draws around the frame

  const toasts = new Map();

  function saveBarButton(variant) {
    return document.querySelector(`ui-save-bar button${variant}`);
  }

  class AdminElement extends HTMLElement {
    connectedCallback() {
      setTimeout(tellMenu);
    }

    show() {
      return this.toggle(true);
    }

    hide() {
      return this.toggle(false);
    }

    async toggle(isOpen = !this.hasAttribute("open")) {
      if (isOpen === this.hasAttribute("open")) return;
      this.toggleAttribute("open", isOpen);
      this.dispatchEvent(new Event(isOpen ? "show" : "hide"));
      tell(this.localName, { isOpen, id: this.id, src: this.getAttribute("src") });
    }
  }

  const elements = [
    "s-app-nav", "ui-nav-menu", "ui-title-bar", "ui-save-bar", "ui-modal", "s-app-window",
  ];
  for (const name of elements) customElements.define(name, class extends AdminElement {});

  // A form with `data-save-bar` opens the bar on its first change.
  function watchForms() {
    for (const form of document.querySelectorAll("form[data-save-bar]")) {
      form.addEventListener("input", () => tell("ui-save-bar", { isOpen: true }));
      form.addEventListener("submit", () => tell("ui-save-bar", { isOpen: false }));
      form.addEventListener("reset", () => tell("ui-save-bar", { isOpen: false }));
    }
    commands.save = () =>
      saveBarButton("[variant=primary]")?.click() ??
      document.querySelector("form[data-save-bar]")?.requestSubmit();
    commands.discard = () =>
      saveBarButton(":not([variant=primary])")?.click() ??
      document.querySelector("form[data-save-bar]")?.reset();
  }

  const byId = (id) => document.getElementById(id);
  const metaKey = document.querySelector('meta[name="shopify-api-key"]')?.content;

  window.shopify = {
    config: {
      apiKey: script.dataset.apiKey ?? metaKey ?? "",
      host: query.get("host") ?? "",
      shop: query.get("shop") ?? "",
      locale: query.get("locale") ?? "en",
    },
    origin: ADMIN,
    ready: Promise.resolve(),
    environment: { embedded: window.top !== window.self, mobile: false, pos: false, intent: false },
    idToken: () => idToken(),
    user: () => ask("user"),
    loading: (isLoading = true) => tell("loading", { isLoading }),
    toast: {
      show(message, options = {}) {
        const id = `toast-${toasts.size + 1}`;
        toasts.set(id, options);
        const { isError = false, duration = 5000, action = null } = options;
        tell("toast", { id, message, isError, duration, action });
        return id;
      },
      hide: (id) => tell("toast-hide", { id }),
    },
    saveBar: {
      show: async (id) => (id && byId(id) ? byId(id).show() : tell("ui-save-bar", { isOpen: true })),
      hide: async (id) => (id && byId(id) ? byId(id).hide() : tell("ui-save-bar", { isOpen: false })),
      toggle: async (id) => byId(id)?.toggle(),
      leaveConfirmation: () => ask("leave-confirmation"),
    },
    modal: {
      show: async (id) => byId(id)?.show(),
      hide: async (id) => byId(id)?.hide(),
      toggle: async (id) => byId(id)?.toggle(),
    },
    resourcePicker: (options) => ask("resource-picker", { type: options?.type }),
    scopes: {
      query: () => ask("scopes"),
      request: (scopes) => ask("scopes-request", { scopes }),
      revoke: (scopes) => ask("scopes-revoke", { scopes }),
    },
  };

  addEventListener("DOMContentLoaded", () => {
    tellMenu();
    tellAddress();
    watchForms();
    tell("ready");
  });
})();
