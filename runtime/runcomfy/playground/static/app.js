// The page: choosing a model, its form, its check as one types, its code, its run.
"use strict";

import { get, modelPath, post } from "./api.js";
import { fields } from "./fields.js";
import { byId, debounce, el } from "./dom.js";
import { showFindings, verdict } from "./findings.js";
import { refresh, startRuns } from "./runs.js";
import { settled } from "./schema.js";

const LISTED = 100;
const FORMS = { python: "Python", command: "Command line", curl: "curl", json: "JSON" };

let models = [];
let chosen = null;
let form = null;
let snippets = {};
let shownForm = "python";
let state = { live: false };
let price = null;
let checking = null;
let choosing = 0;
// The last report on the inputs, and the names of those that somebody was in.
let report = null;
let touched = new Set();
let started = false;
// The run whose answer was lost: the same inputs are sent again under the same key.
let lost = null;

// An id that breaks at its slashes.
const inParts = (id) => id.split(/(?<=\/)/).flatMap((part, index) => (index ? [el("wbr"), part] : [part]));
const dollars = (value) => `$${Number(value.toPrecision(6))}`;

function listModels() {
  const words = byId("search").value.toLowerCase().split(/[\s/]+/).filter(Boolean);
  const found = models.filter((one) => words.every((word) => one.lower.includes(word)));
  const first = found.length > LISTED ? `; the first ${LISTED} are listed` : "";
  byId("count").textContent = `${found.length.toLocaleString("en")} of ${models.length.toLocaleString("en")} models${first}`;
  byId("models").replaceChildren(...found.slice(0, LISTED).map((one) => el("li", {}, el("button", { type: "button", "data-id": one.id, onclick: () => choose(one.id) }, inParts(one.id)))));
  markChosen();
}

function markChosen() {
  for (const button of byId("models").querySelectorAll("button")) {
    if (button.dataset.id === chosen?.model_id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

const remembered = (id) => {
  try { return JSON.parse(sessionStorage.getItem(`inputs ${id}`) ?? "{}"); } catch { return {}; }
};

function remember() {
  const text = JSON.stringify(form.get(), (key, value) => (value?.$file ? undefined : value));
  try { sessionStorage.setItem(`inputs ${chosen.model_id}`, text); } catch { /* too large for the browser: it is lost at a reload */ }
}

async function choose(id, inputs, { focus = true } = {}) {
  const mine = ++choosing;
  let found;
  try {
    found = await get(modelPath(id));
  } catch (error) {
    byId("hint").hidden = false;
    byId("hint").textContent = error.message;
    return;
  }
  if (mine !== choosing) return;
  chosen = found;
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  byId("title").replaceChildren(...inParts(id));
  byId("hint").hidden = true;
  const root = chosen.schema;
  report = null;
  touched = new Set();
  form = fields({ ...settled(root, root), required: chosen.required }, [], { root, changed, media: chosen.media });
  const general = el("ul", { id: "general", class: "problems", "aria-live": "polite" });
  byId("form").replaceChildren(form.node, general);
  form.set(inputs ?? remembered(id));
  byId("actions").hidden = byId("code").hidden = false;
  byId("verdict").textContent = "";
  price = undefined;
  showPrice(null);
  markChosen();
  if (focus) {
    byId("title").focus({ preventScroll: true });
    byId("title").scrollIntoView({ block: "nearest" });
  }
  changed();
}

// What a run with the inputs on the screen costs; a tick holds for the price that it was given for.
function showPrice(usd) {
  if (price !== usd) byId("confirm").checked = false;
  price = usd;
  const { usd: base, unit, note } = chosen.price;
  const each = base === null || base === usd ? "" : ` (${dollars(base)} for each ${unit ?? "output"})`;
  const sentence = usd === null ? "The price is not known." : `About ${dollars(usd)}${each}.`;
  const here = usd === null ? "A run here costs nothing." : `A run here costs nothing; at RunComfy about ${dollars(usd)}.`;
  byId("price").textContent = state.live ? [sentence, usd === null ? note : ""].filter(Boolean).join(" ") : here;
  byId("consent").hidden = !(state.live && (state.budget === null || usd === null));
  byId("consent").querySelector("span").textContent = usd === null ? "Run it and pay whatever it costs" : `Run it and pay about ${dollars(usd)}`;
}

const check = debounce(async () => {
  checking?.abort();
  checking = new AbortController();
  const { signal } = checking;
  const body = { model_id: chosen.model_id, payload: form.get() };
  try {
    report = await post("/api/check", body, signal);
    showReport();
    showPrice(report.price);
    snippets = await post("/api/snippets", body, signal);
    showSnippet();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, "errors");
  }
}, 120);

function showReport() {
  started = false;
  if (!report) return;
  showFindings(byId("form"), form, byId("general"), report, touched);
  say(...verdict(report, touched));
}

// Somebody was in an input: from now on it says that it is required.
function touch(names) {
  const known = touched.size;
  for (const name of names) touched.add(name);
  if (touched.size > known) showReport();
}

function changed() {
  remember();
  check();
}

function say(words, kind) {
  byId("verdict").textContent = words;
  byId("verdict").className = kind;
}

function showSnippet() {
  byId("snippet").textContent = snippets[shownForm] ?? "";
  byId("snippet").setAttribute("aria-labelledby", `tab-${shownForm}`);
}

function drawTabs() {
  const list = document.querySelector("[role=tablist]");
  const tabs = Object.entries(FORMS).map(([name, label]) => el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "snippet", onclick: () => pick(name) }, label));
  const pick = (name) => {
    shownForm = name;
    for (const tab of tabs) {
      const on = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    showSnippet();
  };
  list.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const names = Object.keys(FORMS);
    const next = names[(names.indexOf(shownForm) + by + names.length) % names.length];
    pick(next);
    byId(`tab-${next}`).focus();
  });
  list.append(...tabs);
  pick("python");
}

