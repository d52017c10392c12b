// Says what public SCIM libraries make of patches and filters. Reads a JSON object from
// each line: {resource, operations} or {resource, filter, library}. Answers each with a line:
// {result} or {error}.
import { createInterface } from "node:readline";
import { scimPatch } from "scim-patch";
import { filter, parse } from "scim2-parse-filter";
import SCIMMY from "scimmy";

function answer({ resource, operations, filter: text, library }) {
  if (operations) {
    return scimPatch(resource, operations, { mutateDocument: false, treatMissingAsAdd: false });
  }
  if (library === "scimmy") {
    return new SCIMMY.Types.Filter(text).match([resource]).length === 1;
  }
  return filter(parse(text))(resource);
}

for await (const line of createInterface({ input: process.stdin })) {
  let out;
  try {
    out = { result: answer(JSON.parse(line)) };
  } catch (error) {
    out = { error: `${error.scimCode ?? error.name}: ${error.message}` };
  }
  console.log(JSON.stringify(out));
}
