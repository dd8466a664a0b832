// One control for each kind of input. Each gives { node, get, set, focus }: `get` is undefined while nothing is given.
"use strict";

import { upload } from "./api.js";
import { el, freshId } from "./dom.js";
import { choices, controlFor, demo, limits, settled, typeOf } from "./schema.js";

const seedLike = (name) => /(^|_)seed($|_)/i.test(name);

// context: { root, changed, media: [{path, kind, rules}], required }
export function control(name, schema, path, context) {
  const media = context.media.find((one) => one.path.join("\0") === path.join("\0"));
  const kind = controlFor(schema, media);
  const make = { select, buttons, boolean, number, text, media: mediaInput, array, object, json }[kind];
  return make(name, schema, path, context, media);
}

function clearable(node, control, changed) {
  const clear = el("button", { type: "button", class: "clear", onclick: () => { control.set(undefined); changed(); control.focus(); } }, "not given");
  clear.title = "Do not send this input";
  node.append(clear);
  const show = () => { clear.hidden = control.get() === undefined; };
  return show;
}

function select(name, schema, path, { changed }) {
  const values = choices(schema);
  const node = el("select", { id: freshId("input"), onchange: changed }, el("option", { value: "" }, "not given"), values.map((value, index) => el("option", { value: String(index) }, demo(value))));
  return {
    node, target: node,
    get: () => (node.value === "" ? undefined : values[Number(node.value)]),
    set: (value) => { const index = values.indexOf(value); node.value = index < 0 ? "" : String(index); },
    focus: () => node.focus(),
  };
}

function radios(values, labels, changed) {
  const group = freshId("group");
  const node = el("div", { class: "buttons", role: "radiogroup" });
  const inputs = [undefined, ...values].map((value, index) => {
    const input = el("input", { type: "radio", name: group, id: freshId("input"), onchange: changed });
    input.checked = index === 0;
    node.append(el("label", { class: "choice" }, input, el("span", {}, index === 0 ? "not given" : labels[index - 1])));
    return [input, value];
  });
  return {
    node, group: true,
    get: () => inputs.find(([input]) => input.checked)?.[1],
    set: (value) => { const found = inputs.find(([, one]) => one === value) ?? inputs[0]; found[0].checked = true; },
    focus: () => (inputs.find(([input]) => input.checked) ?? inputs[0])[0].focus(),
  };
}

const buttons = (name, schema, path, { changed }) => radios(choices(schema), choices(schema).map(demo), changed);
const boolean = (name, schema, path, { changed }) => radios([true, false], ["true", "false"], changed);

function number(name, schema, path, { changed }) {
  const whole = typeOf(schema) === "integer";
  const step = schema.multipleOf ?? (whole ? 1 : "any");
  const field = el("input", { type: "number", id: freshId("input"), step: String(step), placeholder: demo(schema.default), inputmode: whole ? "numeric" : "decimal" });
  const node = el("div", { class: "row" }, field);
  const { minimum, maximum } = schema;
  let slider = null;
  if (minimum !== undefined && maximum !== undefined && maximum - minimum <= 100_000) {
    const fine = step === "any" ? (maximum - minimum) / 100 : step;
    slider = el("input", { type: "range", min: String(minimum), max: String(maximum), step: String(fine), "aria-label": `${name}, slider` });
    slider.value = String(typeof schema.default === "number" ? schema.default : minimum);
    slider.addEventListener("input", () => { field.value = slider.value; changed(); });
    node.prepend(slider);
  }
  if (seedLike(name)) {
    const roll = () => {
      const low = minimum ?? 0;
      const high = Math.min(maximum ?? 2 ** 31 - 1, 2 ** 32 - 1);
      field.value = String(low + Math.floor(Math.random() * (high - low + 1)));
      changed();
    };
    node.append(el("button", { type: "button", class: "die", onclick: roll, title: "A random seed" }, "Roll"));
  }
  field.addEventListener("input", () => { if (slider && field.value !== "") slider.value = field.value; changed(); });
  const read = () => {
    if (field.value === "") return field.validity.badInput ? field.value || "not a number" : undefined;
    return Number(field.value);
  };
  const made = {
    node, target: field, get: read,
    set: (value) => { field.value = value === undefined ? "" : String(value); if (slider && value !== undefined) slider.value = String(value); },
    focus: () => field.focus(),
  };
  return made;
}

