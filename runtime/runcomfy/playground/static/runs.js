// The runs: those under way and those that the journal remembers.
"use strict";

import { get, post } from "./api.js";
import { byId, debounce, el } from "./dom.js";

const OVER = new Set(["succeeded", "failed", "cancelled", "expired", "unknown", "not_sent", "invalid", "skipped"]);
const PAGE = 50;
const PAUSE = 500;

let runs = [];
let count = PAGE;
let use = () => {};
let ended = () => {};
let asked = 0;
// Key -> the card of a run, and the text that it was drawn from.
let cards = new Map();

const path = (run) => `/api/runs/${encodeURIComponent(run.key)}`;

function medium(run, file) {
  const source = `${path(run)}/files/${file.number}`;
  const about = typeof run.inputs?.prompt === "string" ? run.inputs.prompt.slice(0, 200) : file.name;
  if (file.kind === "image") {
    const link = el("a", { href: source, target: "_blank", rel: "noopener" });
    // What no browser draws, or none should, is a file with a name.
    link.append(el("img", { src: source, alt: about, loading: "lazy", onerror: () => link.replaceChildren(file.name) }));
    return link;
  }
  if (file.kind === "video") return el("video", { src: source, controls: true, preload: "none", "aria-label": about });
  if (file.kind === "audio") return el("audio", { src: source, controls: true, preload: "none", "aria-label": about });
  return el("a", { href: source, target: "_blank", rel: "noopener" }, file.name);
}

function facts(run) {
  const facts = [];
  if (Number.isInteger(run.position)) facts.push(`position ${run.position} in the queue`);
  if (typeof run.cost === "number") facts.push(`$${run.cost.toFixed(4).replace(/0{1,2}$/, "")}`);
  if (typeof run.seconds === "number") facts.push(`${run.seconds.toFixed(1)} s`);
  if (run.created) facts.push(new Date(run.created).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
  return facts.join(" · ");
}

async function cancel(run, said) {
  try {
    const outcome = await post(`${path(run)}/cancel`, {});
    said.textContent = outcome.cancelled ? "It was still in the queue and is cancelled." : `The service says "${outcome.outcome}", so it may go on and be billed.`;
  } catch (error) {
    said.textContent = error.message;
  }
  await look(run.key);
}

function card(run) {
  const over = OVER.has(run.state);
  const given = Object.keys(run.inputs ?? {}).length > 0;
  const said = el("p", { class: run.state === "failed" ? "errors" : "soft", role: "status" }, run.error || "");
  const actions = el("p", { class: "row" });
  if (given) actions.append(el("button", { type: "button", onclick: () => use(run.model_id, run.inputs) }, "Use these inputs again"));
  if (!over) actions.append(el("button", { type: "button", onclick: () => cancel(run, said) }, "Cancel"));
  const prompt = typeof run.inputs?.prompt === "string" ? el("p", { class: "prompt" }, run.inputs.prompt) : null;
  const inputs = given ? el("details", {}, el("summary", {}, "All inputs"), el("pre", { tabindex: "0" }, JSON.stringify(run.inputs, null, 2))) : null;
  return el("li", { class: "run", "data-key": run.key },
    el("div", { class: "media" }, (run.files ?? []).map((file) => medium(run, file))),
    el("p", {}, el("span", { class: `state ${run.state}` }, run.state.replaceAll("_", " ")), " ", el("span", { class: "soft" }, facts(run))),
    over ? null : el("progress", { "aria-label": `The run is ${run.state}` }),
    el("p", { class: "soft" }, run.model_id), prompt, inputs, said, actions);
}

function draw() {
  const list = byId("runs");
  const kept = new Map();
  const nodes = runs.map((run) => {
    const text = JSON.stringify(run);
    const known = cards.get(run.key);
    const one = known?.text === text ? known : { text, node: card(run) };
    kept.set(run.key, one);
    return one.node;
  });
  cards = kept;
  // Only what changed is touched: a focus, an open list of inputs and a playing video stay.
  nodes.forEach((node, index) => {
    const there = list.children[index];
    if (there !== node) list.insertBefore(node, there ?? null);
  });
  while (list.children.length > nodes.length) list.lastElementChild.remove();
  byId("none").textContent = runs.length ? "" : byId("find").value ? "No run has this text." : "Nothing was run yet.";
}

export async function refresh() {
  const mine = ++asked;
  try {
    const found = await get(`/api/runs?count=${count}&text=${encodeURIComponent(byId("find").value)}`);
    if (mine !== asked) return;
    runs = found.runs;
    byId("more").hidden = !found.more;
    draw();
  } catch (error) {
    byId("none").textContent = error.message;
  }
}

// One run as it is now.
async function look(key) {
  try {
    const run = await get(path({ key }));
    runs = runs.map((one) => (one.key === key ? run : one));
    draw();
    if (OVER.has(run.state)) ended();
  } catch {
    // The next refresh, or the user's next action, shows what is wrong.
  }
}

async function poll() {
  if (!document.hidden) await Promise.all(runs.filter((run) => !OVER.has(run.state)).slice(0, 20).map((run) => look(run.key)));
  setTimeout(poll, PAUSE);
}

// `onUse` takes a model and inputs; `onEnd` is called when a run has ended.
export function startRuns(onUse, onEnd) {
  use = onUse;
  ended = onEnd;
  byId("find").addEventListener("input", debounce(() => { count = PAGE; refresh(); }, 200));
  byId("more").addEventListener("click", async () => {
    const at = runs.length;
    count += PAGE;
    await refresh();
    byId("runs").children[at]?.querySelector("a, button, summary")?.focus();
  });
  refresh().then(poll);
}
