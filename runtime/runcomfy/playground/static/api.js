// Calls to the playground's server. Errors are sentences for people.
"use strict";

export class CallFailed extends Error {}

const HEADERS = { "X-Playground": "1" };

async function answer(response) {
  let body;
  try {
    body = await response.json();
  } catch {
    throw new CallFailed(`The playground answered with status ${response.status}. Is it still running?`);
  }
  if (!response.ok) throw new CallFailed(body.error || `status ${response.status}`);
  return body;
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...HEADERS, ...options.headers }, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const failed = new CallFailed("The playground is not responding. Restart it: runcomfy-py playground");
    failed.lost = true; // it may have arrived
    throw failed;
  }
  return answer(response);
}

export const get = (path, signal) => call(path, { signal });

export const post = (path, value, signal) =>
  call(path, { method: "POST", body: JSON.stringify(value), headers: { "Content-Type": "application/json" }, signal });

export const upload = (file) =>
  call(`/api/files?name=${encodeURIComponent(file.name || "pasted")}`, { method: "POST", body: file });

export const modelPath = (id) => `/api/models/${id.split("/").map(encodeURIComponent).join("/")}`;
