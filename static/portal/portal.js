// The portal works without this file. It adds: a retry bar, confirmations, a segment counter, menus that close.
"use strict";

// --- what is said here, in the user's language
const WORDS = JSON.parse(document.getElementById("words").textContent);
const put = (words, values) => words.replace(/{(\w+)}/g, (_, name) => values[name]);

// --- a failed htmx request can be tried again, and nothing on the page is lost meanwhile
let failed = null;
const bar = document.getElementById("retry-bar");

function offerRetry(event) {
  failed = event.detail.requestConfig;
  const offline = event.type === "htmx:sendError" || event.type === "htmx:timeout";
  bar.querySelector("[data-words]").textContent = offline ? WORDS.offline : WORDS.failed;
  bar.hidden = false;
}

if (bar) {
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(name, offerRetry);
  }
  document.body.addEventListener("htmx:afterRequest", (event) => {
    // Another part of the page may go on polling well: only the request that failed takes the bar away.
    if (event.detail.successful && failed && event.detail.requestConfig.path === failed.path) bar.hidden = true;
  });
  bar.querySelector("button").addEventListener("click", () => {
    if (!failed) return;
    bar.hidden = true;
    window.htmx.ajax(failed.verb, failed.path, {
      source: failed.elt,
      target: failed.target,
      values: failed.verb === "get" ? {} : Object.fromEntries(failed.formData),
    });
  });
}

// --- acts that cannot be undone ask first
// In the capturing phase: htmx listens on the form itself and would send it before a listener further up is asked.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (!question || window.confirm(question)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// --- how many texts a reply will be: GSM 7-bit counts 160/153, anything else 70/67
const GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ!\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_TWICE = "^{}\\[~]|€";

function segments(text) {
  let septets = 0;
  for (const letter of text) {
    if (GSM.includes(letter)) septets += 1;
    else if (GSM_TWICE.includes(letter)) septets += 2;
    else return { parts: text.length <= 70 ? 1 : Math.ceil(text.length / 67), plain: false };
  }
  return { parts: septets <= 160 ? 1 : Math.ceil(septets / 153), plain: true };
}

function count(box) {
  const out = document.getElementById(box.dataset.segments);
  if (!out) return;
  const { parts, plain } = segments(box.value);
  const texts = parts === 1 ? WORDS.oneText : put(WORDS.texts, { n: parts });
  const length = put(WORDS.length, { n: box.value.length, texts });
  out.textContent = box.value ? `${length}${plain ? "" : WORDS.special}` : "";
}

document.addEventListener("input", (event) => {
  if (event.target.dataset.segments) count(event.target);
});

// --- what the page asks for by itself is no sign that somebody sits there: the idle sign-out does not count it
document.body.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.triggeringEvent) event.detail.headers["X-By-Itself"] = "1";
});

// --- half-typed words are kept on the server, and put back after signing in again
const token = document.body.dataset.csrf;

function placeOf(box) {
  return `${location.pathname}#${box.name}`;
}

function keep(box, text) {
  const body = new URLSearchParams({ place: placeOf(box), text });
  fetch("/drafts/", { method: "POST", body, headers: { "X-CSRFToken": token }, keepalive: true }).catch(() => {});
}

for (const box of document.querySelectorAll("[data-draft]")) {
  if (!box.value) {
    fetch(`/drafts/?${new URLSearchParams({ place: placeOf(box) })}`)
      .then((answer) => (answer.ok ? answer.json() : { text: "" }))
      .then(({ text }) => {
        if (!text || box.value) return;
        box.value = text;
        box.dispatchEvent(new Event("input", { bubbles: true }));
        say(WORDS.back);
      })
      .catch(() => {});
  }
}

