// Write the types of all endpoints of @fal-ai/client as one JSON Schema document to standard output.
import { readFileSync, writeFileSync } from "node:fs";
import { createGenerator } from "ts-json-schema-generator";

// A browser's Blob and File have no JSON: what is left of a file is its URL.
const types = readFileSync("node_modules/@fal-ai/client/src/types/endpoints.d.ts", "utf8");
writeFileSync("endpoints.ts", types.replaceAll(" | Blob | File", ""));
const generator = createGenerator({
  path: "endpoints.ts",
  type: "EndpointTypeMap",
  skipTypeCheck: true,
  additionalProperties: true,
});
process.stdout.write(JSON.stringify(generator.createSchema("EndpointTypeMap")));
