// The page: choosing a model, its form, its check as one types, its code, its run.
"use strict";

import { get, modelPath, post } from "./api.js";
import { fields } from "./controls.js";
import { byId, debounce, el } from "./dom.js";
import { showFindings } from "./findings.js";
import { refresh, startRuns } from "./runs.js";
import { settled } from "./schema.js";

const LISTED = 100;
const FORMS = { python: "Python", command: "Command line", curl: "curl", json: "JSON" };

let models = [];
let chosen = null;
let form = null;
let report = null;
let snippets = {};
let form_shown = "python";
let state = { live: false };
let checking = null;

function listModels() {
  const words = byId("search").value.toLowerCase().split(/[\s/]+/).filter(Boolean);
  const found = models.filter((one) => words.every((word) => one.id.toLowerCase().includes(word)));
  byId("count").textContent = `${found.length.toLocaleString("en")} of ${models.length.toLocaleString("en")} models${found.length > LISTED ? `; the first ${LISTED} are listed` : ""}`;
  byId("models").replaceChildren(...found.slice(0, LISTED).map((one) => el("li", {}, el("button", { type: "button", "aria-current": chosen?.model_id === one.id ? "true" : undefined, onclick: () => choose(one.id) }, one.id))));
}

const remembered = (id) => {
  try { return JSON.parse(sessionStorage.getItem(`inputs ${id}`) ?? "{}"); } catch { return {}; }
};

async function choose(id, inputs) {
  try {
    chosen = await get(modelPath(id));
  } catch (error) {
    byId("title").textContent = error.message;
    return;
  }
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  byId("title").textContent = id;
  const root = chosen.schema;
  const schema = settled(root, root);
  form = fields({ ...schema, required: chosen.required }, [], { root, changed, media: chosen.media });
  const general = el("ul", { id: "general", class: "problems", "aria-live": "polite" });
  byId("form").replaceChildren(form.node, general);
  form.set(inputs ?? remembered(id));
  byId("actions").hidden = byId("code").hidden = false;
  showPrice();
  listModels();
  changed();
}

function showPrice() {
  const { usd, unit, note } = chosen.price;
  const price = usd === null ? "The price is not known." : `$${usd} for each ${unit ?? "output"}.`;
  byId("price").textContent = [state.live ? price : `${price} A run here costs nothing: it goes to the mock.`, note].filter(Boolean).join(" ");
  const asks = state.live && (state.budget === null || usd === null);
  byId("consent").hidden = !asks;
  byId("confirm").checked = false;
  byId("consent").querySelector("span").textContent = usd === null ? "Run it and pay whatever it costs" : `Run it and pay $${usd}`;
}

const check = debounce(async () => {
  checking?.abort();
  checking = new AbortController();
  const { signal } = checking;
  const body = { model_id: chosen.model_id, payload: form.get() };
  try {
    report = await post("/api/check", body, signal);
    showFindings(byId("form"), form, byId("general"), report);
    byId("verdict").textContent = report.summary;
    byId("verdict").className = report.valid ? "valid" : "errors";
    snippets = await post("/api/snippets", body, signal);
    showSnippet();
  } catch (error) {
    if (error.name !== "AbortError") byId("verdict").textContent = error.message;
  }
}, 120);

function changed() {
  sessionStorage.setItem(`inputs ${chosen.model_id}`, JSON.stringify(form.get(), (key, value) => (value?.$file ? undefined : value)));
  check();
}

function showSnippet() {
  byId("snippet").textContent = snippets[form_shown] ?? "";
  byId("snippet").setAttribute("aria-labelledby", `tab-${form_shown}`);
}

function drawTabs() {
  const list = document.querySelector("[role=tablist]");
  const tabs = Object.entries(FORMS).map(([name, label]) => el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "snippet", onclick: () => pick(name) }, label));
  const pick = (name) => {
    form_shown = name;
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
    const next = names[(names.indexOf(form_shown) + by + names.length) % names.length];
    pick(next);
    byId(`tab-${next}`).focus();
  });
  list.append(...tabs);
  pick("python");
}

async function run() {
  const button = byId("run");
  const verdict = byId("verdict");
  button.disabled = true;
  try {
    const consent = state.live && byId("confirm").checked ? (chosen.price.usd ?? 0) : null;
    await post("/api/runs", { model_id: chosen.model_id, payload: form.get(), confirmed_usd: consent });
    verdict.textContent = "The run has started.";
    verdict.className = "valid";
    byId("confirm").checked = false;
    await refresh();
  } catch (error) {
    verdict.textContent = error.message;
    verdict.className = "errors";
  } finally {
    button.disabled = false;
  }
}

async function start() {
  drawTabs();
  byId("search").addEventListener("input", listModels);
  byId("run").addEventListener("click", run);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  // A file that is dropped beside an input must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  state = await get("/api/state");
  byId("where").textContent = state.live ? "Live: runs go to RunComfy and are billed." : "Runs go to a local mock and cost nothing.";
  document.body.classList.toggle("live", state.live);
  models = await get("/api/models");
  listModels();
  startRuns((id, inputs) => choose(id, inputs));
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (models.some((one) => one.id === wanted)) await choose(wanted);
}

start().catch((error) => { byId("where").textContent = error.message; });