function text(name, schema, path, { changed }) {
  const long = !(schema.maxLength <= 80) && !/(_id|name|code)$/.test(name);
  const field = long
    ? el("textarea", { id: freshId("input"), rows: "2", placeholder: demo(schema.default) })
    : el("input", { type: "text", id: freshId("input"), placeholder: demo(schema.default) });
  let given = false;
  const node = el("div", {}, field);
  const grow = () => { if (long) { field.style.height = "auto"; field.style.height = `${Math.min(field.scrollHeight + 2, 400)}px`; } };
  const made = {
    node, target: field,
    get: () => (given ? field.value : undefined),
    set: (value) => { given = value !== undefined; field.value = given ? String(value) : ""; grow(); show(); },
    focus: () => field.focus(),
  };
  // An empty text is a value of its own: it is given until it is cleared.
  field.addEventListener("input", () => { given = true; grow(); show(); changed(); });
  const show = clearable(node, made, changed);
  show();
  return made;
}

function json(name, schema, path, { changed }) {
  const field = el("textarea", { id: freshId("input"), rows: "3", spellcheck: "false", class: "code", placeholder: demo(schema.default) || "JSON" });
  field.addEventListener("input", changed);
  return {
    node: field, target: field,
    get: () => {
      if (!field.value.trim()) return undefined;
      try { return JSON.parse(field.value); } catch { return field.value; }
    },
    set: (value) => { field.value = value === undefined ? "" : JSON.stringify(value, null, 2); },
    focus: () => field.focus(),
  };
}

