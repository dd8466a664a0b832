// Reading an input schema for the form: which control fits, and what is said beside it.
"use strict";

const DEPTH = 12;

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function follow(schema, root) {
  let found = schema;
  for (let steps = 0; isObject(found) && typeof found.$ref === "string" && steps < DEPTH; steps += 1) {
    if (!found.$ref.startsWith("#/")) return {};
    let target = root;
    for (const token of found.$ref.slice(2).split("/")) {
      target = target?.[decodeURIComponent(token).replace(/~1/g, "/").replace(/~0/g, "~")];
    }
    const { $ref, ...beside } = found;
    found = { ...(isObject(target) ? target : {}), ...beside };
  }
  return isObject(found) ? found : {};
}

// The schema without references, single `allOf` and the null of an optional value.
export function settled(schema, root, depth = 0) {
  let found = follow(schema, root);
  if (depth > DEPTH) return found;
  if (Array.isArray(found.allOf) && found.allOf.length === 1) {
    const { allOf, ...beside } = found;
    found = { ...settled(allOf[0], root, depth + 1), ...beside };
  }
  for (const word of ["anyOf", "oneOf"]) {
    if (!Array.isArray(found[word])) continue;
    const options = found[word].map((one) => settled(one, root, depth + 1));
    const some = options.filter((one) => one.type !== "null");
    if (some.length === 1) {
      const { [word]: _, ...beside } = found;
      found = { ...some[0], ...beside, nullable: some.length < options.length };
    }
  }
  return found;
}

export function typeOf(schema) {
  const types = [schema.type].flat().map((one) => String(one ?? "").toLowerCase());
  const type = types.find((one) => one && one !== "null") ?? "";
  return type === "float" ? "number" : type;
}

const MEDIA = /(image|video|audio)_uri/;

export function controlFor(schema, media) {
  if (Array.isArray(schema.enum) && schema.enum.length) return schema.enum.length > 6 ? "select" : "buttons";
  if (schema.const !== undefined) return "buttons";
  const type = typeOf(schema);
  if (type === "boolean") return "boolean";
  if (type === "integer" || type === "number") return "number";
  if (type === "string") return media || MEDIA.test(schema.format ?? "") ? "media" : "text";
  if (type === "array" && isObject(schema.items ?? {})) return "array";
  if (type === "object" && isObject(schema.properties)) return "object";
  if (!type && isObject(schema.properties)) return "object";
  return "json";
}

export const choices = (schema) => (schema.const !== undefined ? [schema.const] : schema.enum);

// The limits in words, as they stand in the schema.
export function limits(schema) {
  const found = [];
  const between = (low, high, unit) => {
    if (low !== undefined && high !== undefined) found.push(`${low} to ${high}${unit}`);
    else if (low !== undefined) found.push(`at least ${low}${unit}`);
    else if (high !== undefined) found.push(`at most ${high}${unit}`);
  };
  between(schema.minimum, schema.maximum, "");
  if (schema.exclusiveMinimum !== undefined) found.push(`above ${schema.exclusiveMinimum}`);
  if (schema.exclusiveMaximum !== undefined) found.push(`below ${schema.exclusiveMaximum}`);
  if (schema.multipleOf !== undefined) found.push(`a multiple of ${schema.multipleOf}`);
  between(schema.minLength, schema.maxLength, " characters");
  between(schema.minItems, schema.maxItems, " items");
  if (schema.pattern !== undefined) found.push(`pattern ${schema.pattern}`);
  return found.join(", ");
}

export function demo(value) {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
