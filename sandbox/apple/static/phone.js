// Keeps the part of the page marked data-live as the stand-in has it, without losing what is open.
const live = document.querySelector("[data-live]");

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live]");
  for (const details of live.querySelectorAll("details[open]")) {
    const twin = fresh.querySelector(`#${CSS.escape(details.id)}`);
    if (twin) twin.open = true;
  }
  if (fresh.innerHTML !== live.innerHTML) live.innerHTML = fresh.innerHTML;
}

// A refusal is shown once: there, the page is left as it was answered.
if (live && !document.querySelector(".refused")) {
  setInterval(() => refresh().catch(() => {}), 1500);
}
