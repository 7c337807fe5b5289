/** The configuration of a JavaScript program, checked and typed by a schema. */
import { evaluate, evaluateFile, NixSchemaError } from "nivis";
import { z } from "zod";

const Config = z.object({ port: z.number().int().max(65535), hosts: z.array(z.string()) });

const config = evaluateFile(new URL("./data/app.nix", import.meta.url), { schema: Config });
const port: number = config.port;
console.log(port, config.hosts); // 8080 [ 'www.example.org', 'api.example.org' ]

try {
  evaluate("{\n  port = 8080;\n  hosts = [ 1 ];\n}", { schema: Config });
} catch (error) {
  if (!(error instanceof NixSchemaError)) throw error;
  for (const { path, position } of error.issues) console.log(path, position?.line); // [ 'hosts', 0 ] 3
}
