// What the page does besides fetching its parts: theme, clocks, keyboard, filter, connection badge.
"use strict";

const root = document.documentElement;
const all = (selector) => [...document.querySelectorAll(selector)];

// Theme.
document.addEventListener("click", (event) => {
  if (!event.target.closest("#theme")) return;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch (error) {
    console.warn("the theme cannot be remembered:", error.message);
  }
});

// Clocks: ages grow and countdowns run between two notices.
const unit = (seconds) => {
  for (const [size, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${name}`;
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
};
const left = (seconds) => {
  if (seconds <= 0) return "expired";
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
};
const tick = () => {
  const now = Date.now();
  for (const time of all("time[data-age]")) {
    const text = unit((now - Date.parse(time.dateTime)) / 1000) + (time.dataset.age === "ago" ? " ago" : "");
    if (time.dateTime && time.textContent !== text) time.textContent = text;
  }
  for (const time of all("time[data-left]")) {
    const seconds = (Date.parse(time.dateTime) - now) / 1000;
    if (time.dateTime && time.textContent !== left(seconds)) time.textContent = left(seconds);
    time.classList.toggle("soon", seconds < 300);
  }
};
setInterval(tick, 1000);

// Filter: hides what does not match; the list may have been fetched again meanwhile.
const filter = () => {
  const field = document.getElementById("filter");
  if (!field) return;
  const wanted = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const rows = all(".incidents > li");
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !wanted.every((word) => text.includes(word));
  }
  const none = document.getElementById("no-match");
  if (none) none.hidden = !rows.length || rows.some((row) => !row.hidden);
};
document.addEventListener("input", (event) => event.target.id === "filter" && filter());

// Selection follows the address; the title follows the selection.
const mark = () => {
  const pane = document.getElementById("pane");
  if (!pane) return;
  for (const link of all(".incidents a.row")) {
    const current = link.pathname === location.pathname;
    current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }
  document.title = pane.dataset.title;
};
document.addEventListener("htmx:after:swap", () => {
  mark();
  filter();
  tick();
});

// Keyboard: j and k walk the list, / filters, Escape goes back.
const walk = (step) => {
  const links = all(".incidents > li:not([hidden]) a.row");
  if (!links.length) return;
  let at = links.indexOf(document.activeElement);
  if (at < 0) at = links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))];
  next.focus();
  next.click();
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "Escape" && typing) return typing.blur();
  if (typing) return;
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (event.key === "/") {
    event.preventDefault();
    document.getElementById("filter")?.focus();
  } else if (event.key === "Escape" && location.pathname !== "/") document.querySelector("a.back")?.click();
});

// Connection badge: says whether what is seen is live, and since when it is not.
let lost = null;
const badge = (state) => {
  const shown = document.getElementById("connection");
  if (!shown) return;
  lost = state === "live" ? null : (lost ?? Date.now());
  shown.dataset.state = state;
  shown.textContent = state === "live" ? "live" : state;
};
setInterval(() => {
  const shown = document.getElementById("connection");
  if (shown && lost && shown.dataset.state === "reconnecting") {
    shown.textContent = `not live for ${unit((Date.now() - lost) / 1000)}`;
  }
}, 1000);
document.addEventListener("htmx:sse:after:connection", () => badge("live"));
document.addEventListener("htmx:sse:error", () => badge("reconnecting"));
document.addEventListener("htmx:sse:close", () => badge("reconnecting"));
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (event.detail.connection.attempt > 0) badge("reconnecting");
});
mark();
