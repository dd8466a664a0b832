// Inputs that are made of others: lists, objects, and the form itself. Each control gives { node, get, set, focus }.
"use strict";

import { leaf } from "./controls.js";
import { el, freshId } from "./dom.js";
import { controlFor, demo, limits, settled, typeOf } from "./schema.js";

const same = (one, other) => one.join("\0") === other.join("\0");

// context: { root, changed, media: [{path, kind, rules}] }
function control(name, schema, path, context) {
  const media = context.media.find((one) => same(one.path, path));
  const kind = controlFor(schema, media);
  if (kind === "array") return array(name, schema, path, context);
  if (kind === "object") return object(name, schema, path, context);
  return { kind, ...leaf(kind, name, schema, context, media) };
}

// What stands for an item that was added and is not filled in yet.
function blank(schema) {
  const type = typeOf(schema);
  if (type === "object") return {};
  if (type === "array") return [];
  return type === "string" ? "" : null;
}

function array(name, schema, path, context) {
  const { changed, root } = context;
  const itemSchema = settled(schema.items ?? {}, root);
  const list = el("ol", { class: "items" });
  const add = el("button", { type: "button" }, "Add an item");
  const node = el("div", { role: "group" }, list, add);
  let items = [];

  const draw = () => {
    list.replaceChildren(...items.map((item, index) => item.row(index)));
    add.disabled = schema.maxItems !== undefined && items.length >= schema.maxItems;
  };
  const move = (item, by) => {
    const at = items.indexOf(item);
    const to = at + by;
    if (to < 0 || to >= items.length) return;
    items.splice(at, 1);
    items.splice(to, 0, item);
    draw();
    changed();
    item.buttons[by < 0 ? 0 : 1].focus();
  };
  const remove = (item) => {
    items = items.filter((one) => one !== item);
    draw();
    changed();
    add.focus();
  };
  const make = (value) => {
    const inner = control(name, itemSchema, path, context);
    if (value !== undefined) inner.set(value);
    const item = { inner };
    item.buttons = [
      el("button", { type: "button", onclick: () => move(item, -1) }, "↑"),
      el("button", { type: "button", onclick: () => move(item, 1) }, "↓"),
      el("button", { type: "button", onclick: () => remove(item) }, "×"),
    ];
    item.problems = el("ul", { class: "problems", "aria-live": "polite" });
    const row = el("li", {}, el("div", { class: "item" }, inner.node, el("span", { class: "moves" }, item.buttons)), item.problems);
    item.row = (index) => {
      const label = `${name}, item ${index + 1}`;
      (inner.target ?? inner.node).setAttribute("aria-label", label);
      ["Move up", "Move down", "Remove"].forEach((word, place) => item.buttons[place].setAttribute("aria-label", `${word}: ${label}`));
      return row;
    };
    return item;
  };
  const append = () => {
    const item = make();
    items.push(item);
    draw();
    changed();
    return item;
  };
  add.addEventListener("click", () => append().inner.focus());
  // Files that are dropped beside the items become items.
  node.addEventListener("drop", (event) => {
    const files = [...event.dataTransfer.files];
    if (!files.length || controlFor(itemSchema, context.media.find((one) => same(one.path, path))) !== "media") return;
    event.preventDefault();
    event.stopPropagation();
    for (const file of files) if (!add.disabled) append().inner.take(file);
  });
  return {
    node, group: true, kind: "array",
    get: () => (items.length ? items.map((item) => item.inner.get() ?? blank(itemSchema)) : undefined),
    set: (value) => { items = Array.isArray(value) ? value.map(make) : []; draw(); },
    focus: () => add.focus(),
    parts: (token) => { const item = items[Number(token)]; return item ? { problems: item.problems, inner: item.inner } : null; },
  };
}

function object(name, schema, path, context) {
  const made = fields(schema, path, context);
  return {
    node: el("div", { class: "nested", role: "group" }, made.node), group: true, kind: "object",
    get: () => { const value = made.get(); return Object.keys(value).length ? value : undefined; },
    set: (value) => made.set(value ?? {}),
    focus: made.focus,
    parts: made.parts,
  };
}

// What is said of an input: its meaning, its limits, its demo value where no placeholder shows it, the rules for its files.
function help(id, name, kind, schema, media) {
  const plain = (value) => value.trim().toLowerCase().replaceAll(" ", "_");
  const said = (value) => typeof value === "string" && value.trim() && plain(value) !== plain(name);
  const lines = [said(schema.description) ? schema.description : said(schema.title) ? schema.title : "", limits(schema)];
  if (!["text", "number", "json"].includes(kind) && demo(schema.default)) lines.push(`Demo value: ${demo(schema.default)}`);
  const rules = [...new Set(media.flatMap((one) => one.rules.map((rule) => rule.wording || `${rule.name} ${rule.limit}`)))];
  return el("div", { id, class: "help" }, lines.filter(Boolean).map((line) => el("p", {}, line)), rules.length ? el("ul", {}, rules.map((rule) => el("li", {}, rule))) : null);
}

// The inputs of an object schema, each with its label, what is said of it, and room for what is wrong with it.
export function fields(schema, path, context) {
  const node = el("div", { class: "fields" });
  const inputs = new Map();
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  for (const [name, declared] of Object.entries(schema.properties ?? {})) {
    const inner = settled(declared, context.root);
    const place = [...path, name];
    const made = control(name, inner, place, context);
    const id = freshId("field");
    const label = el(made.group ? "p" : "label", { id: `${id}-label`, class: "label" }, name, required.has(name) ? el("span", { class: "required" }, " required") : null);
    const about = help(`${id}-help`, name, made.kind, inner, context.media.filter((one) => same(one.path, place)));
    const problems = el("ul", { id: `${id}-problems`, class: "problems", "aria-live": "polite" });
    const described = `${id}-help ${id}-problems`;
    if (made.target) {
      label.setAttribute("for", made.target.id);
      made.target.setAttribute("aria-describedby", described);
      if (required.has(name)) made.target.setAttribute("aria-required", "true");
    } else {
      made.node.setAttribute("aria-labelledby", `${id}-label`);
      made.node.setAttribute("aria-describedby", described);
    }
    node.append(el("div", { class: "field", "data-name": name }, label, made.node, about, problems));
    inputs.set(name, { made, problems });
  }
  return {
    node,
    get: () => Object.fromEntries([...inputs].map(([name, one]) => [name, one.made.get()]).filter(([, value]) => value !== undefined)),
    set: (value) => { for (const [name, one] of inputs) one.made.set(Object.hasOwn(value, name) ? value[name] : undefined); },
    focus: () => inputs.values().next().value?.made.focus(),
    parts: (token) => { const one = inputs.get(token); return one ? { problems: one.problems, inner: one.made } : null; },
  };
}