const sizeText = (bytes) => (bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} KB`);

function facts(stored) {
  const { format, size, width, height, duration } = stored.info;
  return [stored.name, format, size && sizeText(size), width && height && `${width} × ${height} pixels`, duration && `${duration.toFixed(1)} s`].filter(Boolean).join(", ");
}

function mediaInput(name, schema, path, { changed }, media) {
  const kind = media?.kind ?? (/(image|video|audio)/.exec(schema.format ?? "")?.[1] ?? "file");
  const accept = kind === "file" ? undefined : `${kind}/*`;
  let stored = null;
  const field = el("input", { type: "text", id: freshId("input"), placeholder: "https://… or drop, paste or choose a file", spellcheck: "false" });
  const picker = el("input", { type: "file", class: "hidden", accept, tabindex: "-1", "aria-hidden": "true" });
  const choose = el("button", { type: "button", onclick: () => picker.click() }, "Choose a file");
  const shown = el("div", { class: "preview" });
  const said = el("p", { class: "soft", role: "status" });
  const node = el("div", { class: "drop" }, el("div", { class: "row" }, field, choose, picker), shown, said);

  const preview = () => {
    shown.replaceChildren();
    said.textContent = stored ? facts(stored) : "";
    field.value = stored ? "" : field.value;
    field.disabled = stored !== null;
    if (!stored) return;
    const source = `/api/files/${encodeURIComponent(stored.id)}`;
    if (stored.info.kind === "image") shown.append(el("img", { src: source, alt: `${stored.name}, preview` }));
    else if (stored.info.kind === "video") shown.append(el("video", { src: source, controls: true, preload: "metadata" }));
    else if (stored.info.kind === "audio") shown.append(el("audio", { src: source, controls: true }));
    shown.append(el("button", { type: "button", class: "clear", onclick: () => { stored = null; preview(); changed(); field.focus(); } }, "Remove the file"));
  };
  const take = async (file) => {
    if (!file) return;
    said.textContent = `Reading ${file.name || "the file"}…`;
    try {
      stored = await upload(file);
      preview();
    } catch (error) {
      said.textContent = error.message;
    }
    changed();
  };
  picker.addEventListener("change", () => { take(picker.files[0]); picker.value = ""; });
  field.addEventListener("input", changed);
  field.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files?.[0];
    if (file) { event.preventDefault(); take(file); }
  });
  node.addEventListener("dragover", (event) => { event.preventDefault(); node.classList.add("over"); });
  node.addEventListener("dragleave", () => node.classList.remove("over"));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    node.classList.remove("over");
    const file = event.dataTransfer.files[0];
    if (file) take(file);
    else { field.value = event.dataTransfer.getData("text/uri-list") || event.dataTransfer.getData("text"); changed(); }
  });
  return {
    node, target: field,
    get: () => (stored ? { $file: stored.id } : field.value === "" ? undefined : field.value),
    set: (value) => { stored = null; field.value = typeof value === "string" ? value : ""; preview(); },
    focus: () => (stored ? shown.querySelector("button").focus() : field.focus()),
  };
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
  const make = (value) => {
    const inner = control(name, itemSchema, path, context);
    if (value !== undefined) inner.set(value);
    const item = { inner, buttons: [] };
    item.buttons = [
      el("button", { type: "button", onclick: () => move(item, -1) }, "↑"),
      el("button", { type: "button", onclick: () => move(item, 1) }, "↓"),
      el("button", { type: "button", onclick: () => { items = items.filter((one) => one !== item); draw(); changed(); add.focus(); } }, "×"),
    ];
    const problems = el("ul", { class: "problems", "aria-live": "polite" });
    item.problems = problems;
    const row = el("li", {}, el("div", { class: "item" }, inner.node, el("span", { class: "moves" }, item.buttons)), problems);
    item.row = (index) => {
      const label = `${name}, item ${index + 1}`;
      (inner.target ?? inner.node).setAttribute("aria-label", label);
      ["Move up", "Move down", "Remove"].forEach((word, place) => item.buttons[place].setAttribute("aria-label", `${word}: ${label}`));
      return row;
    };
    return item;
  };
  add.addEventListener("click", () => {
    const item = make();
    items.push(item);
    draw();
    changed();
    item.inner.focus();
  });
  return {
    node, group: true,
    get: () => (items.length ? items.map((item) => item.inner.get() ?? "") : undefined),
    set: (value) => { items = Array.isArray(value) ? value.map(make) : []; draw(); },
    focus: () => add.focus(),
    parts: (token) => { const item = items[Number(token)]; return item ? { problems: item.problems, inner: item.inner } : null; },
  };
}

function object(name, schema, path, context) {
  const made = fields(schema, path, context);
  return {
    node: el("div", { class: "nested", role: "group" }, made.node), group: true,
    get: () => { const value = made.get(); return Object.keys(value).length ? value : undefined; },
    set: (value) => made.set(value ?? {}),
    focus: made.focus,
    parts: made.parts,
  };
}

// The inputs of an object schema, each with its label, what is said of it, and room for what is wrong with it.
export function fields(schema, path, context) {
  const node = el("div", { class: "fields" });
  const inputs = new Map();
  const required = new Set(schema.required ?? []);
  const names = Object.keys(schema.properties ?? {});
  for (const name of names) {
    const inner = settled(schema.properties[name], context.root);
    const place = [...path, name];
    const made = control(name, inner, place, context);
    const id = freshId("field");
    const label = el(made.group ? "p" : "label", { id: `${id}-label`, class: "label" }, name, required.has(name) ? el("span", { class: "required" }, " required") : null);
    if (made.target) label.setAttribute("for", made.target.id);
    const text = typeof inner.description === "string" && inner.description.trim() ? inner.description : typeof inner.title === "string" ? inner.title : "";
    const about = [text, limits(inner)].filter(Boolean);
    const rules = context.media.filter((one) => one.path.join("\0") === place.join("\0")).flatMap((one) => one.rules.map((rule) => rule.wording || `${rule.name} ${rule.limit}`));
    const help = el("div", { id: `${id}-help`, class: "help" }, about.map((line) => el("p", {}, line)), rules.length ? el("ul", {}, [...new Set(rules)].map((rule) => el("li", {}, rule))) : null);
    const problems = el("ul", { id: `${id}-problems`, class: "problems", "aria-live": "polite" });
    const described = `${id}-help ${id}-problems`;
    if (made.target) {
      made.target.setAttribute("aria-describedby", described);
      if (required.has(name)) made.target.setAttribute("aria-required", "true");
    } else {
      const group = made.node.getAttribute("role") ? made.node : made.node.firstElementChild;
      group?.setAttribute("aria-labelledby", `${id}-label`);
      group?.setAttribute("aria-describedby", described);
    }
    node.append(el("div", { class: "field", "data-name": name }, label, made.node, help, problems));
    inputs.set(name, { made, problems });
  }
  return {
    node,
    get: () => Object.fromEntries([...inputs].map(([name, one]) => [name, one.made.get()]).filter(([, value]) => value !== undefined)),
    set: (value) => { for (const [name, one] of inputs) one.made.set(value[name]); },
    focus: () => inputs.values().next().value?.made.focus(),
    parts: (token) => { const one = inputs.get(token); return one ? { problems: one.problems, inner: one.made } : null; },
  };
}
