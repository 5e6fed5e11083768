// `fetch` inside an extension: our server's requests carry a session token, others do not.

// Taken before the extension's own takes its place.
const browserFetch = window.fetch.bind(window);

export function createFetch(frame, device) {
  const appOrigin = new URL(frame.appUrl).origin;
  return async (input, init = {}) => {
    const url = addressOf(input, `${frame.appUrl}/app/`);
    if (url.protocol === 'shopify:') throw new TypeError('direct API access is off in the TOML');
    const isApp = url.origin === appOrigin;
    if (url.protocol !== 'https:' && !isApp) throw new TypeError('POS fetches https only');
    if (!device.isConnected()) throw lost();
    const fate = await device.fate({
      method: (init.method ?? 'GET').toUpperCase(),
      path: url.pathname,
      to: isApp ? 'app' : url.origin,
    });
    if (fate.mode === 'lose_request') throw lost();
    if (fate.mode === 'fail') return new Response('', {status: fate.status});
    if (fate.mode === 'stall') await pause(fate.seconds);
    const headers = new Headers(init.headers);
    const token = isApp ? await device.session.getSessionToken() : undefined;
    if (token) headers.set('Authorization', `Bearer ${token}`);
    const response = await browserFetch(url, {...init, headers, credentials: 'omit'});
    // The server has done its work; its answer does not get here.
    if (fate.mode === 'lose_answer') throw lost();
    return response;
  };
}

function addressOf(input, base) {
  return new URL(typeof input === 'string' ? input : (input.url ?? input.href), base);
}

const lost = () => new TypeError('Network request failed');
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
