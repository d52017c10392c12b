// Says what public SCIM libraries make of patches, filters and responses. Reads a JSON object
// from each line: {resource, operations}, {resource, filter, library}, {resource, read} with
// the kind of resource or message that it is, or {describe} with the name of a schema. Answers
// each with a line: {result} or {error}.
import { createInterface } from "node:readline";
import { scimPatch } from "scim-patch";
import { filter, parse } from "scim2-parse-filter";
import SCIMMY from "scimmy";

SCIMMY.Resources.declare(SCIMMY.Resources.User);
SCIMMY.Resources.declare(SCIMMY.Resources.Group);
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);

// read has SCIMMY read a resource or a message.
function read(kind, resource) {
  if (kind === "Error") {
    try {
      new SCIMMY.Messages.ErrorResponse(resource);
    } catch ({ status, scimType, message: detail }) {
      return { schemas: [SCIMMY.Messages.ErrorResponse.id], status, scimType, detail }; // it throws the error that it reads
    }
  }
  return SCIMMY.Schemas[kind] ? new SCIMMY.Schemas[kind](resource, "out") : new SCIMMY.Messages[kind](resource);
}

function answer({ resource, operations, filter: text, library, read: kind, describe }) {
  if (describe) {
    return SCIMMY.Schemas[describe].definition.describe();
  }
  if (kind) {
    return read(kind, resource);
  }
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
