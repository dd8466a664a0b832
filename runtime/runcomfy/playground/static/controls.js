// One control for each kind of input that has no others in it: { node, get, set, focus }. `get` is undefined while nothing is given.
"use strict";

import { upload } from "./api.js";
import { el, freshId } from "./dom.js";
import { choices, demo, typeOf } from "./schema.js";

const seedLike = (name) => /(^|_)seed($|_)/i.test(name);

const NOT_GIVEN = "not given";

export function leaf(kind, name, schema, context, media) {
  return { select, buttons, boolean, number, text, media: mediaInput, json }[kind](name, schema, context, media);
}

function clearable(name, node, control, changed) {
  const clear = el("button", { type: "button", class: "clear", onclick: () => { control.set(undefined); changed(); control.focus(); } }, "Do not send");
  clear.setAttribute("aria-label", `Do not send ${name}`);
  node.append(clear);
  const show = () => { clear.hidden = control.get() === undefined; };
  return show;
}

function select(name, schema, { changed }) {
  const values = choices(schema);
  const node = el("select", { id: freshId("input"), onchange: changed }, el("option", { value: "" }, NOT_GIVEN), values.map((value, index) => el("option", { value: String(index) }, demo(value))));
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
    node.append(el("label", { class: index === 0 ? "choice none" : "choice" }, input, el("span", {}, index === 0 ? NOT_GIVEN : labels[index - 1])));
    return [input, value];
  });
  return {
    node, group: true,
    get: () => inputs.find(([input]) => input.checked)?.[1],
    set: (value) => { const found = inputs.find(([, one]) => one === value) ?? inputs[0]; found[0].checked = true; },
    focus: () => (inputs.find(([input]) => input.checked) ?? inputs[0])[0].focus(),
  };
}

const buttons = (name, schema, { changed }) => radios(choices(schema), choices(schema).map(demo), changed);
const boolean = (name, schema, { changed }) => radios([true, false], ["true", "false"], changed);

function number(name, schema, { changed }) {
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
    node.append(el("button", { type: "button", class: "die", onclick: roll, "aria-label": `Random ${name}` }, "🎲"));
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

function text(name, schema, { changed }) {
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
  const show = clearable(name, node, made, changed);
  show();
  return made;
}

function json(name, schema, { changed }) {
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

function mediaInput(name, schema, { changed }, media) {
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
    take,
    set: (value) => { stored = null; field.value = typeof value === "string" ? value : ""; preview(); },
    focus: () => (stored ? shown.querySelector("button").focus() : field.focus()),
  };
}