let soon = null;
document.addEventListener("input", (event) => {
  const box = event.target;
  if (!("draft" in box.dataset)) return;
  clearTimeout(soon);
  soon = setTimeout(() => keep(box, box.value), 1000);
});
document.addEventListener("submit", (event) => {
  for (const box of event.target.querySelectorAll("[data-draft]")) {
    clearTimeout(soon);
    keep(box, "");
  }
});

// --- menus made of <details> close on a click elsewhere and on Escape
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const close = event.target.closest("[data-dismiss]");
  if (close) close.closest(".alert").remove();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
});

// --- a page is printed with what it folds away on the screen
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details[data-print-open]:not([open])")];
  for (const part of unfolded) part.open = true;
});
window.addEventListener("afterprint", () => {
  for (const part of unfolded) part.open = false;
});

// --- one tick for all rows of a page; a list that is drawn anew gets its own
function offerTickAll() {
  for (const label of document.querySelectorAll("[data-tick-all]")) label.hidden = false;
}
offerTickAll();
document.body.addEventListener("htmx:afterSwap", offerTickAll);
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-tick-all] input");
  if (!all) return;
  for (const box of all.form.elements) if (box.classList.contains("tick")) box.checked = all.checked;
});

// --- a thread opens at its newest text
function toNewest() {
  for (const thread of document.querySelectorAll("[data-newest]")) thread.scrollTop = thread.scrollHeight;
}
toNewest();

// --- what changes by itself keeps its place: opened details stay open, the keyboard stays near, news are said
const news = document.getElementById("news");
let opened = [];
let hadFocus = false;
let texts = document.querySelectorAll("#transcript .bubble").length;

function say(words) {
  if (news && news.textContent !== words) news.textContent = words;
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  opened = [...part.querySelectorAll("details[id][open]")].map((one) => one.id);
  hadFocus = part.contains(document.activeElement);
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  const part = event.detail.target;
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (part.id === "transcript") {
    toNewest();
    const now = part.querySelectorAll(".bubble").length;
    if (now > texts) say(put(WORDS.newText, { n: now }));
    texts = now;
  }
  if ("counted" in part.dataset) {
    const rows = part.querySelectorAll("tbody tr").length;
    const empty = part.querySelector(".empty-row");
    say(empty ? empty.textContent.trim() : rows === 1 ? WORDS.oneRow : put(WORDS.rows, { n: rows }));
  }
  if (part.id === "reply") part.querySelector("textarea").focus();
  else if (hadFocus && document.activeElement === document.body) part.focus({ preventScroll: true });
});
for (const box of document.querySelectorAll("[data-segments]")) count(box);

// --- an emergency that nobody has acknowledged is heard, not only seen: once when it appears, then once a minute
let sounded = 0;
let sound = null;

function ring() {
  if (!document.querySelector("[data-alarm]") || Date.now() - sounded < 60000) return;
  sound ??= new AudioContext();
  if (sound.state === "suspended") return; // browsers keep a page silent until somebody touches it
  sounded = Date.now();
  for (const [at, tone] of [[0, 880], [0.25, 660], [0.5, 880]]) {
    const voice = sound.createOscillator();
    const loudness = sound.createGain();
    voice.frequency.value = tone;
    loudness.gain.value = 0.2;
    voice.connect(loudness).connect(sound.destination);
    voice.start(sound.currentTime + at);
    voice.stop(sound.currentTime + at + 0.2);
  }
}

for (const touch of ["pointerdown", "keydown"]) {
  document.addEventListener(touch, () => {
    if (sound?.state === "suspended") sound.resume().then(ring);
  });
}
document.body.addEventListener("htmx:afterSwap", ring);
ring();

// --- a kept or suggested reply goes where the cursor is
document.addEventListener("click", (event) => {
  const kept = event.target.closest("[data-insert]");
  if (!kept) return;
  event.preventDefault();
  const box = document.getElementById("body");
  box.setRangeText(kept.dataset.insert, box.selectionStart, box.selectionEnd, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  const list = document.getElementById("kept");
  if (list) list.open = false;
  box.focus();
});