async function copy() {
  const button = byId("copy");
  try {
    await navigator.clipboard.writeText(byId("snippet").textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it and copy";
    getSelection().selectAllChildren(byId("snippet"));
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

const newKey = () => `playground-${[...crypto.getRandomValues(new Uint8Array(12))].map((one) => one.toString(16).padStart(2, "0")).join("")}`;

async function run() {
  const button = byId("run");
  button.disabled = true;
  touch(Object.keys(chosen.schema.properties ?? {}));
  const payload = form.get();
  const text = JSON.stringify([chosen.model_id, payload]);
  const key = lost?.text === text ? lost.key : newKey();
  try {
    const consent = state.live && byId("confirm").checked ? (price ?? 0) : null;
    await post("/api/runs", { model_id: chosen.model_id, payload, key, confirmed_usd: consent });
    lost = null;
    say("The run has started.", "valid");
    started = true;
    byId("confirm").checked = false;
    await refresh();
  } catch (error) {
    lost = error.lost ? { key, text } : null;
    say(error.message, "errors");
  } finally {
    button.disabled = false;
    button.focus({ preventScroll: true });
  }
}

async function showWhere() {
  state = await get("/api/state");
  const budget = state.budget === null ? "each run is confirmed" : `$${state.spent.toFixed(2)} of $${state.budget} spent`;
  byId("where").textContent = state.live ? `Live: runs go to RunComfy and are billed; ${budget}.` : "Runs go to a local mock and cost nothing.";
  document.body.classList.toggle("live", state.live);
}

async function start() {
  drawTabs();
  byId("search").addEventListener("input", listModels);
  byId("run").addEventListener("click", run);
  byId("copy").addEventListener("click", copy);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("form").addEventListener("focusout", (event) => {
    const field = event.target.closest("#form > .fields > .field");
    if (field && !field.contains(event.relatedTarget)) touch([field.dataset.name]);
  });
  // A file that is dropped beside an input must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  await showWhere();
  models = (await get("/api/models")).map((one) => ({ ...one, lower: one.id.toLowerCase() }));
  listModels();
  startRuns((id, inputs) => choose(id, inputs), () => { if (started) showReport(); if (state.live) showWhere(); });
  let wanted = "";
  try { wanted = decodeURIComponent(location.hash.slice(1)); } catch { /* a hash that somebody typed */ }
  if (models.some((one) => one.id === wanted)) await choose(wanted, undefined, { focus: false });
}

start().catch((error) => { byId("where").textContent = error.message; });
