// The runs: those under way and those that the journal remembers.
"use strict";

import { get, post } from "./api.js";
import { byId, debounce, el } from "./dom.js";

const OVER = new Set(["succeeded", "failed", "cancelled", "expired", "unknown", "not_sent", "invalid", "skipped"]);
const PAGE = 50;

let runs = [];
let shown = PAGE;
let useInputs = () => {};
const rows = new Map();

function medium(run, file) {
  const source = `/api/runs/${encodeURIComponent(run.key)}/files/${file.number}`;
  if (file.kind === "image") return el("a", { href: source, target: "_blank", rel: "noopener" }, el("img", { src: source, alt: run.inputs?.prompt?.slice(0, 200) || file.name, loading: "lazy" }));
  if (file.kind === "video") return el("video", { src: source, controls: true, preload: "none", "aria-label": file.name });
  if (file.kind === "audio") return el("audio", { src: source, controls: true, preload: "none", "aria-label": file.name });
  return el("a", { href: source, target: "_blank", rel: "noopener" }, file.name);
}

function facts(run) {
  const told = [run.state];
  if (Number.isInteger(run.position)) told.push(`position ${run.position} in the queue`);
  if (typeof run.cost === "number") told.push(`$${run.cost.toFixed(4)}`);
  if (typeof run.seconds === "number") told.push(`${run.seconds.toFixed(1)} s`);
  return told.join(" · ");
}

async function cancel(run, node) {
  try {
    const outcome = await post(`/api/runs/${encodeURIComponent(run.key)}/cancel`, {});
    node.textContent = outcome.cancelled ? "It was still in the queue and is cancelled." : `The service says "${outcome.outcome}", so it may go on and be billed.`;
  } catch (error) {
    node.textContent = error.message;
  }
  refresh();
}

function card(run) {
  const said = el("p", { class: "errors", role: "status" }, run.error || "");
  const actions = el("p", { class: "row" });
  if (Object.keys(run.inputs ?? {}).length) actions.append(el("button", { type: "button", onclick: () => useInputs(run.model_id, run.inputs) }, "Use these inputs again"));
  if (!OVER.has(run.state)) actions.append(el("button", { type: "button", onclick: () => cancel(run, said) }, "Cancel"));
  const prompt = typeof run.inputs?.prompt === "string" ? run.inputs.prompt : "";
  return el("li", { class: "run", "data-key": run.key }, el("div", { class: "media" }, (run.files ?? []).map((file) => medium(run, file))), el("p", { class: `state ${run.state}` }, facts(run)), el("p", { class: "soft" }, run.model_id), el("p", { class: "prompt" }, prompt), said, actions);
}

function draw() {
  const list = byId("runs");
  const nodes = runs.slice(0, shown).map((run) => {
    const text = JSON.stringify(run);
    const known = rows.get(run.key);
    if (known?.text === text) return known.node;
    const node = card(run);
    rows.set(run.key, { text, node });
    return node;
  });
  if (runs.length > shown) nodes.push(el("li", {}, el("button", { type: "button", onclick: () => { shown += PAGE; draw(); } }, `Show more of ${runs.length} runs`)));
  if (nodes.length !== list.children.length || nodes.some((node, index) => list.children[index] !== node)) list.replaceChildren(...nodes);
}

export async function refresh() {
  try {
    runs = await get(`/api/runs?text=${encodeURIComponent(byId("find").value)}`);
    draw();
  } catch {
    // The next call that the person makes tells what is wrong.
  }
}

async function poll() {
  if (!document.hidden && runs.some((run) => !OVER.has(run.state))) await refresh();
  setTimeout(poll, 500);
}

export function startRuns(use) {
  useInputs = use;
  byId("find").addEventListener("input", debounce(() => { shown = PAGE; refresh(); }, 200));
  refresh().then(poll);
}
